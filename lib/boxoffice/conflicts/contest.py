"""Claiming where holds may be in the way, and the event has rules about who gives way.

The usual claim comes first. Only a request that was refused because of holds costs more than that, and it is
tried once more at most: whoever is faster then has won.
"""

from collections.abc import Sequence
from functools import partial

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.conflicts.cases import park
from boxoffice.conflicts.displacement import displace, finish_displacing
from boxoffice.conflicts.rivals import is_any_paid, read_rivals
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import (
    SHORTAGES,
    ConflictKind,
    ConflictPolicy,
    Decision,
    Right,
    Verdict,
    as_seen,
    decide,
)
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import ClaimState
from boxoffice.inventory.claims import Claimant
from boxoffice.inventory.expiry import free_claims
from boxoffice.inventory.refusals import Refused
from boxoffice.inventory.wants import Place, Want
from boxoffice.ports import MOST_VALUES


async def known_shortage(desk: Desk, right: Right, wants: Sequence[Want]) -> Rejected | None:
    """As `Inventory.known_shortage`, without a refusal about which `claim` may still decide otherwise."""
    shortage = await desk.inventory.known_shortage(wants)
    return None if _is_open(shortage, right) else shortage


async def claim(
    desk: Desk, right: Right, booking: Booking, wants: Sequence[Want], extras: Sequence[Want], until: Claimant
) -> Sequence[Place]:
    """As `Inventory.claim`, for a `booking` before which weaker holds give way.

    Raises `Rejected`: with `possibleAt` in the details when they will later, with `CONFLICT_ERROR` and a
    `caseId` when an administrator decides.
    """
    try:
        return await desk.inventory.claim(wants, extras, until)
    except Refused as refusal:
        if not _is_open(refusal, right):
            raise
    left = await _settle(desk, right, booking, (*extras, *wants))
    if left is not None:
        raise left
    return await desk.inventory.claim(wants, extras, until)


async def _settle(desk: Desk, right: Right, booking: Booking, wants: Sequence[Want]) -> Rejected | None:
    """Have holds give way, if they have to; the refusal when they stay, `None` when nothing is in the way."""
    shortage = await desk.inventory.shortage_now(wants)
    if not isinstance(shortage, Refused) or not _is_open(shortage, right):
        return shortage
    rivals = await read_rivals(desk, booking.user_id, _holders(desk, shortage, wants))
    if rivals.over:
        await finish_displacing(desk, [hold for hold in rivals.over if hold.id in rivals.displaced])
        await free_claims(desk.rows, [hold.id for hold in rivals.over])
        shortage = await desk.inventory.shortage_now(wants)
        if not isinstance(shortage, Refused) or not _is_open(shortage, right):
            return shortage
    claims = desk.inventory.in_the_way(wants, partial(as_seen, right, rivals.contenders))
    if claims is None:
        return shortage
    rules, now = right.rules, desk.rows.server_time()
    decision = decide(rules.policy, right.tier, claims, rivals.contenders, rules.grace, now)
    match decision.verdict:
        case Verdict.PARK:
            in_the_way = list(dict.fromkeys(one.booking_id for one in claims))
            return await park(desk, booking, in_the_way, shortage)
        case Verdict.REFUSE:
            return _refusal(shortage, decision)
        case Verdict.DISPLACE:
            holds = [rivals.open[booking_id] for booking_id in decision.displaced]
    if await is_any_paid(desk, holds) or not await displace(desk, holds, booking.id):
        return shortage
    desk.inventory.freed_by(decision.displaced, wants)
    labels = shortage.details.get("seats", ())
    desk.conflicts.count(booking.event_id, ConflictKind.HOLD_CONFLICT, Resolution.DISPLACED, labels)
    await desk.conflicts.flush()
    return None


def _holders(desk: Desk, shortage: Refused, wants: Sequence[Want]) -> list[str]:
    """The bookings that may give way: those in the way first, then others that hold something like it."""
    others = [one for one in desk.inventory.claims_on(wants) if one.state is ClaimState.RESERVED]
    return list(dict.fromkeys(one.booking_id for one in (*shortage.in_the_way, *others)))[:MOST_VALUES]


def _is_open(refusal: Rejected | None, right: Right) -> bool:
    """Whether the event's rules have a say in it: there are rules, and nothing but holds is in the way."""
    return (
        right.rules.policy is not ConflictPolicy.FIRST_COME
        and isinstance(refusal, Refused)
        and refusal.kind_of_conflict is ConflictKind.HOLD_CONFLICT
        and refusal.code in SHORTAGES
    )


def _refusal(shortage: Refused, decision: Decision) -> Rejected:
    if decision.possible_at is None:
        return shortage
    details = {**shortage.details, "possibleAt": decision.possible_at.isoformat()}
    return Rejected(shortage.code, shortage.message, details)

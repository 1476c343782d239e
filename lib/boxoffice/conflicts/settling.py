"""Having weaker holds give way to a stronger request, or leaving it to an administrator."""

from collections.abc import Sequence
from functools import partial

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.conflicts.cases import find_granted, park
from boxoffice.conflicts.contest import is_open
from boxoffice.conflicts.displacement import displace, finish_displacing
from boxoffice.conflicts.rivals import is_any_paid, read_rivals
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind, ConflictPolicy, Decision, Right, Verdict, as_seen, decide
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import ClaimState
from boxoffice.inventory.expiry import free_claims
from boxoffice.inventory.refusals import Refused
from boxoffice.inventory.wants import Want
from boxoffice.ports import MOST_VALUES


async def settle(desk: Desk, right: Right, booking: Booking, wants: Sequence[Want]) -> Rejected | None:
    """Have holds give way, if they have to; the refusal when they stay, `None` when nothing is in the way."""
    shortage = await desk.inventory.shortage_now(wants)
    if not isinstance(shortage, Refused) or not is_open(shortage, right):
        return shortage
    if right.rules.policy is ConflictPolicy.ADMIN_DECIDES:
        holders = {claim.booking_id for claim in desk.inventory.claims_on(wants)}
        if (granted := await find_granted(desk, booking, holders)) is not None:
            return granted
    rivals = await read_rivals(desk, booking.user_id, _holders(desk, shortage, wants))
    if rivals.over:
        await finish_displacing(desk, [hold for hold in rivals.over if hold.id in rivals.displaced])
        await free_claims(desk.rows, [hold.id for hold in rivals.over])
        shortage = await desk.inventory.shortage_now(wants)
        if not isinstance(shortage, Refused) or not is_open(shortage, right):
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


def _refusal(shortage: Refused, decision: Decision) -> Rejected:
    if decision.possible_at is None:
        return shortage
    details = {**shortage.details, "possibleAt": decision.possible_at.isoformat()}
    return Rejected(shortage.code, shortage.message, details)

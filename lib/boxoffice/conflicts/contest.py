"""Claiming where holds may be in the way, and the event has rules about who gives way.

The usual claim comes first. Only a request that was refused because of holds costs more than that, and it is
tried once more at most: whoever is faster then has won.
"""

from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain.conflicts import SHORTAGES, ConflictKind, ConflictPolicy, Right
from boxoffice.domain.errors import Rejected
from boxoffice.inventory.claims import Claimant
from boxoffice.inventory.refusals import Refused
from boxoffice.inventory.wants import Place, Want


async def known_shortage(desk: Desk, right: Right, wants: Sequence[Want]) -> Rejected | None:
    """As `Inventory.known_shortage`, without a refusal about which `claim` may still decide otherwise."""
    shortage = await desk.inventory.known_shortage(wants)
    return None if is_open(shortage, right) else shortage


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
        if not is_open(refusal, right):
            raise
    # Loaded by the first request that needs it: a cold function should be there as soon as possible.
    from boxoffice.conflicts.settling import settle

    left = await settle(desk, right, booking, (*extras, *wants))
    if left is not None:
        raise left
    return await desk.inventory.claim(wants, extras, until)


def is_open(refusal: Rejected | None, right: Right) -> bool:
    """Whether the event's rules have a say in it: there are rules, and nothing but holds is in the way."""
    return (
        right.rules.policy is not ConflictPolicy.FIRST_COME
        and isinstance(refusal, Refused)
        and refusal.kind_of_conflict is ConflictKind.HOLD_CONFLICT
        and refusal.code in SHORTAGES
    )

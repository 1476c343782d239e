"""The steps of a move that has been begun: whoever takes them, and however often.

The new seats are claimed first, then the move's outcome is decided, and only then the old seats are left:
nobody is ever without a seat. In between a ticket has two. Whoever cancels it meanwhile, or lets its hold
expire, first writes that down and then frees what it has; so a move that looks for that after it has claimed
either sees it and frees the new seat itself, or has claimed it early enough to be freed with the old one.

A seat that one ticket leaves and another of the same booking gets is never free in between: its claim changes
its ticket, once the one that leaves it has its new seat.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.moves import assigned, fresh, handed_on
from boxoffice.domain.pools import ClaimState, Unit
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.managing import changes
from boxoffice.managing.changes import Change, ChangeState
from boxoffice.managing.showing import claims_of, name_seats, print_seats, tell
from boxoffice.managing.steps import steps_of
from boxoffice.ports import NewRow, Range, Row, RowsTaken, Where
from boxoffice.schema import Table

MOVED = "units.moved"
"""In the log of who did what, with the move as the subject."""

_CANCELLED = "cancelled"
_ENDED = frozenset({BookingStatus.CANCELLED, BookingStatus.EXPIRED, BookingStatus.ROLLED_BACK})

# Longer than any execution can be at work on a hold that it has read.
_PAYING = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Hold:
    """What a booking is to its units: `SOLD`, or `RESERVED` until some time."""

    state: ClaimState
    until: str | None = None


class Claimed(Enum):
    """What the booking has of the new seats."""

    NOTHING = auto()
    BEFORE = auto()
    """All of them, claimed by whoever was at work on the move before."""
    NOW = auto()


async def hold_of(desk: Desk, booking: Row | None) -> Hold | None:
    """What a booking is to its units now; `None` when it has ended. Its outcome decides, its row follows."""
    if booking is None or booking["status"] in _ENDED:
        return None
    outcomes = await desk.rows.find(Table.OUTCOMES, {"$id": booking["$id"]}, limit=1)
    if not outcomes:
        return Hold(ClaimState.RESERVED, booking["heldUntil"] or booking["leaseUntil"])
    return Hold(ClaimState.SOLD) if outcomes[0]["outcome"] == Outcome.CONFIRMED else None


async def carry_out(desk: Desk, change: Change) -> None:
    """Take the steps of a move that is not decided yet.

    Raises `RowsTaken` when somebody else has a seat, or the booking has ended: then the old seats are kept.
    """
    hold = await hold_of(desk, await _booking(desk, change))
    claimed = Claimed.NOTHING if hold is None else await _claim(desk, change, hold)
    wanted = Outcome.ROLLED_BACK if claimed is Claimed.NOTHING else Outcome.CONFIRMED
    decided = await changes.decide(desk, change, wanted)
    await _end(desk, change, decided, claimed)
    if decided is not Outcome.CONFIRMED:
        raise RowsTaken


async def _end(desk: Desk, change: Change, decided: Outcome, claimed: Claimed) -> None:
    """Do what was decided, unless somebody has done all of it."""
    (current,) = await changes.find_changes(desk, [change.id])
    if current.state is not ChangeState.BEGUN:
        # A later move may have brought the booking back. What was free after this one has been left again
        # since, or its tickets were cancelled.
        if claimed is Claimed.NOW:
            await _free_new(desk, change)
    elif decided is Outcome.CONFIRMED:
        await _leave(desk, change)
    else:
        await _stay(desk, change)


async def _leave(desk: Desk, change: Change) -> None:
    """Leave the old seats. Only after the outcome says so; from here on there is no way back."""
    booking = await _booking(desk, change)
    hold = await hold_of(desk, booking)
    steps = steps_of(change)
    for step in handed_on(steps):
        await _hand_on(desk, change, step.new, step.number)
    gone = await _cancelled(desk, change) if hold else {step.number for step in steps}
    own = {Unit.of_claim(claim["$id"]): claim for claim in await claims_of(desk, _booking_id(change))}
    kept = assigned(steps, gone, own)
    await _follow(desk, change, hold, own, kept)
    went = [step for step in steps if kept.get(step.old) != step.number]
    if booking:
        await name_seats(desk, booking, went)
    given_up = [step.old for step in steps if step.old not in kept]
    if given_up:
        # By the booking too: the seat may be somebody else's already.
        old = [unit.claim_id for unit in given_up]
        await desk.rows.delete_where(Table.CLAIMS, {"$id": old, "bookingId": _booking_id(change)})
        desk.inventory.freed(given_up)
    await print_seats(desk, _booking_id(change), {step.number for step in steps_of(change)})
    if booking and went:
        await tell(desk, change.id, booking, went)
    look_at = None
    if hold is not None and hold.state is ClaimState.RESERVED:
        # Somebody who is just paying for the hold may print the old seats on its tickets.
        look_at = desk.rows.server_time() + _PAYING
    await changes.finish(desk, change, MOVED, look_at)


async def _stay(desk: Desk, change: Change) -> None:
    """Keep the old seats, and free the new ones. Only after the outcome says so.

    Not looked at again: a later move may have brought the booking to one of these seats after all.
    """
    await _free_new(desk, change)
    await changes.refuse(desk, change, look_at=None)


async def resume(desk: Desk, change: Change) -> None:
    """Bring a move to the end that it has come nearest to. Raises as `carry_out` does."""
    if change.state is ChangeState.DONE:
        await print_seats(desk, _booking_id(change), {step.number for step in steps_of(change)})
        await changes.finish(desk, change, MOVED, None)
    if change.state is not ChangeState.BEGUN:
        return
    decided = await changes.outcome_of(desk, change)
    if decided is None:
        await carry_out(desk, change)
    else:
        await _end(desk, change, decided, Claimed.BEFORE)


async def _claim(desk: Desk, change: Change, hold: Hold) -> Claimed:
    """Claim all of the new seats for the booking, or none."""
    rows = [
        NewRow(
            step.new.claim_id,
            {
                "poolId": step.new.pool,
                "unit": step.new.name,
                "eventId": change.event_id,
                "bookingId": _booking_id(change),
                "state": hold.state,
                "reservedUntil": hold.until,
                "ticket": step.number,
                "label": step.new_label,
            },
            public=True,
        )
        for step in fresh(steps_of(change))
    ]
    try:
        await desk.rows.create_all(Table.CLAIMS, rows, owner="bookingId")
    except RowsTaken:
        # They may be its own, from the first time that this was tried.
        own = {"$id": [row.id for row in rows], "bookingId": _booking_id(change)}
        has_all = await desk.rows.count(Table.CLAIMS, own) == len(rows)
        return Claimed.BEFORE if has_all else Claimed.NOTHING
    return Claimed.NOW


async def _free_new(desk: Desk, change: Change) -> None:
    """Free the new seats, as far as the booking has them."""
    new = [step.new.claim_id for step in fresh(steps_of(change))]
    await desk.rows.delete_where(Table.CLAIMS, {"$id": new, "bookingId": _booking_id(change)})


async def _hand_on(desk: Desk, change: Change, unit: Unit, number: int) -> None:
    """Let a unit that the booking has be another ticket's."""
    where = {"$id": unit.claim_id, "bookingId": _booking_id(change)}
    await desk.rows.update_where(Table.CLAIMS, where, {"ticket": number})


async def _cancelled(desk: Desk, change: Change) -> Collection[int]:
    """Those of the move's tickets that were cancelled meanwhile."""
    number_of = {ids.ticket_id(_booking_id(change), step.number): step.number for step in steps_of(change)}
    fates = await desk.rows.find(Table.CHECKINS, {"$id": list(number_of), "kind": _CANCELLED})
    return [number_of[fate["$id"]] for fate in fates]


async def _follow(
    desk: Desk, change: Change, hold: Hold | None, claims: Mapping[Unit, Row], kept: Mapping[Unit, int]
) -> None:
    """Let the new seats share what has become of the booking and its tickets while they were claimed.

    `claims` are the booking's, and `kept` those that the move's tickets keep, with their numbers.
    """
    own = {"bookingId": _booking_id(change)}
    new = [step.new for step in steps_of(change)]
    if gone := [unit.claim_id for unit in new if unit not in kept]:
        await desk.rows.delete_where(Table.CLAIMS, {**own, "$id": gone})
    if hold is None:
        return
    for unit, number in kept.items():
        if unit in claims and claims[unit]["ticket"] != number:
            await _hand_on(desk, change, unit, number)
    reserved: Where = {**own, "$id": [unit.claim_id for unit in new], "state": ClaimState.RESERVED}
    if hold.state is ClaimState.SOLD:
        await desk.rows.update_where(Table.CLAIMS, reserved, {"state": hold.state, "reservedUntil": None})
        return
    # Whoever extends a hold begins with its claims: the old ones may last longer than the row says. The new
    # ones may have been extended too by now, and must not become shorter again.
    ends = [claim["reservedUntil"] for claim in claims.values()]
    until = max(end for end in (hold.until, *ends) if end)
    shorter: Where = {**reserved, "reservedUntil": Range(upto=until)}
    await desk.rows.update_where(Table.CLAIMS, shorter, {"reservedUntil": until})


async def _booking(desk: Desk, change: Change) -> Row | None:
    found = await desk.rows.find(Table.BOOKINGS, {"$id": _booking_id(change)}, limit=1)
    return found[0] if found else None


def _booking_id(change: Change) -> str:
    # A move always has one.
    return change.booking_id or ""

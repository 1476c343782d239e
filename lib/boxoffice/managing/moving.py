"""The steps of a move that has been begun: whoever takes them, and however often.

The new seats are claimed first, then the move's outcome is decided, and only then the old seats are left:
nobody is ever without a seat. In between a ticket has two. Whoever cancels it meanwhile, or lets its hold
expire, first writes that down and then frees what it has; so a move that looks for that after it has claimed
either sees it and frees the new seat itself, or has claimed it early enough to be freed with the old one.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.notices import NoticeKind
from boxoffice.domain.pools import ClaimState, Unit
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.managing import changes
from boxoffice.managing.changes import Change, ChangeState
from boxoffice.outbox.notify import notify
from boxoffice.ports import NewRow, Range, Row, RowsTaken, Where
from boxoffice.schema import Table

MOVED = "units.moved"
"""In the log of who did what, with the move as the subject."""

_CANCELLED = "cancelled"
_ENDED = frozenset({BookingStatus.CANCELLED, BookingStatus.EXPIRED, BookingStatus.ROLLED_BACK})
_MOST_CLAIMS = 500

# Longer than any execution can be at work on a hold that it has read.
_PAYING = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Step:
    """The ticket `number` of a booking leaves one unit for another."""

    number: int
    old: Unit
    old_label: str
    new: Unit
    new_label: str


@dataclass(frozen=True, slots=True)
class Hold:
    """What a booking is to its units: `SOLD`, or `RESERVED` until some time."""

    state: ClaimState
    until: str | None = None


def plan_text(steps: Sequence[Step]) -> str:
    """The steps as the journal holds them."""
    told = [
        [step.number, step.old.claim_id, step.old_label, step.new.claim_id, step.new_label] for step in steps
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def steps_of(change: Change) -> tuple[Step, ...]:
    """The steps that the journal holds."""
    return tuple(
        Step(number, Unit.of_claim(old), old_label, Unit.of_claim(new), new_label)
        for number, old, old_label, new, new_label in json.loads(change.plan)
    )


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
    has_claimed = hold is not None and await _claim(desk, change, hold)
    wanted = Outcome.CONFIRMED if has_claimed else Outcome.ROLLED_BACK
    if await changes.decide(desk, change, wanted) is not Outcome.CONFIRMED:
        await stay(desk, change)
        raise RowsTaken
    await leave(desk, change)


async def leave(desk: Desk, change: Change) -> None:
    """Leave the old seats. Only after the outcome says so; from here on there is no way back."""
    (current,) = await changes.find_changes(desk, [change.id])
    if current.state is not ChangeState.BEGUN:
        # Somebody has done all of this, and a later move may have brought the booking back.
        return
    booking = await _booking(desk, change)
    hold = await hold_of(desk, booking)
    await _follow(desk, change, hold)
    old = [step.old.claim_id for step in steps_of(change)]
    # By the booking too: the seat may be somebody else's already.
    await desk.rows.delete_where(Table.CLAIMS, {"$id": old, "bookingId": _booking_id(change)})
    desk.inventory.freed(step.old for step in steps_of(change))
    await print_seats(desk, change)
    if booking:
        await _tell(desk, change, booking)
    look_at = None
    if hold is not None and hold.state is ClaimState.RESERVED:
        # Somebody who is just paying for the hold may print the old seats on its tickets.
        look_at = desk.rows.server_time() + _PAYING
    await changes.finish(desk, change, MOVED, look_at)


async def print_seats(desk: Desk, change: Change) -> None:
    """Show on the booking's tickets the seats that they have. Their codes stay: they say nothing of seats."""
    numbers = {step.number for step in steps_of(change)}
    claims = await _own_claims(desk, change)
    await asyncio.gather(
        *(
            desk.rows.update_where(
                Table.TICKETS,
                {"$id": ids.ticket_id(_booking_id(change), claim["ticket"])},
                {"unit": claim["unit"], "seat": claim["label"]},
            )
            for claim in claims
            if claim["ticket"] in numbers
        )
    )


async def stay(desk: Desk, change: Change) -> None:
    """Keep the old seats, and free the new ones. Only after the outcome says so.

    Not looked at again: a later move may have brought the booking to one of these seats after all.
    """
    new = [step.new.claim_id for step in steps_of(change)]
    await desk.rows.delete_where(Table.CLAIMS, {"$id": new, "bookingId": _booking_id(change)})
    await changes.refuse(desk, change, look_at=None)


async def resume(desk: Desk, change: Change) -> None:
    """Bring a move to the end that it has come nearest to. Raises as `carry_out` does."""
    if change.state is ChangeState.DONE:
        await print_seats(desk, change)
        await changes.finish(desk, change, MOVED, None)
    if change.state is not ChangeState.BEGUN:
        return
    match await changes.outcome_of(desk, change):
        case Outcome.CONFIRMED:
            await leave(desk, change)
        case None:
            await carry_out(desk, change)
        case _:
            await stay(desk, change)


async def _claim(desk: Desk, change: Change, hold: Hold) -> bool:
    """Whether the booking has all of the new seats now; if not, it has none more than before."""
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
        for step in steps_of(change)
    ]
    try:
        await desk.rows.create_all(Table.CLAIMS, rows, owner="bookingId")
    except RowsTaken:
        # They may be its own, from the first time that this was tried.
        own = {"$id": [row.id for row in rows], "bookingId": _booking_id(change)}
        return await desk.rows.count(Table.CLAIMS, own) == len(rows)
    return True


async def _follow(desk: Desk, change: Change, hold: Hold | None) -> None:
    """Let the new seats share what has become of the booking and its tickets while they were claimed."""
    steps = steps_of(change)
    new = [step.new.claim_id for step in steps]
    own = {"bookingId": _booking_id(change)}
    ticket_of = {ids.ticket_id(_booking_id(change), step.number): step.new.claim_id for step in steps}
    fates = await desk.rows.find(Table.CHECKINS, {"$id": list(ticket_of), "kind": _CANCELLED})
    gone = new if hold is None else [ticket_of[fate["$id"]] for fate in fates]
    if gone:
        await desk.rows.delete_where(Table.CLAIMS, {**own, "$id": gone})
    if hold is None:
        return
    reserved: Where = {**own, "$id": new, "state": ClaimState.RESERVED}
    if hold.state is ClaimState.SOLD:
        await desk.rows.update_where(Table.CLAIMS, reserved, {"state": hold.state, "reservedUntil": None})
        return
    # Whoever extends a hold begins with its claims: the old ones may last longer than the row says. The new
    # ones may have been extended too by now, and must not become shorter again.
    ends = [claim["reservedUntil"] for claim in await _own_claims(desk, change)]
    until = max(end for end in (hold.until, *ends) if end)
    shorter: Where = {**reserved, "reservedUntil": Range(upto=until)}
    await desk.rows.update_where(Table.CLAIMS, shorter, {"reservedUntil": until})


async def _tell(desk: Desk, change: Change, booking: Row) -> None:
    """Have the booking's owner told, once."""
    body = {
        "reference": booking["reference"],
        "eventName": booking["eventName"],
        "tickets": [
            {"number": step.number, "from": step.old_label, "to": step.new_label} for step in steps_of(change)
        ],
    }
    kind = NoticeKind.BOOKING_MOVED
    await notify(desk, booking["userId"], kind, booking["$id"], body, change.id)


async def _booking(desk: Desk, change: Change) -> Row | None:
    found = await desk.rows.find(Table.BOOKINGS, {"$id": _booking_id(change)}, limit=1)
    return found[0] if found else None


async def _own_claims(desk: Desk, change: Change) -> Sequence[Row]:
    where = {"bookingId": _booking_id(change)}
    columns = ["unit", "label", "ticket", "reservedUntil"]
    return await desk.rows.find(Table.CLAIMS, where, columns=columns, limit=_MOST_CLAIMS)


def _booking_id(change: Change) -> str:
    # A move always has one.
    return change.booking_id or ""

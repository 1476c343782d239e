"""Moving a booking: some of its tickets get other seats of the same showtime, all of them or none.

The moves of a booking are numbered, and one begins when the one before has ended: they cannot cross.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import explained
from boxoffice.domain.errors import Rejected
from boxoffice.domain.moves import plan_moves
from boxoffice.domain.pools import ClaimState, Unit, seat_pool, standing_while_there
from boxoffice.domain.seating import Layout
from boxoffice.domain.status import BookingStatus
from boxoffice.inventory.expiry import end_lapsed_holds
from boxoffice.inventory.reading import as_decided, read_claims
from boxoffice.managing import changes, moving
from boxoffice.managing.changes import Change, ChangeKind, ChangeState
from boxoffice.managing.steps import Step, plan_text
from boxoffice.ports import Row, RowsTaken
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.schema import Table
from boxoffice.times import from_text

_MOST_MOVES = 1_000
_MOST_CLAIMS = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """The seats that tickets of a booking are to have: labels by the tickets' numbers."""

    booking_id: str
    seats: Mapping[int, str]
    any_category: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The tickets that have changed their seats. Without a `move_id` all had them already."""

    booking_id: str
    move_id: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Hall:
    """The seats of a showtime, and the claims of a booking on some of them, by ticket."""

    pool: str
    layout: Layout
    claims: Mapping[int, Row]


async def move(desk: Desk, actor: str, wish: Wish, reason: str) -> Moved:
    """Give the tickets of a booking or a hold their new seats. No money moves.

    The same wish again finds nothing to do. Raises `Rejected` as `plan_moves` does; with `NOT_FOUND_ERROR`;
    with `INVALID_STATUS_TRANSITION` when the booking neither stands nor holds; or with `CONFLICT_ERROR`
    while another move of the booking is at work.
    """
    booking = await _booking(desk, wish.booking_id)
    number = await _next_number(desk, wish.booking_id)
    hall = await _hall(desk, booking, wish)
    steps = await _plan(desk, hall, wish)
    if not steps:
        return Moved(wish.booking_id, None, ())
    draft = changes.Draft(
        id=ids.move_id(wish.booking_id, number),
        kind=ChangeKind.MOVE,
        event_id=booking["eventId"],
        target=json.dumps({"bookingId": wish.booking_id, "tickets": dict(wish.seats)}, ensure_ascii=False),
        plan=plan_text(steps),
        actor=actor,
        reason=reason,
        booking_id=wish.booking_id,
    )
    change, is_new = await changes.begin(desk, draft)
    if not is_new:
        raise _at_work()
    try:
        await moving.carry_out(desk, change)
    except RowsTaken:
        # The refusal names what was taken meanwhile, and what is free instead.
        await _plan(desk, hall, wish)
        raise Rejected(Code.CONFLICT_ERROR) from None
    desk.log.info("booking.moved", bookingId=wish.booking_id, tickets=len(steps), by=actor)
    return Moved(wish.booking_id, change.id, tuple(steps))


async def _booking(desk: Desk, booking_id: str) -> Row:
    found = await desk.rows.find(Table.BOOKINGS, {"$id": booking_id}, limit=1)
    if not found:
        raise Rejected(
            Code.NOT_FOUND_ERROR, "There is no booking with this bookingId.", {"field": "bookingId"}
        )
    hold, status = await moving.hold_of(desk, found[0]), found[0]["status"]
    if hold is None:
        sentence = f"The booking is {status}: only one that is confirmed or held can be moved."
        raise Rejected(Code.INVALID_STATUS_TRANSITION, sentence, {"status": status})
    if hold.state is ClaimState.RESERVED and status != BookingStatus.HELD:
        raise Rejected(Code.BOOKING_IN_PROGRESS, "The booking is just being paid.")
    if hold.until and from_text(hold.until) <= desk.rows.server_time():
        raise Rejected(Code.HOLD_EXPIRED)
    return found[0]


async def _next_number(desk: Desk, booking_id: str) -> int:
    """The number of the booking's next move, once the one before has ended."""
    where = {"bookingId": booking_id, "kind": ChangeKind.MOVE}
    rows = await desk.rows.find(Table.UNIT_CHANGES, where, limit=_MOST_MOVES)
    for change in map(Change.from_row, rows):
        if change.is_at_work(desk.rows.server_time()):
            raise _at_work()
        if change.state is ChangeState.BEGUN:
            try:
                await moving.resume(desk, change)
            except RowsTaken:
                # It is over, and the booking is where it was.
                continue
    return len(rows) + 1


async def _hall(desk: Desk, booking: Row, wish: Wish) -> _Hall:
    where = {"bookingId": booking["$id"]}
    found = await desk.rows.find(Table.CLAIMS, where, limit=_MOST_CLAIMS)
    claims = {claim["ticket"]: claim for claim in found if claim["ticket"] in wish.seats}
    missing = sorted(wish.seats.keys() - claims.keys())
    if missing:
        sentence = f"The booking has no place for ticket {missing[0]}."
        raise Rejected(Code.NOT_FOUND_ERROR, sentence, {"field": "tickets", "tickets": missing})
    programme = Programme(desk.rows, KnownProgramme.empty(1, desk.timing.clock), desk.log)
    pools = {claim["poolId"] for claim in claims.values()}
    for showtime in await programme.showtimes(booking["eventId"]):
        if showtime.layout is not None and pools == {seat_pool(showtime.id)}:
            return _Hall(seat_pool(showtime.id), showtime.layout, claims)
    raise Rejected(
        Code.INVALID_SEAT, "Only tickets with seats of one showtime can be moved.", {"field": "tickets"}
    )


async def _plan(desk: Desk, hall: _Hall, wish: Wish) -> Sequence[Step]:
    claims = await read_claims(desk.rows, [hall.pool])
    ended = await end_lapsed_holds(desk.rows, claims, desk.execution_id)
    there = {claim.unit.name: claim for claim in claims if claim.booking_id not in ended}
    taken = {name: standing_while_there(claim) for name, claim in there.items()}
    current = {number: hall.layout.by_unit[claim["unit"]] for number, claim in hall.claims.items()}
    try:
        planned = plan_moves(hall.layout, current, wish.seats, taken, any_category=wish.any_category)
    except Rejected as refusal:
        seats = [hall.layout.seat(label) for label in wish.seats.values()]
        gone = [there[seat.unit] for seat in seats if seat and seat.unit in there]
        others = await as_decided(desk.rows, (one for one in gone if one.booking_id != wish.booking_id))
        raise explained(refusal, others, desk.rows.server_time()) from None
    return [
        Step(
            change.number,
            Unit(hall.pool, change.old.unit),
            change.old.label,
            Unit(hall.pool, change.new.unit),
            change.new.label,
        )
        for change in planned
    ]


def _at_work() -> Rejected:
    return Rejected(Code.CONFLICT_ERROR, "Another move of this booking is at work.")

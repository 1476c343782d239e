"""What is only shown and follows from what is true: the state of claims and bookings, what can be sold."""

import asyncio
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import HOLD_LABEL
from boxoffice.cancellations.showing import show_cancelled
from boxoffice.domain import ids
from boxoffice.domain.availability import left
from boxoffice.domain.pools import seat_pool
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.history.record import record
from boxoffice.inventory.reading import read_claims
from boxoffice.ports import MOST_COUNTED, Range, Where
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.schema import Table
from boxoffice.times import to_text

_MOST_TICKET_TYPES = 100


async def show_confirmed(desk: Desk, bookings: Sequence[Booking]) -> None:
    """Show that up to 100 confirmed bookings are: their units sold, themselves done with, in this order."""
    rows, seen_at = desk.rows, to_text(desk.rows.server_time())
    booking_ids = [booking.id for booking in bookings]
    if began_as_holds := [booking.id for booking in bookings if booking.held_until]:
        await rows.delete_where(Table.CLAIMS, {"bookingId": began_as_holds, "label": HOLD_LABEL})
    await rows.update_where(
        Table.CLAIMS,
        {"bookingId": booking_ids, "state": "RESERVED"},
        {"state": "SOLD", "reservedUntil": None},
    )
    for is_free, payment_status in ((False, PaymentStatus.CAPTURED), (True, PaymentStatus.NONE)):
        some = [booking.id for booking in bookings if booking.is_free is is_free]
        if some:
            await rows.update_where(
                Table.BOOKINGS,
                {"$id": some, "status": BookingStatus.PENDING},
                {"status": BookingStatus.CONFIRMED, "paymentStatus": payment_status, "failureCode": None},
            )
    await show_cancelled(desk, booking_ids)
    await close(desk, booking_ids, seen_at)


async def close(desk: Desk, booking_ids: Sequence[str], seen_at: str) -> None:
    """Be done with up to 100 bookings, once all that has happened to them is in the log.

    One that has changed since `seen_at`, and so has to be looked at again, stays due.
    """
    await record(desk, booking_ids)
    unchanged: Where = {"$id": booking_ids, "checkAfter": Range(upto=seen_at)}
    await desk.rows.update_where(Table.BOOKINGS, unchanged, {"checkAfter": None})


async def refresh_event(desk: Desk, event_id: str) -> bool:
    """Count what is left of an event, seats too, and show it where it is shown differently; whether it was.

    Every claim counts as taken, also that of a reservation that has ended and is not tidied up yet.
    """
    programme = Programme(desk.rows, KnownProgramme.empty(1, desk.timing.clock))
    events, ticket_types, showtimes = await asyncio.gather(
        desk.rows.find(Table.EVENTS, {"$id": event_id}, columns=["ticketsLeft"], limit=1),
        desk.rows.find(
            Table.TICKET_TYPES,
            {"eventId": event_id},
            columns=["capacity", "ticketsLeft"],
            limit=_MOST_TICKET_TYPES,
        ),
        programme.showtimes(event_id),
    )
    of_types, of_seats = await asyncio.gather(
        _all_left(desk, [(ids.pool_id(row["$id"]), row["capacity"]) for row in ticket_types]),
        _all_left(
            desk,
            [
                (seat_pool(showtime.id), sum(showtime.layout.totals.values()))
                for showtime in showtimes
                if showtime.published and showtime.layout
            ],
        ),
    )
    shown = [*((Table.TICKET_TYPES, row, count) for row, count in zip(ticket_types, of_types, strict=True))]
    shown += [(Table.EVENTS, event, sum(of_types) + sum(of_seats)) for event in events]
    drifted = [(table, row["$id"], count) for table, row, count in shown if row["ticketsLeft"] != count]
    for table, row_id, count in drifted:
        await desk.rows.update(table, row_id, {"ticketsLeft": count})
    return bool(drifted)


async def _all_left(desk: Desk, pools: Sequence[tuple[str, int]]) -> list[int]:
    """How many are left of each pool, given with how many units it has."""
    return await asyncio.gather(*(_left(desk, pool, total) for pool, total in pools))


async def _left(desk: Desk, pool: str, total: int) -> int:
    taken = await desk.rows.count(Table.CLAIMS, {"poolId": pool})
    if taken >= MOST_COUNTED:
        taken = len(await read_claims(desk.rows, [pool]))
    return left(total, taken)

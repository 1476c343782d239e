"""What a user does with holds that are there: look at them, extend them, give them back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import Held
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import StoredHold, read_hold, why_over
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.holds import USUAL_HOLDS, Hold, HoldPolicy, extended_until
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.history.record import note_new_end
from boxoffice.inventory.expiry import expired_row
from boxoffice.ports import MOST_VALUES, NewRow
from boxoffice.schema import Table
from boxoffice.times import to_text

# Somebody may pay after all: the gateway is asked about it this long after a hold was given back. One that
# cannot be paid only needs its log.
_LOOK_AGAIN = timedelta(minutes=1)


async def list_holds(desk: Desk, user_id: str) -> Sequence[Booking]:
    """The user's holds that have not ended, the first to end first."""
    rows = await desk.rows.find(
        Table.BOOKINGS, {"userId": user_id, "status": BookingStatus.HELD}, limit=MOST_VALUES
    )
    now = desk.rows.server_time()
    found = [booking for booking in map(Booking.from_row, rows) if _end(booking) > now]
    if not found:
        return []
    # One that has just been decided is shown as held for a little while longer.
    named = [booking.id for booking in found]
    decided = {row["$id"] for row in await desk.rows.find(Table.OUTCOMES, {"$id": named})}
    return sorted((booking for booking in found if booking.id not in decided), key=_end)


async def extend_hold(desk: Desk, user_id: str, booking_id: str) -> Held:
    """Keep a hold's units for a whole duration from now, within its longest life.

    Raises `Rejected` as `own_open_hold` does, or with `HOLD_LIMIT`.
    """
    stored = await own_open_hold(desk, user_id, booking_id)
    booking, now = stored.booking, desk.rows.server_time()
    kept = Hold(booking.id, booking.user_id, booking.event_id, booking.created_at or now, _end(booking))
    until = extended_until(await _policy(desk, booking), kept, now)
    text = to_text(until)
    claims = {"bookingId": booking.id, "state": "RESERVED"}
    await desk.rows.update_where(Table.CLAIMS, claims, {"reservedUntil": text})
    row = {"$id": booking.id, "status": BookingStatus.HELD}
    await asyncio.gather(
        desk.rows.update_where(Table.BOOKINGS, row, {"heldUntil": text, "checkAfter": text}),
        note_new_end(desk, booking, user_id, "booking.extended", until),
    )
    # Somebody may have taken the units in the moment in which the hold ended.
    if await desk.rows.find(Table.OUTCOMES, {"$id": booking.id, "outcome": Outcome.EXPIRED}, limit=1):
        raise Rejected(Code.HOLD_EXPIRED)
    return Held(replace(booking, held_until=until), stored.places)


async def own_open_hold(desk: Desk, user_id: str, booking_id: str) -> StoredHold:
    """A user's hold that has all of its units.

    Raises `Rejected` with `NOT_FOUND_ERROR`, with `BOOKING_IN_PROGRESS` while it is being paid, with
    `INVALID_STATUS_TRANSITION` when it has been paid, and as `why_over` says when it is over.
    """
    stored = await _own(desk, user_id, booking_id)
    _check_unpaid(stored)
    if not stored.is_open or _end(stored.booking) <= desk.rows.server_time():
        raise why_over(stored.booking)
    return stored


async def release_hold(desk: Desk, user_id: str, booking_id: str) -> Booking:
    """Give a hold's units back at once; one that is over already is fine.

    Raises `Rejected` with `NOT_FOUND_ERROR`, with `BOOKING_IN_PROGRESS` while it is being paid, and with
    `INVALID_STATUS_TRANSITION` when it has been paid.
    """
    stored = await _own(desk, user_id, booking_id)
    booking = stored.booking
    if booking.status in (BookingStatus.EXPIRED, BookingStatus.CANCELLED):
        return booking
    _check_unpaid(stored)
    if await desk.rows.find(Table.LEASES, {"$id": ids.lease_id(booking.id, user_id)}, limit=1):
        raise Rejected(Code.BOOKING_IN_PROGRESS)
    outcome = await desk.rows.put_once(Table.OUTCOMES, _released(desk, booking))
    if outcome["outcome"] == Outcome.CONFIRMED:
        raise _paid()
    await desk.inventory.release(booking.id, stored.places)
    look_at = desk.rows.server_time() + (_LOOK_AGAIN if booking.gateway_order_id else timedelta())
    columns = {"status": BookingStatus.CANCELLED, "checkAfter": to_text(look_at)}
    await desk.rows.update(Table.BOOKINGS, booking.id, columns)
    return replace(booking, status=BookingStatus.CANCELLED)


def _released(desk: Desk, booking: Booking) -> NewRow:
    return expired_row(booking.id, desk.execution_id, desk.actor or booking.user_id)


async def _own(desk: Desk, user_id: str, booking_id: str) -> StoredHold:
    stored = await read_hold(desk.rows, booking_id)
    if stored is None or stored.booking.user_id != user_id:
        raise Rejected(Code.NOT_FOUND_ERROR, "You have no hold with this bookingId.", {"field": "bookingId"})
    return stored


def _check_unpaid(stored: StoredHold) -> None:
    if stored.outcome is Outcome.CONFIRMED:
        raise _paid()
    match stored.booking.status:
        case BookingStatus.PENDING:
            raise Rejected(Code.BOOKING_IN_PROGRESS)
        case BookingStatus.HELD:
            return
        case BookingStatus.EXPIRED | BookingStatus.CANCELLED:
            raise why_over(stored.booking)
        case _:
            raise _paid()


async def _policy(desk: Desk, booking: Booking) -> HoldPolicy:
    """The rules of the booking's event; the usual ones for a service that belongs to none."""
    if booking.items[0].id == booking.event_id:
        return USUAL_HOLDS
    return (await desk.catalogue.event(booking.event_id)).holds


def _end(booking: Booking) -> datetime:
    return booking.held_until or booking.lease_until


def _paid() -> Rejected:
    return Rejected(Code.INVALID_STATUS_TRANSITION, "This hold has been paid.")

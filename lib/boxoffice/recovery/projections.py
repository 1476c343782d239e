"""What is only shown and follows from what is true: the state of claims and bookings."""

from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import HOLD_LABEL
from boxoffice.cancellations.showing import show_cancelled
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.history.record import record
from boxoffice.ports import Range, Where
from boxoffice.schema import Table
from boxoffice.times import to_text


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

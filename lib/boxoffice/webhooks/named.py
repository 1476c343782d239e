"""Which booking a payment is for, as far as that is proven."""

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.proof import is_proven, known_caller
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.paid import Named
from boxoffice.domain.payments import Payment
from boxoffice.domain.status import decided_status
from boxoffice.recovery.holds import is_unpaid_hold
from boxoffice.schema import Table


async def paid_booking(desk: Desk, payment_id: str) -> Booking | None:
    """The booking that is being paid with this payment, or was: there is at most one."""
    rows = await desk.rows.find(Table.BOOKINGS, {"paymentId": payment_id}, limit=1)
    return Booking.from_row(rows[0]) if rows else None


async def hold_of(desk: Desk, order_id: str) -> Booking | None:
    """The booking that began with the hold that the gateway's order was opened for."""
    if not order_id:
        return None
    rows = await desk.rows.find(Table.BOOKINGS, {"gatewayOrderId": order_id})
    # A hold that was booked again has passed its order on.
    return next((Booking.from_row(row) for row in rows if row["heldUntil"]), None)


async def named_booking(desk: Desk, payment: Payment) -> Booking | None:
    """The hold that a payment is for: by its order, or by a note when it is proven to be the user's own."""
    if payment.order_id:
        return await hold_of(desk, payment.order_id)
    if not ids.is_booking_id(payment.noted_booking_id):
        return None
    rows = await desk.rows.find(Table.BOOKINGS, {"$id": payment.noted_booking_id}, limit=1)
    booking = Booking.from_row(rows[0]) if rows else None
    if booking is None or booking.held_until is None:
        return None
    caller = await known_caller(desk, booking.user_id)
    return booking if is_proven(payment, booking.gateway_order_id, caller) else None


async def describe(desk: Desk, booking: Booking, payment_id: str) -> Named:
    """What has to be known of a booking, as its outcome says it: its row may not have followed yet."""
    outcomes = await desk.rows.find(Table.OUTCOMES, {"$id": booking.id}, limit=1)
    status = decided_status(booking.status, outcomes[0]["outcome"] if outcomes else None)
    return Named(status, booking.payment_id == payment_id, is_unpaid_hold(booking))

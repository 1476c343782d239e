"""Money has gone back, or has failed to: does everything that is written down still agree with it?"""

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import Payment
from boxoffice.domain.recovery import CLOCK_SKEW, is_lease_over, next_question, payment_status
from boxoffice.domain.status import STANDING, BookingStatus, Outcome, PaymentStatus, move
from boxoffice.history.entries import Action
from boxoffice.history.record import check_again_at, has_failed_refund, note, note_failed_refund
from boxoffice.identity import GATEWAY
from boxoffice.schema import Table
from boxoffice.webhooks.cases import open_case, report_booking
from boxoffice.webhooks.named import paid_booking
from boxoffice.webhooks.records import EventState, Progress, Result, StoredEvent, done, waiting
from boxoffice.webhooks.sold import compare_with_books


async def compare_refunds(desk: Desk, event: StoredEvent) -> Progress:
    """Bring what is written down of a payment's money to where the gateway says it is.

    A refund that has failed at the bank, and money that somebody has moved at the gateway itself, are for a
    person. Raises when somebody does not answer.
    """
    try:
        payment = await desk.payments.fetch(event.payment_id)
    except Rejected:
        return done(Result.UNKNOWN)
    booking = await paid_booking(desk, event.payment_id)
    if booking is None:
        return await _of_unclaimed(desk, payment)
    if booking.status in STANDING or booking.status is BookingStatus.CANCELLED:
        return await compare_with_books(desk, event, booking, payment)
    return await _of_others(desk, event, booking, payment)


async def _of_unclaimed(desk: Desk, payment: Payment) -> Progress:
    """Money that went back because no booking wanted it, and is here again."""
    where = {"$id": ids.booking_id(payment.id), "outcome": Outcome.ROLLED_BACK}
    if not payment.is_captured or not await desk.rows.find(Table.OUTCOMES, where, limit=1):
        return done(Result.IGNORED)
    await open_case(desk, payment)
    return Progress(EventState.NEEDS_OPERATOR, Result.REFUND_FAILED)


async def _of_others(desk: Desk, event: StoredEvent, booking: Booking, payment: Payment) -> Progress:
    """Money that has failed to go back is a case; anything else is for the sweep to return or to show."""
    said, now = booking.payment_status, desk.rows.server_time()
    if said is PaymentStatus.REFUNDED and payment_status(payment) is said:
        return done(Result.AGREES)
    if not is_lease_over(booking.lease_until, now):
        # Somebody may be about to write down what this event tells.
        later = max(next_question(event.created_at, now), booking.lease_until + CLOCK_SKEW)
        return waiting(Result.IN_PROGRESS, later)
    if said is PaymentStatus.REFUNDED and payment.is_captured:
        is_now = payment_status(payment)
        subject = ids.transaction_id(booking.id)
        await note_failed_refund(desk, booking.id, subject, payment.amount, said, is_now)
        await report_booking(desk, booking, payment)
        columns = {"paymentStatus": move(said, is_now)}
        await desk.rows.update_where(Table.BOOKINGS, {"$id": booking.id, "paymentStatus": said}, columns)
        return done(Result.REFUND_FAILED)
    if payment_status(payment) is PaymentStatus.REFUNDED and await has_failed_refund(desk, booking.id):
        await _note_second_refund(desk, booking, payment)
    await desk.rows.update_where(
        Table.BOOKINGS,
        {"$id": booking.id, "status": booking.status},
        {"checkAfter": check_again_at(now)},
    )
    return done(Result.AGREES)


async def _note_second_refund(desk: Desk, booking: Booking, payment: Payment) -> None:
    """Write down that the money has gone back after all, by hand: the log tells of the refund that failed."""
    subject = ids.refund_transaction_id(ids.transaction_id(booking.id))
    await note(
        desk,
        GATEWAY,
        Action.REFUNDED,
        subject,
        booking_id=booking.id,
        before=PaymentStatus.CAPTURED,
        after=PaymentStatus.REFUNDED,
        money=payment.amount,
    )

"""Money has gone back, or has failed to: does everything that is written down still agree with it?"""

from collections.abc import Sequence
from dataclasses import replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.cancellations.reporting import report_owed
from boxoffice.cancellations.showing import show
from boxoffice.domain import ids
from boxoffice.domain.bounced import bounced
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import Payment
from boxoffice.domain.recovery import CLOCK_SKEW, is_lease_over, next_question, payment_status
from boxoffice.domain.status import STANDING, BookingStatus, Outcome, PaymentStatus, move
from boxoffice.history.record import check_again_at, note
from boxoffice.identity import GATEWAY
from boxoffice.schema import Table
from boxoffice.webhooks.cases import open_case, report_booking
from boxoffice.webhooks.named import paid_booking
from boxoffice.webhooks.records import EventState, Progress, Result, StoredEvent, done, waiting

_MOST_CANCELLATIONS = 100


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
        return await _of_sold(desk, booking, payment)
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
        await _note_failure(desk, booking, ids.transaction_id(booking.id))
        await report_booking(desk, booking, payment)
        columns = {"paymentStatus": move(said, payment_status(payment))}
        await desk.rows.update_where(Table.BOOKINGS, {"$id": booking.id, "paymentStatus": said}, columns)
        return done(Result.REFUND_FAILED)
    await desk.rows.update_where(
        Table.BOOKINGS,
        {"$id": booking.id, "status": booking.status},
        {"checkAfter": check_again_at(now)},
    )
    return done(Result.AGREES)


async def _of_sold(desk: Desk, booking: Booking, payment: Payment) -> Progress:
    rows = await desk.rows.find(
        Table.CANCELLATIONS, {"bookingId": booking.id}, order="$createdAt", limit=_MOST_CANCELLATIONS
    )
    found = [Cancellation.from_row(row) for row in rows]
    made = [one for one in found if one.state is CancellationState.DONE]
    asked = sum(one.refund.amount for one in found if one.state is not CancellationState.REFUSED)
    if payment.refunded > asked:
        await report_booking(desk, booking, payment)
        return done(Result.REFUNDED)
    failed = [made[at] for at in bounced([one.refund.amount for one in made], payment.refunded)]
    if failed:
        await _take_back(desk, booking, failed)
    await show(desk, booking.id)
    return done(Result.REFUND_FAILED if failed else Result.AGREES)


async def _take_back(desk: Desk, booking: Booking, failed: Sequence[Cancellation]) -> None:
    """Write down that the money of these cancellations is here again. Their tickets stay cancelled."""
    [row] = await desk.rows.find(Table.BOOKINGS, {"$id": booking.id}, limit=1)
    sold = Sold.from_row(row)
    for cancellation in failed:
        tried = replace(cancellation, tries=cancellation.tries + 1)
        await report_owed(desk, sold, tried, Rejected(Code.PAYMENT_GATEWAY_ERROR), None)
        refund_id = ids.refund_transaction_id(cancellation.id)
        await _note_failure(desk, booking, refund_id)
        await desk.rows.delete_where(Table.TRANSACTIONS, {"$id": refund_id})
        await desk.rows.update_where(
            Table.CANCELLATIONS,
            {"$id": cancellation.id, "state": CancellationState.DONE},
            {"state": CancellationState.NEEDS_OPERATOR, "tries": tried.tries},
        )


async def _note_failure(desk: Desk, booking: Booking, transaction_id: str) -> None:
    await note(
        desk,
        GATEWAY,
        "refund.failed",
        transaction_id,
        booking_id=booking.id,
        before=PaymentStatus.REFUNDED,
        after=PaymentStatus.CAPTURED,
    )

"""Money that belongs to no booking: given back after a while when it is ours to give, otherwise a case.

The client may still book with it, so it gets a time of grace. After that, the write-once outcome of the
booking that the payment could make decides between the refund and somebody who books at this very moment.
"""

from datetime import timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.recovery import next_attempt, next_question
from boxoffice.domain.status import Outcome, PaymentStatus
from boxoffice.history.entries import Action, Entry
from boxoffice.identity import GATEWAY
from boxoffice.ports import NewRow
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.cases import close_case, open_case
from boxoffice.webhooks.named import paid_booking
from boxoffice.webhooks.records import EventState, Progress, Result, StoredEvent, done, waiting

GRACE = timedelta(minutes=30)
"""For a client that has paid and has not booked yet."""


async def return_unclaimed(desk: Desk, event: StoredEvent, payment: Payment) -> Progress:
    """Give back a captured payment that no booking names, once its time of grace is over.

    Money that names nothing of ours was perhaps taken for something else by the same account: a person has to
    look. So has one when the gateway keeps refusing. Raises when somebody does not answer.
    """
    if event.result is not Result.UNCLAIMED:
        return waiting(Result.UNCLAIMED, desk.rows.server_time() + GRACE)
    if not await _is_ours(desk, payment):
        await open_case(desk, payment)
        return Progress(EventState.NEEDS_OPERATOR, Result.UNCLAIMED)
    outcome = await desk.rows.put_once(Table.OUTCOMES, _no_booking(desk, payment))
    # Who pays for a hold with it writes this down first, and reads that outcome only then.
    if outcome["outcome"] == Outcome.CONFIRMED or await paid_booking(desk, payment.id):
        later = next_question(event.created_at, desk.rows.server_time())
        return waiting(Result.IN_PROGRESS, later)
    try:
        await _refund(desk, payment)
    except Rejected as refusal:
        return await _try_later(desk, event, payment, refusal)
    await _note(desk, payment)
    await close_case(desk, payment)
    return done(Result.REFUNDED)


async def _refund(desk: Desk, payment: Payment) -> None:
    left = Money(payment.amount.amount - payment.refunded, payment.amount.currency)
    try:
        await desk.payments.refund(payment.id, left, key=f"refund-{ids.booking_id(payment.id)}")
    except Rejected:
        if (await desk.payments.fetch(payment.id)).state is not PaymentState.REFUNDED:
            raise


async def _try_later(desk: Desk, event: StoredEvent, payment: Payment, refusal: Rejected) -> Progress:
    tries = event.tries + 1
    desk.log.error("payment.not_returned", refusal, paymentId=payment.id, tries=tries)
    later = next_attempt(tries, desk.rows.server_time())
    if later is None:
        await open_case(desk, payment)
        return Progress(EventState.NEEDS_OPERATOR, Result.UNCLAIMED)
    return waiting(Result.UNCLAIMED, later, tries)


async def _is_ours(desk: Desk, payment: Payment) -> bool:
    """Whether the payment, or its order, names something that is here."""
    if ids.is_booking_id(payment.noted_booking_id):
        return True
    if ids.is_id(payment.noted_event_id) and await desk.rows.find(
        Table.EVENTS, {"$id": payment.noted_event_id}, columns=["status"], limit=1
    ):
        return True
    if ids.is_id(payment.noted_user_id) and await desk.users.account(payment.noted_user_id):
        return True
    return bool(payment.order_id) and await _is_our_order(desk, payment.order_id)


async def _is_our_order(desk: Desk, order_id: str) -> bool:
    try:
        order = await desk.payments.order(order_id)
    except Rejected:
        return False
    return ids.is_booking_id(order.receipt)


def _no_booking(desk: Desk, payment: Payment) -> NewRow:
    """The outcome of the booking that could have been made with the payment."""
    columns = {
        "outcome": Outcome.ROLLED_BACK,
        "attempt": desk.new_token(),
        "by": GATEWAY,
        "executionId": desk.execution_id or None,
    }
    return NewRow(ids.booking_id(payment.id), columns)


async def _note(desk: Desk, payment: Payment) -> None:
    """Write down that the money has gone back, as a booking that was rolled back would."""
    booking_id = ids.booking_id(payment.id)
    entry = Entry(
        Action.REFUNDED,
        GATEWAY,
        ids.transaction_id(booking_id),
        booking_id,
        to_text(desk.rows.server_time()),
        PaymentStatus.CAPTURED,
        PaymentStatus.REFUNDED,
        execution_id=desk.execution_id or None,
        amount=payment.amount.amount - payment.refunded,
        currency=payment.amount.currency,
    )
    await desk.rows.put_once(Table.AUDIT_LOG, entry.to_row(desk.execution_id))

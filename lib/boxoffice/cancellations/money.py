"""The money of a cancellation goes back, once."""

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.records import Cancellation, refund_row
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import ErrorKind, Fatal, Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.schema import Table

_POLICY = RetryPolicy(attempts=3, base=0.2, cap=1.0)


async def return_money(desk: Desk, cancellation: Cancellation, payment_id: str | None) -> None:
    """Give back what the cancellation says, and write it into the books.

    The shares of a booking's tickets add up to what was paid, and each ticket is cancelled once, so that all
    of its cancellations together return no more. Without an amount the gateway is not asked at all. Money
    that has all gone back already, by another hand, is not owed any more.

    Raises `Rejected` when the gateway refuses, and what it raises when it does not answer.
    """
    if not cancellation.refund.amount:
        return
    if payment_id is None:
        raise Fatal(Code.PAYMENT_GATEWAY_ERROR)

    async def attempt() -> None:
        try:
            await desk.payments.refund(payment_id, cancellation.refund, key=cancellation.refund_key)
        except Rejected:
            payment = await desk.payments.fetch(payment_id)
            if payment.state is not PaymentState.REFUNDED:
                raise

    await retrying(
        attempt,
        policy=_POLICY,
        kinds={ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS},
        timing=desk.timing,
        budget=desk.budget,
    )
    await desk.rows.put_once(Table.TRANSACTIONS, refund_row(cancellation, payment_id))

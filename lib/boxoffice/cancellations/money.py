"""The money of a cancellation goes back, once."""

from dataclasses import replace

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.records import Cancellation, refund_row
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import ErrorKind, Fatal, Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.schema import Table

_POLICY = RetryPolicy(attempts=3, base=0.2, cap=1.0)


async def return_money(desk: Desk, cancellation: Cancellation, payment_id: str | None) -> Cancellation:
    """Give back what the cancellation says, and write it into the books.

    The shares of a booking's tickets add up to what was paid, and each ticket is cancelled once, so that all
    of its cancellations together return no more. Without an amount the gateway is not asked at all. When less
    is left of the payment, because somebody has returned some of it by hand, what is left goes back: returns
    the cancellation as it is then.

    Raises `Rejected` when the gateway refuses, and what it raises when it does not answer.
    """
    if not cancellation.refund.amount:
        return cancellation
    if payment_id is None:
        raise Fatal(Code.PAYMENT_GATEWAY_ERROR)

    async def attempt() -> str:
        return await desk.payments.refund(payment_id, cancellation.refund, key=cancellation.refund_key)

    try:
        refund_id = await retrying(
            attempt,
            policy=_POLICY,
            kinds={ErrorKind.RETRYABLE, ErrorKind.AMBIGUOUS},
            timing=desk.timing,
            budget=desk.budget,
        )
    except Rejected:
        lowered = await _lowered(desk, cancellation, payment_id)
        if lowered is None:
            raise
        return await return_money(desk, lowered, payment_id)
    await desk.rows.put_once(Table.TRANSACTIONS, refund_row(cancellation, payment_id, refund_id))
    return cancellation


async def _lowered(desk: Desk, cancellation: Cancellation, payment_id: str) -> Cancellation | None:
    """The cancellation with what is left of the payment, written down; `None` when enough is left."""
    payment = await desk.payments.fetch(payment_id)
    if payment.state not in (PaymentState.CAPTURED, PaymentState.REFUNDED):
        return None
    left = payment.amount.amount - payment.refunded if payment.is_captured else 0
    # Read after the payment: whoever has lowered it already did so before returning what was left.
    [stored] = await desk.rows.find(Table.CANCELLATIONS, {"$id": cancellation.id}, limit=1)
    if stored["refund"] < cancellation.refund.amount:
        left = stored["refund"]
    elif left < cancellation.refund.amount:
        await desk.rows.update(Table.CANCELLATIONS, cancellation.id, {"refund": left})
    else:
        return None
    return replace(cancellation, refund=Money(left, cancellation.refund.currency))

"""A refund of a booking that was made: one of our own, or money that somebody has returned by hand.

People can return money at the gateway itself, without asking anybody here. It is written down like every
other refund, under the gateway's id of it, so that each is there once, whoever comes to know of it first. The
tickets stand, so a person has to decide about them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.cancellations.reporting import report_owed
from boxoffice.cancellations.showing import show
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.gateway_events import GatewayEventKind, kind_of
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment
from boxoffice.domain.recovery import next_question
from boxoffice.domain.status import PaymentStatus
from boxoffice.history.record import check_again_at, has_failed_refund, note_failed_refund
from boxoffice.ports import NewRow, Row
from boxoffice.schema import Table
from boxoffice.webhooks.cases import refresh_case, report_booking
from boxoffice.webhooks.records import Progress, Result, StoredEvent, done, waiting

_LIMIT = 5_000


async def compare_with_books(desk: Desk, event: StoredEvent, booking: Booking, payment: Payment) -> Progress:
    """Write down what a refund has done to the money of a booking that stands, or that was cancelled.

    Raises when somebody does not answer: all of it can be done again.
    """
    subject = ids.refund_transaction_id(event.refund_id)
    refunds, under_way, has_failed = await asyncio.gather(
        desk.rows.find(Table.TRANSACTIONS, {"bookingId": booking.id, "kind": "refund"}, limit=_LIMIT),
        desk.rows.find(Table.CANCELLATIONS, {"bookingId": booking.id, "state": CancellationState.REGISTERED}),
        has_failed_refund(desk, booking.id, subject),
    )
    known = next((row for row in refunds if row["$id"] == subject), None)
    fails = kind_of(event.name) is GatewayEventKind.REFUND_FAILED
    returned = sum(row["amount"] for row in refunds)
    result = Result.AGREES
    if known is not None and fails:
        await _take_back(desk, booking, known, returned)
        result = Result.REFUND_FAILED
    elif known is None and not has_failed:
        if any(row["refund"] == event.refund_amount for row in under_way):
            # It may be this one, and whoever is at work on it will write down that it is.
            later = next_question(event.created_at, desk.rows.server_time())
            return waiting(Result.IN_PROGRESS, later)
        # Less than that has gone back by now: it has failed, and that is told of by an event of its own.
        if not fails and payment.refunded - returned >= event.refund_amount:
            await _write_down(desk, event, booking, payment)
            result = Result.REFUNDED
    await show(desk, booking.id)
    await refresh_case(desk, booking, payment)
    if result is Result.REFUNDED or (known is not None and not known["cancellationId"]):
        soon = check_again_at(desk.rows.server_time())
        await desk.rows.update(Table.BOOKINGS, booking.id, {"checkAfter": soon})
    return done(result)


async def _write_down(desk: Desk, event: StoredEvent, booking: Booking, payment: Payment) -> None:
    """Money that was returned by hand. The case comes first: it is not opened again once this is known."""
    await report_booking(desk, booking, payment)
    columns = {
        "bookingId": booking.id,
        "userId": booking.user_id,
        "orderId": booking.order_id,
        "kind": "refund",
        "amount": event.refund_amount,
        "currency": payment.amount.currency,
        "paymentId": payment.id,
        "refundId": event.refund_id,
    }
    row = NewRow(ids.refund_transaction_id(event.refund_id), columns, reader=booking.user_id)
    await desk.rows.put_once(Table.TRANSACTIONS, row)


async def _take_back(desk: Desk, booking: Booking, refund: Row, returned: int) -> None:
    """Write down that the money of a refund is here again, of `returned` altogether.

    What it was for stays as it is: its tickets are cancelled, or stand.
    """
    left = returned - refund["amount"]
    await note_failed_refund(
        desk,
        booking.id,
        refund["$id"],
        Money(refund["amount"], refund["currency"]),
        before=_shown(booking, returned),
        after=_shown(booking, left),
    )
    if refund["cancellationId"]:
        found = await desk.rows.find(Table.CANCELLATIONS, {"$id": refund["cancellationId"]}, limit=1)
        await _owe(desk, booking, [Cancellation.from_row(row) for row in found])
    await desk.rows.delete_where(Table.TRANSACTIONS, {"$id": refund["$id"]})


async def _owe(desk: Desk, booking: Booking, cancellations: Sequence[Cancellation]) -> None:
    """Have a person look at the money of a cancellation that was returned and is here again."""
    [row] = await desk.rows.find(Table.BOOKINGS, {"$id": booking.id}, limit=1)
    for cancellation in cancellations:
        if cancellation.state is not CancellationState.DONE:
            continue
        tried = replace(cancellation, tries=cancellation.tries + 1)
        await report_owed(desk, Sold.from_row(row), tried, Rejected(Code.PAYMENT_GATEWAY_ERROR), None)
        await desk.rows.update_where(
            Table.CANCELLATIONS,
            {"$id": cancellation.id, "state": CancellationState.DONE},
            {"state": CancellationState.NEEDS_OPERATOR, "tries": tried.tries},
        )


def _shown(booking: Booking, returned: int) -> PaymentStatus:
    if not returned:
        return PaymentStatus.CAPTURED
    is_all = returned >= booking.total.amount
    return PaymentStatus.REFUNDED if is_all else PaymentStatus.PARTIALLY_REFUNDED

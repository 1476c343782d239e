"""What is only shown of cancellations: the status of their booking, its payment and its order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.fates import read_fates
from boxoffice.cancellations.records import Sold
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Retryable
from boxoffice.domain.returns import OrderStatus, Returns
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.ports import Row
from boxoffice.schema import Table

# Each lost race means that another cancellation of the same booking has gone on, and there are few.
_MAX_ROUNDS = 20

_LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Shown:
    """How a booking is shown, and whether no ticket of it is left."""

    status: BookingStatus
    is_whole: bool


async def show(desk: Desk, booking_id: str) -> Shown:
    """Show what has been cancelled of a booking that stands, and return it.

    Read, write, and read again until everything is shown as it is: when two cancellations of a booking end at
    the same time, the one that writes last has read first, and finds the other one now.
    """
    for _ in range(_MAX_ROUNDS):
        booking, order, returns = await _read(desk, booking_id)
        status = returns.booking_status(BookingStatus(booking["status"]))
        payment = returns.payment_status(PaymentStatus(booking["paymentStatus"]))
        of_booking = _changes(booking, {"status": status, "paymentStatus": payment})
        of_order = _changes(
            order or {},
            {"status": returns.order_status, "refunded": returns.refunded} if order else {},
        )
        if not of_booking and not of_order:
            return Shown(status, returns.is_whole)
        writes = []
        if of_booking:
            writes.append(desk.rows.update(Table.BOOKINGS, booking_id, of_booking))
        if of_order:
            writes.append(desk.rows.update(Table.ORDERS, ids.order_id(booking_id), of_order))
        await asyncio.gather(*writes)
    raise Retryable(Code.CONFLICT_ERROR)


async def show_cancelled(desk: Desk, booking_ids: Sequence[str]) -> None:
    """Show those of up to 100 bookings of which something is cancelled.

    An execution that has slept may still write that its booking is confirmed, after it was cancelled.
    """
    found = await desk.rows.find(
        Table.CHECKINS, {"bookingId": booking_ids, "kind": "cancelled"}, columns=["bookingId"], limit=5_000
    )
    for booking_id in sorted({row["bookingId"] for row in found}):
        await show(desk, booking_id)


async def _read(desk: Desk, booking_id: str) -> tuple[Row, Row | None, Returns]:
    bookings, orders, fates, refunds = await asyncio.gather(
        desk.rows.find(Table.BOOKINGS, {"$id": booking_id}, limit=1),
        desk.rows.find(
            Table.ORDERS, {"$id": ids.order_id(booking_id)}, columns=["status", "refunded"], limit=1
        ),
        read_fates(desk.rows, booking_id),
        desk.rows.find(
            Table.TRANSACTIONS, {"bookingId": booking_id, "kind": "refund"}, columns=["amount"], limit=_LIMIT
        ),
    )
    sold = Sold.from_row(bookings[0])
    returns = Returns(
        quantity=sold.price.quantity,
        cancelled=fates.cancelled,
        paid=sold.price.total.amount,
        refunded=sum(row["amount"] for row in refunds),
    )
    return bookings[0], orders[0] if orders else None, returns


def _changes(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown differently. An order that says nothing was placed, and nothing went back."""
    usual = {"status": OrderStatus.PLACED, "refunded": 0}
    return {
        name: value
        for name, value in wanted.items()
        if (usual.get(name) if stored[name] is None else stored[name]) != value
    }

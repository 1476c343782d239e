"""The answers of `booking_status`, made from rows."""

import json
from collections.abc import Mapping
from typing import Any

from boxoffice.cancellations.records import CancellationState
from boxoffice.contract.status import (
    BookingDetails,
    BookingHistory,
    BookingMoney,
    BookingPage,
    BookingStatusSuccess,
    BookingSummary,
    By,
    CancellationSummary,
    Fate,
    HistoryEntry,
    IssuedTicket,
    MoneyMovement,
    OrderSummary,
    PriceLine,
)
from boxoffice.domain.returns import Returns
from boxoffice.domain.status import BookingStatus
from boxoffice.history.entries import Entry
from boxoffice.identity import GATEWAY, SWEEP
from boxoffice.lookup.look import Page, Shown, Told
from boxoffice.lookup.papers import Standing
from boxoffice.ports import Row
from boxoffice.times import from_text

_FOR_OWNERS = ("booking.", "ticket.", "payment.")
_MACHINES: Mapping[str, By] = {SWEEP: "system", GATEWAY: "payment"}


def details(shown: Shown) -> dict[str, Any]:
    """The answer to `get`."""
    row, papers, returns = shown.standing.row, shown.papers, shown.standing.returns
    return _success(
        BookingDetails(
            **_summary(shown.standing),
            failure_code=row["failureCode"],
            tickets=[_ticket(ticket, papers.fates) for ticket in papers.tickets] if returns else [],
            lines=[PriceLine.model_validate(line) for line in json.loads(row["lines"])],
            order=_order(papers.orders[0], returns) if returns and papers.orders else None,
            transactions=_movements(shown),
            cancellations=[
                _cancellation(one)
                for one in papers.cancellations
                if one["state"] != CancellationState.REFUSED
            ],
        )
    )


def page(found: Page) -> dict[str, Any]:
    """The answer to `list`."""
    bookings = [BookingSummary(**_summary(standing)) for standing in found.bookings]
    return _success(BookingPage(bookings=bookings, cursor=found.cursor))


def history(told: Told) -> dict[str, Any]:
    """The answer to `history`. Owners are not told how administrators settle what went wrong."""
    owner = told.booking["userId"]
    entries = [
        _entry(entry, owner, told.to_admin)
        for entry in told.entries
        if told.to_admin or entry.action.startswith(_FOR_OWNERS)
    ]
    booking_id, reference = told.booking["$id"], told.booking["reference"]
    return _success(BookingHistory(booking_id=booking_id, reference=reference, entries=entries))


def money(shown: Shown) -> dict[str, Any]:
    """The answer to `transactions`."""
    row, returns = shown.standing.row, shown.standing.returns
    return _success(
        BookingMoney(
            booking_id=row["$id"],
            reference=row["reference"],
            payment_status=shown.standing.payment_status,
            total=row["total"],
            refunded=returns.refunded if returns else 0,
            currency=row["currency"],
            transactions=_movements(shown),
        )
    )


def _summary(standing: Standing) -> dict[str, Any]:
    row, status = standing.row, standing.status
    same = (
        "reference",
        "userId",
        "eventId",
        "eventName",
        "startsAt",
        "endsAt",
        "quantity",
        "total",
        "currency",
    )
    return {
        **{name: row[name] for name in same},
        "bookingId": row["$id"],
        "status": status,
        "paymentStatus": standing.payment_status,
        "heldUntil": row["heldUntil"] if status is BookingStatus.HELD else None,
        "createdAt": row["$createdAt"],
    }


def _ticket(row: Row, fates: Mapping[str, Any]) -> IssuedTicket:
    # What was decided at the gate, or by a cancellation, counts before the ticket's own row says so.
    status: Fate = fates.get(row["$id"], row["status"])
    is_worthless = status == "cancelled"
    return IssuedTicket(
        ticket_id=row["$id"],
        number=row["number"],
        ticket_type_name=row["ticketTypeName"],
        seat=row["seat"],
        starts_at=row["startsAt"],
        ends_at=row["endsAt"],
        status=status,
        code=None if is_worthless else row["code"],
        qr_code_file_id=None if is_worthless else row["qrFileId"],
    )


def _order(row: Row, returns: Returns) -> OrderSummary:
    return OrderSummary(order_id=row["$id"], status=returns.order_status, refunded=returns.refunded)


def _movements(shown: Shown) -> list[MoneyMovement]:
    if shown.standing.returns is None:
        return []
    return [
        MoneyMovement(
            transaction_id=row["$id"],
            kind=row["kind"],
            amount=row["amount"],
            currency=row["currency"],
            payment_id=row["paymentId"],
            cancellation_id=row["cancellationId"],
            at=row["$createdAt"],
        )
        for row in shown.papers.transactions
    ]


def _cancellation(row: Row) -> CancellationSummary:
    return CancellationSummary(
        cancellation_id=row["$id"],
        tickets=json.loads(row["tickets"]),
        refund=row["refund"],
        currency=row["currency"],
        state="done" if row["state"] == CancellationState.DONE else "in_progress",
        reason=row["reason"],
        by_organiser=bool(row["byOrganiser"]),
        at=row["$createdAt"],
    )


def _entry(entry: Entry, owner: str, to_admin: bool) -> HistoryEntry:
    return HistoryEntry(
        action=entry.action,
        at=from_text(entry.at),
        by="customer" if entry.actor == owner else _MACHINES.get(entry.actor, "organiser"),
        subject=entry.subject,
        before=entry.before,
        after=entry.after,
        reason=entry.reason,
        amount=entry.amount,
        currency=entry.currency,
        actor=entry.actor if to_admin else None,
        execution_id=entry.execution_id if to_admin else None,
    )


def _success(data: BookingDetails | BookingPage | BookingHistory | BookingMoney) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(BookingStatusSuccess(data=data).model_dump_json(by_alias=True))
    return answer

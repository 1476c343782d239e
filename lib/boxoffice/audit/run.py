"""The audit of the books: reads them from one end to the other, within a fixed amount of memory."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from boxoffice.audit.books import Part, read_part
from boxoffice.audit.rules import (
    GONE,
    NOT_COMPLETE,
    check_booking,
    check_change,
    check_money,
    check_orphans,
    is_at_work,
    is_sold,
)
from boxoffice.audit.violations import Violation
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import MOST_LISTED, Payment
from boxoffice.domain.status import STANDING, PaymentStatus
from boxoffice.managing.changes import Change
from boxoffice.ports import MOST_VALUES, Files, Payments, Range, Rows
from boxoffice.schema import Table

BOOKINGS, FILES, LEDGER = "bookings:", "files:", "ledger:"

_SECONDS_FOR_AN_ADMIN = 12.0
_MOST_FOR_AN_ADMIN = 200
_AT_ONCE = 8
_MOVED = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED)
_PAGE = 5_000
_OLD = timedelta(minutes=10)

# By then the gateway has told of a payment, or the sweep has found it.
_TOLD_BY_NOW = timedelta(minutes=15)
_LISTED = timedelta(days=7)

Ledger = Mapping[str, Payment]
"""Payments at the gateway, by id."""


@dataclass(slots=True)
class Audited:
    """What was found in so many bookings. With a `cursor` it is not the end."""

    bookings: int = 0
    violations: list[Violation] = field(default_factory=list)
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the books are.

    With a `ledger` payments are looked up there. Without one the gateway is asked about each payment that a
    booking says was taken or returned, and for a list of those of the last days; without `payments` either,
    nobody is. Payments that no booking names are found in the ledger and in the list.
    """

    rows: Rows
    files: Files
    payments: Payments | None
    ledger: Ledger | None = None


async def audit(
    sources: Sources, cursor: str = "", goes_on: Callable[[Audited], bool] | None = None
) -> Audited:
    """Check every rule, part by part from `cursor` on, for as long as `goes_on` allows."""
    result = Audited(cursor=cursor or BOOKINGS)
    capacities = await _capacities(sources.rows)
    while result.cursor:
        kind, _, after = result.cursor.partition(":")
        match kind:
            case "bookings":
                result.cursor = await _audit_bookings(sources, result, after, capacities)
            case "files":
                result.cursor = await _audit_files(sources, result, after)
            case _:
                result.cursor = await _audit_ledger(sources, result, after)
        if goes_on is not None and not goes_on(result):
            break
    return result


async def audit_for(desk: Desk, cursor: str) -> Audited:
    """As much of an audit as fits into one execution."""

    def goes_on(result: Audited) -> bool:
        return desk.budget.spent() < _SECONDS_FOR_AN_ADMIN and len(result.violations) < _MOST_FOR_AN_ADMIN

    return await audit(Sources(desk.rows, desk.files, desk.payments), cursor, goes_on)


async def _capacities(rows: Rows) -> Mapping[str, int]:
    found: dict[str, int] = {}
    after = ""
    while True:
        page = await rows.find(Table.TICKET_TYPES, {}, columns=["capacity"], after=after, limit=_PAGE)
        found |= {row["$id"]: row["capacity"] for row in page}
        if len(page) < _PAGE:
            return found
        after = page[-1]["$id"]


async def _audit_bookings(
    sources: Sources, result: Audited, after: str, capacities: Mapping[str, int]
) -> str:
    part = await read_part(sources.rows, after)
    now = sources.rows.server_time()
    for booking_id, booking in part.bookings.items():
        result.violations += check_booking(booking, part.papers[booking_id], capacities, now)
    await _check_strangers(sources.rows, part, result)
    await _check_payments(sources, part, result)
    await _check_images(sources.files, part, result)
    result.bookings += len(part.bookings)
    return BOOKINGS + part.next if part.next else FILES


async def _check_strangers(rows: Rows, part: Part, result: Audited) -> None:
    strangers = sorted(part.papers.keys() - part.bookings.keys())
    for at in range(0, len(strangers), MOST_VALUES):
        some = strangers[at : at + MOST_VALUES]
        # Begun while the part was being read.
        known = {row["$id"] for row in await rows.find(Table.BOOKINGS, {"$id": some}, columns=["status"])}
        changes = {
            row["$id"]: Change.from_row(row) for row in await rows.find(Table.UNIT_CHANGES, {"$id": some})
        }
        for stranger in some:
            if stranger in changes:
                result.violations += check_change(changes[stranger], part.papers[stranger])
            elif stranger not in known:
                result.violations += check_orphans(stranger, part.papers[stranger])


async def _check_payments(sources: Sources, part: Part, result: Audited) -> None:
    if sources.payments is None and sources.ledger is None:
        return
    now = sources.rows.server_time()
    judged = [
        booking
        for booking in part.bookings.values()
        if not is_at_work(booking, now)
        and (is_sold(booking, part.papers[booking.id]) or booking.status in GONE)
        and booking.payment_status in _MOVED
    ]
    places = asyncio.Semaphore(_AT_ONCE)

    async def payment_of(booking: Booking) -> Payment | None:
        if booking.payment_id is None:
            return None
        if sources.ledger is not None or sources.payments is None:
            return (sources.ledger or {}).get(booking.payment_id)
        async with places:
            try:
                return await sources.payments.fetch(booking.payment_id)
            except Rejected:
                return None

    found = await asyncio.gather(*(payment_of(booking) for booking in judged))
    for booking, payment in zip(judged, found, strict=True):
        result.violations += check_money(booking, part.papers[booking.id], payment)


async def _check_images(files: Files, part: Part, result: Audited) -> None:
    standing = {booking.id for booking in part.bookings.values() if booking.status in STANDING}
    ticket_of = {
        ticket["qrFileId"]: ticket["$id"]
        for booking_id in sorted(standing)
        for ticket in part.papers[booking_id].tickets
    }
    there = await _existing(files, list(ticket_of))
    for file_id in sorted(ticket_of.keys() - there):
        sentence = f"Ticket {ticket_of[file_id]} has no image."
        result.violations.append(Violation("files", (ticket_of[file_id], file_id), sentence))


async def _existing(files: Files, file_ids: Sequence[str]) -> set[str]:
    places = asyncio.Semaphore(_AT_ONCE)

    async def some(at: int) -> set[str]:
        async with places:
            return {file.id for file in await files.find(file_ids[at : at + MOST_VALUES])}

    parts = await asyncio.gather(*(some(at) for at in range(0, len(file_ids), MOST_VALUES)))
    return set().union(*parts)


async def _audit_files(sources: Sources, result: Audited, after: str) -> str:
    files = await sources.files.find(Range(above=after))
    now = sources.rows.server_time()
    old = [file.id for file in files if file.created_at < now - _OLD]
    if old:
        tickets = await sources.rows.find(Table.TICKETS, {"qrFileId": old}, columns=["qrFileId"])
        for file_id in sorted(set(old) - {ticket["qrFileId"] for ticket in tickets}):
            result.violations.append(Violation("files", (file_id,), f"File {file_id} is no ticket's image."))
    if len(files) == MOST_VALUES:
        return FILES + files[-1].id
    return "" if sources.ledger is None and sources.payments is None else LEDGER


async def _audit_ledger(sources: Sources, result: Audited, after: str) -> str:
    """Captured payments that no booking names, and that nobody is taking care of."""
    if sources.ledger is not None:
        await _check_claimed(sources.rows, result, sources.ledger.values())
        return ""
    if sources.payments is None:
        return ""
    # The end of the list stays where it was, so that nothing moves between its pages.
    until, _, skip = after.partition(":")
    end = datetime.fromtimestamp(int(until), UTC) if until else sources.rows.server_time() - _TOLD_BY_NOW
    page = await sources.payments.made_between(end - _LISTED, end, int(skip or 0))
    await _check_claimed(sources.rows, result, page.payments)
    if page.is_last:
        return ""
    return f"{LEDGER}{int(end.timestamp())}:{int(skip or 0) + MOST_LISTED}"


async def _check_claimed(rows: Rows, result: Audited, payments: Iterable[Payment]) -> None:
    taken = sorted(payment.id for payment in payments if payment.is_captured)
    for at in range(0, len(taken), MOST_VALUES):
        some = taken[at : at + MOST_VALUES]
        known = await rows.find(Table.BOOKINGS, {"paymentId": some}, columns=["paymentId"])
        cases = await rows.find(
            Table.ROLLBACK_REPORTS,
            {"bookingId": [ids.booking_id(payment_id) for payment_id in some], "state": NOT_COMPLETE},
            columns=["paymentId"],
        )
        awaited = await rows.find(
            Table.WEBHOOK_EVENTS,
            {"paymentId": some, "checkAfter": Range()},
            columns=["paymentId"],
            limit=_PAGE,
        )
        named = {row["paymentId"] for row in (*known, *cases, *awaited)}
        for payment_id in sorted(set(some) - named):
            sentence = f"Payment {payment_id} was taken for no booking."
            result.violations.append(Violation("money", (payment_id,), sentence))

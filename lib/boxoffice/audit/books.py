"""The books, read a part at a time: so many bookings and everything that names them or lies between them.

Bookings are read in the order of their ids. Other tables are read by the range of booking ids that a part
covers, and the parts leave no gaps, so that rows of bookings that do not exist are found as well.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.records import Booking
from boxoffice.ports import Range, Row, Rows
from boxoffice.schema import Table

BOOKINGS_AT_ONCE = 500
_PAGE = 5_000

_OF_BOOKING = {
    Table.CLAIMS: ("bookingId", "poolId", "unit", "state", "ticket", "label"),
    Table.TICKETS: ("bookingId", "userId", "number", "unit", "qrFileId", "status"),
    Table.TRANSACTIONS: ("bookingId", "kind", "amount", "currency", "orderId", "cancellationId"),
    Table.ORDERS: ("bookingId", "total", "currency", "transactionId", "status", "refunded"),
    Table.ROLLBACK_REPORTS: ("bookingId", "state"),
    Table.AUDIT_LOG: ("bookingId", "action", "amount", "currency"),
    Table.CANCELLATIONS: ("bookingId", "tickets", "refund", "state", "checkAfter"),
    Table.CHECKINS: ("bookingId", "kind", "by"),
}


@dataclass(frozen=True, slots=True)
class Papers:
    """What names one booking."""

    outcome: str | None
    claims: Sequence[Row]
    tickets: Sequence[Row]
    transactions: Sequence[Row]
    orders: Sequence[Row]
    reports: Sequence[Row]
    log: Sequence[Row]
    cancellations: Sequence[Row]
    checkins: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Part:
    """Some bookings by id, the papers by booking id, and where the next part begins; empty at the end."""

    bookings: Mapping[str, Booking]
    papers: Mapping[str, Papers]
    next: str


async def read_part(rows: Rows, after: str) -> Part:
    """The part that begins after the booking id `after`."""
    found = await rows.find(Table.BOOKINGS, {"$id": Range(above=after)}, limit=BOOKINGS_AT_ONCE)
    bookings = {row["$id"]: Booking.from_row(row) for row in found}
    is_last = len(found) < BOOKINGS_AT_ONCE
    covered = Range(above=after, upto="" if is_last else found[-1]["$id"])
    outcomes, *others = await asyncio.gather(
        _all(rows, Table.OUTCOMES, "$id", covered, ("outcome",)),
        *(_all(rows, table, "bookingId", covered, columns) for table, columns in _OF_BOOKING.items()),
    )
    decided = {row["$id"]: row["outcome"] for row in outcomes}
    by_booking = [_by_booking(of_table) for of_table in others]
    named = {*bookings, *decided, *(booking_id for of_table in by_booking for booking_id in of_table)}
    papers = {
        booking_id: Papers(
            decided.get(booking_id), *(of_table.get(booking_id, ()) for of_table in by_booking)
        )
        for booking_id in sorted(named)
    }
    return Part(bookings, papers, "" if is_last else covered.upto)


async def _all(
    rows: Rows, table: Table, column: str, covered: Range, columns: Sequence[str]
) -> Sequence[Row]:
    found: list[Row] = []
    while True:
        after = found[-1]["$id"] if found else ""
        where = {column: covered}
        page = await rows.find(table, where, columns=columns, after=after, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found


def _by_booking(found: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    collected: dict[str, list[Row]] = defaultdict(list)
    for row in found:
        collected[row["bookingId"]].append(row)
    return collected

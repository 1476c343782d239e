"""What is written down about bookings: read for many at once, before anything is decided."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.bookings.sale import CLAIMS, ORDER, TICKET, TRANSACTION, qr_step_name
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus
from boxoffice.inventory.reading import PLACE_COLUMNS, places_of
from boxoffice.inventory.wants import Place
from boxoffice.ports import MOST_VALUES, Row
from boxoffice.reports.records import ReportState, report_id
from boxoffice.schema import Table

PAPERS = {TICKET: Table.TICKETS, TRANSACTION: Table.TRANSACTIONS, ORDER: Table.ORDERS}
"""Where the steps write that make a booking's papers."""

_LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """One booking and everything that belongs to it.

    `places` are those of its tickets that it holds. `left` are the steps of which something is there; of a
    confirmed booking only the outcome is looked at.
    """

    booking: Booking
    outcome: Outcome | None
    places: tuple[Place, ...] = ()
    left: frozenset[str] = frozenset()
    report: Row | None = None

    @property
    def is_operators(self) -> bool:
        """Whether a person is looking after it."""
        return self.report is not None and self.report["state"] == ReportState.NEEDS_OPERATOR

    @property
    def is_paid_back_refusal(self) -> bool:
        """Whether it was sold out when it was begun, and its money has gone back at once."""
        booking = self.booking
        return (
            booking.status is BookingStatus.ROLLED_BACK
            and booking.payment_status is PaymentStatus.REFUNDED
            and self.outcome is None
            and self.report is None
        )


async def gather_evidence(desk: Desk, bookings: Sequence[Booking]) -> list[Evidence]:
    """The evidence for up to 100 bookings, in their order."""
    if not bookings:
        return []
    outcomes = await desk.rows.find(Table.OUTCOMES, {"$id": [booking.id for booking in bookings]})
    decided = {row["$id"]: Outcome(row["outcome"]) for row in outcomes}
    open_ones = [booking for booking in bookings if decided.get(booking.id) is not Outcome.CONFIRMED]
    found = (
        {one.booking.id: one for one in await _look_closely(desk, open_ones, decided)} if open_ones else {}
    )
    return [found.get(booking.id) or Evidence(booking, Outcome.CONFIRMED) for booking in bookings]


async def _look_closely(
    desk: Desk, bookings: Sequence[Booking], decided: Mapping[str, Outcome]
) -> list[Evidence]:
    of_bookings = {"bookingId": [booking.id for booking in bookings]}
    claims, reports, steps, qr_steps = await asyncio.gather(
        desk.rows.find(Table.CLAIMS, of_bookings, columns=PLACE_COLUMNS, limit=_LIMIT),
        desk.rows.find(Table.ROLLBACK_REPORTS, {"$id": [report_id(booking) for booking in bookings]}),
        _papers(desk, of_bookings),
        _files(desk, bookings),
    )
    claimed: dict[str, list[Row]] = defaultdict(list)
    for claim in claims:
        claimed[claim["bookingId"]].append(claim)
    report_of = {report["$id"]: report for report in reports}
    return [
        Evidence(
            booking,
            decided.get(booking.id),
            places_of(claimed[booking.id]),
            frozenset(
                steps[booking.id] | qr_steps[booking.id] | ({CLAIMS} if claimed[booking.id] else set())
            ),
            report_of.get(report_id(booking)),
        )
        for booking in bookings
    ]


async def _papers(desk: Desk, of_bookings: Mapping[str, Sequence[str]]) -> Mapping[str, set[str]]:
    """The steps whose rows are there, by booking."""
    found = await asyncio.gather(
        *(
            desk.rows.find(table, of_bookings, columns=["bookingId"], limit=_LIMIT)
            for table in PAPERS.values()
        )
    )
    return _collect(
        (row["bookingId"], step) for step, rows in zip(PAPERS, found, strict=True) for row in rows
    )


async def _files(desk: Desk, bookings: Sequence[Booking]) -> Mapping[str, set[str]]:
    """The steps whose files are there, by booking."""
    made_by = {
        file_id: (booking.id, qr_step_name(number))
        for booking in bookings
        for number, file_id in zip(booking.numbers, booking.qr_file_ids, strict=True)
    }
    file_ids = list(made_by)
    parts = [file_ids[at : at + MOST_VALUES] for at in range(0, len(file_ids), MOST_VALUES)]
    found = await asyncio.gather(*(desk.files.find(part) for part in parts))
    return _collect(made_by[file.id] for files in found for file in files)


def _collect(pairs: Iterable[tuple[str, str]]) -> Mapping[str, set[str]]:
    collected: dict[str, set[str]] = defaultdict(set)
    for key, value in pairs:
        collected[key].add(value)
    return collected

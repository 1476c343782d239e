"""How booking has gone over a period."""

import math
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import Row, Where
from boxoffice.reports.console import Period
from boxoffice.reports.records import ReportState
from boxoffice.schema import Table

_PAGE = 5_000
MOST_SECONDS = 15.0
"""For reading: what has not been read by then is left out, and the figures say so."""

_FAILED = (BookingStatus.ROLLED_BACK, BookingStatus.EXPIRED)
_UNDECIDED = (BookingStatus.PENDING, BookingStatus.HELD)
_MANUAL = (ReportState.NEEDS_OPERATOR, ReportState.SETTLED)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of the bookings that were begun in a period and have been decided.

    Rates are from 0 to 1 and, like durations, `None` without bookings. `durations` are milliseconds by
    percentile. `is_complete` is false when there were more bookings than there was time to read them.
    """

    bookings: int
    success_rate: float | None
    rollback_rate: float | None
    errors: Mapping[str, int]
    durations: Mapping[int, int] | None
    manual_cases: int
    is_complete: bool


async def measure(desk: Desk, period: Period) -> Metrics:
    """The figures of `period`. A rollback is a booking of which something had to be undone."""
    columns = ["status", "failureCode", "durationMs"]
    where: Where = {"$createdAt": period.range()}
    decided, succeeded = 0, 0
    errors: Counter[str] = Counter()
    durations: list[int] = []
    async for row in stream(desk, Table.BOOKINGS, where, columns):
        if row["status"] in _UNDECIDED:
            continue
        decided += 1
        if row["status"] in _FAILED:
            errors[row["failureCode"] or "UNKNOWN"] += 1
        else:
            succeeded += 1
        if row["durationMs"] is not None:
            durations.append(row["durationMs"])
    rollbacks, manual = 0, 0
    async for row in stream(desk, Table.ROLLBACK_REPORTS, where, ["state"]):
        rollbacks += 1
        manual += row["state"] in _MANUAL
    return Metrics(
        bookings=decided,
        success_rate=succeeded / decided if decided else None,
        rollback_rate=min(1.0, rollbacks / decided) if decided else None,
        errors=dict(errors.most_common()),
        durations=percentiles(durations, (50, 95, 99)) if durations else None,
        manual_cases=manual,
        is_complete=desk.budget.spent() < MOST_SECONDS,
    )


def percentiles(values: Sequence[int], wanted: Sequence[int]) -> Mapping[int, int]:
    """By nearest rank: the smallest value that so many per cent of all do not exceed."""
    ordered = sorted(values)
    return {each: ordered[max(0, math.ceil(len(ordered) * each / 100) - 1)] for each in wanted}


async def stream(desk: Desk, table: Table, where: Where, columns: Sequence[str]) -> AsyncIterator[Row]:
    """The rows that match, by id, for as long as there is time to read."""
    after = ""
    while desk.budget.spent() < MOST_SECONDS:
        page = await desk.rows.find(table, where, columns=columns, after=after, limit=_PAGE)
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        after = page[-1]["$id"]

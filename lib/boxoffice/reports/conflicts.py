"""How often people were in each other's way over a period, and what to do about it."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain.conflict_advice import ConflictFigures, HotUnit, Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import Where
from boxoffice.reports.console import Period
from boxoffice.reports.metrics import MOST_SECONDS, stream
from boxoffice.schema import Table

_HOT_UNITS = 10
_STANDING = (BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


@dataclass(frozen=True, slots=True)
class MeasuredConflicts:
    """The figures of a period. `is_complete` is false when there was no time to read all of them."""

    figures: ConflictFigures
    is_complete: bool


async def measure_conflicts(desk: Desk, period: Period, event_id: str | None) -> MeasuredConflicts:
    """The conflicts that were written down in `period`, for one event or for all.

    Less than there were: what functions had in memory when they ended was never written down.
    """
    where: Where = {"$createdAt": period.range(), **({"eventId": event_id} if event_id else {})}
    counts: defaultdict[ConflictKind, Counter[Resolution]] = defaultdict(Counter)
    units: Counter[tuple[str, str, ConflictKind]] = Counter()
    async for row in stream(
        desk, Table.CONFLICT_LOG, where, ["eventId", "kind", "resolution", "count", "units"]
    ):
        kind = ConflictKind(row["kind"])
        counts[kind][Resolution(row["resolution"])] += row["count"]
        for label, count in json.loads(row["units"] or "{}").items():
            units[row["eventId"], label, kind] += count
    confirmed = 0
    async for _ in stream(desk, Table.BOOKINGS, {**where, "status": _STANDING}, ["status"]):
        confirmed += 1
    hot = tuple(HotUnit(*unit, count) for unit, count in units.most_common(_HOT_UNITS))
    return MeasuredConflicts(
        ConflictFigures(counts, confirmed, hot), is_complete=desk.budget.spent() < MOST_SECONDS
    )

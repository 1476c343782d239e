"""Counting conflicts in the memory of a warm function, and writing the counts down now and then.

This is a metric and never more: what is in memory when a process ends is lost, and so is what the database
does not take. Therefore counting costs no call, and nothing may ever depend on it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.domain.errors import BoxofficeError
from boxoffice.logs import Log
from boxoffice.ports import MOST_VALUES, NewRow, Rows
from boxoffice.schema import Table

WRITE_SECONDS = 5.0
"""A process writes its counts down at most so often."""

MOST_UNITS = 40
"""So many units of each count are kept: as many of the longest labels as fit into the column."""

_ROOM_FOR_UNITS = 5 * MOST_UNITS
_LONGEST_LABEL = 32


class Counted(NamedTuple):
    """What is counted together."""

    event_id: str
    kind: ConflictKind
    resolution: Resolution


@dataclass(slots=True)
class _Count:
    conflicts: int = 0
    units: Counter[str] = field(default_factory=Counter)


class Tally:
    """The counts of one process: at most `MOST_VALUES` of them. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: defaultdict[Counted, _Count] = defaultdict(_Count)
        # Not at once: the first conflicts of a sale come together.
        self._taken_at = clock()

    def add(self, counted: Counted, labels: Iterable[str]) -> None:
        """One conflict more, with these units in the way. What there is no room for is not counted."""
        if counted not in self._counts and len(self._counts) >= MOST_VALUES:
            return
        count = self._counts[counted]
        count.conflicts += 1
        count.units.update(label[:_LONGEST_LABEL] for label in labels)
        if len(count.units) > _ROOM_FOR_UNITS:
            count.units = Counter(dict(count.units.most_common(MOST_UNITS)))

    def take(self, new_token: Callable[[], str]) -> list[NewRow]:
        """The rows to write, once their time has come; from then on they are not counted here any more."""
        now = self._clock()
        if not self._counts or now - self._taken_at < WRITE_SECONDS:
            return []
        self._taken_at = now
        batch, counts = new_token(), self._counts
        self._counts = defaultdict(_Count)
        return [_row(batch, number, *entry) for number, entry in enumerate(counts.items())]


class Conflicts:
    """Counts for one execution, in the `tally` of its process."""

    def __init__(self, tally: Tally, rows: Rows, new_token: Callable[[], str], log: Log) -> None:
        self._tally = tally
        self._rows = rows
        self._new_token = new_token
        self._log = log

    def count(
        self, event_id: str, kind: ConflictKind, resolution: Resolution, labels: Iterable[str] = ()
    ) -> None:
        """One conflict. `labels` are the units in the way as people know them; none for places in a crowd."""
        self._tally.add(Counted(event_id, kind, resolution), labels)

    async def flush(self) -> None:
        """Write down what was counted, when it is time to; one call, or none. Never raises.

        For executions that have met a conflict: a booking that goes well has no call to spare.
        """
        rows = self._tally.take(self._new_token)
        if not rows:
            return
        try:
            await self._rows.create_all(Table.CONFLICT_LOG, rows, owner="batch")
        except BoxofficeError as error:
            self._log.error("conflicts.not_written", error, counts=len(rows))


def _row(batch: str, number: int, counted: Counted, count: _Count) -> NewRow:
    columns = {
        "batch": batch,
        "eventId": counted.event_id,
        "kind": counted.kind,
        "resolution": counted.resolution,
        "count": count.conflicts,
        "units": json.dumps(
            dict(count.units.most_common(MOST_UNITS)), ensure_ascii=False, separators=(",", ":")
        ),
    }
    # A token has 32 characters and an id may have 36.
    return NewRow(f"{batch}-{number}", columns)

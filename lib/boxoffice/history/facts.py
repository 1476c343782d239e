"""What the log is written from: rows that say by themselves what happened, read for many bookings at once."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.ports import Row, Rows
from boxoffice.schema import Table

_LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Facts:
    """A booking's row, and the rows that are written once and name it, each kind in the order of writing."""

    booking: Row
    outcome: Row | None
    leases: Sequence[Row]
    transactions: Sequence[Row]
    cancellations: Sequence[Row]
    checkins: Sequence[Row]
    reports: Sequence[Row]


async def gather_facts(rows: Rows, booking_ids: Sequence[str]) -> list[Facts]:
    """The facts about up to 100 bookings. A booking that does not exist has none."""
    bookings, outcomes, *others = await asyncio.gather(
        rows.find(Table.BOOKINGS, {"$id": booking_ids}),
        rows.find(Table.OUTCOMES, {"$id": booking_ids}),
        *(
            rows.find(table, {"bookingId": booking_ids}, limit=_LIMIT)
            for table in (
                Table.LEASES,
                Table.TRANSACTIONS,
                Table.CANCELLATIONS,
                Table.CHECKINS,
                Table.ROLLBACK_REPORTS,
            )
        ),
    )
    outcome_of = {row["$id"]: row for row in outcomes}
    by_booking = [_by_booking(found) for found in others]
    return [
        Facts(row, outcome_of.get(row["$id"]), *(found.get(row["$id"], ()) for found in by_booking))
        for row in bookings
    ]


def _by_booking(found: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    collected: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(found, key=lambda row: str(row["$createdAt"])):
        collected[row["bookingId"]].append(row)
    return collected

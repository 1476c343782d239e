"""A shop that also has a hall with seats and a studio, and an administrator who changes units."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.blocks import RowName
from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.managing import blocks
from boxoffice.managing.blocks import Block, Unblocked
from boxoffice.managing.finish import finish_due_changes
from boxoffice.managing.targets import Crowd, Seats, Target, Times
from boxoffice.schema import Table

from tests.unit.halls import section
from tests.unit.shop import Shop

SEATS = seat_pool("friday")
PLAN = {
    "sections": [
        section("S", ("A-C", "1-60"), disabled=["A60"]),
        section("T", ("A", "1-10"), category="silver"),
    ]
}


class Opera(Shop):
    """Rows of 60 seats, of which the last of row A is disabled; a studio for two; and the standing crowd."""

    def __init__(self, capacity: int = 10) -> None:
        super().__init__(capacity)
        self.rows.seed(Table.VENUES, "opera", name="Opera", status="published", layout=json.dumps(PLAN))
        self.rows.seed(
            Table.SHOWTIMES, "friday", eventId="concert", venueId="opera", status="published",
            startsAt="2030-01-04T19:00:00.000+00:00", currency="INR",
            prices='{"gold": 50000, "silver": 30000}',
        )  # fmt: skip
        self.rows.seed(
            Table.SERVICES, "studio", name="Studio", status="published", zone="UTC",
            hours='{"mon": ["09:00-12:00"]}', durations=[60], step=30, granularity=15, capacity=2,
            prices='{"60": 100000}', currency="INR",
        )  # fmt: skip

    def claim(self, unit: Unit, booking_id: str = "bk-other", state: str = "SOLD", **columns: Any) -> None:
        self.rows.seed(
            Table.CLAIMS, unit.claim_id, poolId=unit.pool, unit=unit.name, eventId="concert",
            bookingId=booking_id, state=state, **columns,
        )  # fmt: skip

    def block(self, target: Target, request: str | None = "req-1", reason: str = "Broken.") -> Block:
        return asyncio.run(blocks.block(self.desk(), "ada", target, reason, request))

    def unblock(self, block_id: str) -> Unblocked:
        return asyncio.run(blocks.unblock(self.desk(), "ada", block_id, "Repaired."))

    def unblock_units(self, target: Seats | Times) -> Unblocked:
        return asyncio.run(blocks.unblock(self.desk(), "ada", target, "Repaired."))

    def blocks(self, event_id: str | None = None, cursor: str = "", limit: int = 25) -> list[Block]:
        return list(asyncio.run(blocks.list_blocks(self.desk(), event_id, cursor, limit)))

    def finish_due(self) -> int:
        return asyncio.run(finish_due_changes(self.desk()))

    def blocked(self) -> list[str]:
        """The claims of blocks."""
        return sorted(row["$id"] for row in self.rows.all(Table.CLAIMS) if row["state"] == "BLOCKED")

    def logged(self) -> list[tuple[str, str, str]]:
        """What the log says: what was done to what, and by whom."""
        return [(row["action"], row["subject"], row["actor"]) for row in self.rows.all(Table.AUDIT_LOG)]

    def changes(self) -> list[dict[str, Any]]:
        return self.rows.all(Table.UNIT_CHANGES)


def seats(*labels: str, rows: tuple[tuple[str, str], ...] = (), sections: tuple[str, ...] = ()) -> Seats:
    return Seats("friday", labels, tuple(RowName(*row) for row in rows), sections)


def crowd(quantity: int) -> Crowd:
    return Crowd("standing", quantity)


def studio(starts: str, ends: str) -> Times:
    return Times("studio", datetime.fromisoformat(starts), datetime.fromisoformat(ends))


def seat(name: str) -> Unit:
    return Unit(SEATS, name)


def place(number: int) -> Unit:
    return Unit(ids.pool_id("standing"), str(number))

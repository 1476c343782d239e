"""A shop that also has a hall with seats and a studio, and an administrator who changes units."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.blocks import RowName
from boxoffice.domain.callers import Caller
from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.domain.selection import NamedSeats
from boxoffice.managing import blocks
from boxoffice.managing.blocks import Block, Unblocked
from boxoffice.managing.finish import finish_due_changes
from boxoffice.managing.moves import Moved, Wish, move
from boxoffice.managing.targets import Crowd, Seats, Target, Times
from boxoffice.schema import Table

from tests.unit.halls import section
from tests.unit.shop import ANN, Shop
from tests.unit.world import World

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

    def enter(self, world: World) -> None:
        """From now on everything happens in another world."""
        self.world = self.rows.world = self.files.world = self.gateway.world = self.kept.world = world

    def hold(self, *labels: str, caller: Caller = ANN) -> Held:
        wish = HoldWish((NamedSeats("friday", labels),))
        return asyncio.run(hold(self.desk(), caller, wish))

    async def pay_async(self, held: Held, payment_id: str = "pay_1", caller: Caller = ANN) -> Booked | Failed:
        """Pays for a hold and completes it."""
        order_id = held.booking.gateway_order_id or ""
        self.gateway.pay(payment_id, held.booking.total.amount, order_id=order_id)
        return await convert(self.desk(), caller, held.booking.id, PaymentClaim(payment_id))

    def book_seats(self, *labels: str) -> str:
        """The id of a confirmed booking of these seats."""
        held = self.hold(*labels)
        assert isinstance(asyncio.run(self.pay_async(held)), Booked)
        return held.booking.id

    def move(self, booking_id: str, seats: Mapping[int, str], any_category: bool = False) -> Moved:
        wish = Wish(booking_id, seats, any_category)
        return asyncio.run(move(self.desk(), "ada", wish, "A broken seat."))

    def seats_of(self, booking_id: str) -> dict[int, list[str]]:
        """The labels of what the booking has claimed, by ticket."""
        found: dict[int, list[str]] = {}
        for row in self.rows.all(Table.CLAIMS):
            if row["bookingId"] == booking_id and row["ticket"]:
                found.setdefault(row["ticket"], []).append(row["label"])
        return {number: sorted(found[number]) for number in sorted(found)}

    def printed(self, booking_id: str) -> dict[int, tuple[str, str]]:
        """The unit and the seat on each of the booking's tickets."""
        return {
            row["number"]: (row["unit"], row["seat"])
            for row in self.rows.all(Table.TICKETS)
            if row["bookingId"] == booking_id
        }

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

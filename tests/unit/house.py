"""An opera house and a studio over the fakes: what is on there, and what is left of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from boxoffice.availability.look import Availability, Views
from boxoffice.availability.views import Picture, Subject
from boxoffice.caching import Cache
from boxoffice.catalogue import Catalogue, Listing
from boxoffice.domain.pools import Unit
from boxoffice.domain.programme import ServiceOffer, Showtime
from boxoffice.inventory.memory import PoolMemory
from boxoffice.logs import Log
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.fake_rows import FakeRows
from tests.unit.fake_time import FakeTime
from tests.unit.halls import section
from tests.unit.world import World

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
CACHE_SECONDS = 2.0
PLAN = json.dumps({"sections": [section("S", ("A", "1-3"))]})


class House:
    """Rows of a programme, and what a warm function remembers of them."""

    def __init__(self) -> None:
        self.world = World()
        self.time = FakeTime()
        self.now = NOW
        self.lines: list[str] = []
        self.rows = FakeRows(self.world, lambda: self.now)
        self.known = KnownProgramme.empty(10, lambda: self.time.seconds)
        self.listings: Cache[str, Listing] = Cache(10, lambda: self.time.seconds)
        self.views = Views(10, CACHE_SECONDS, lambda: self.time.seconds)
        self.memory = PoolMemory(lambda: self.time.seconds)
        self.rows.seed(Table.VENUES, "opera", name="Opera", status="published", layout=PLAN)

    def showtime(self, showtime_id: str = "friday", **columns: Any) -> None:
        row = {
            "eventId": "hamlet", "venueId": "opera", "status": "published",
            "startsAt": "2030-01-04T19:00:00.000+00:00", "prices": '{"gold": 50000}', "currency": "INR",
        }  # fmt: skip
        self.rows.seed(Table.SHOWTIMES, showtime_id, **{**row, **columns})

    def service(self, **columns: Any) -> None:
        row = {
            "name": "Studio", "status": "published", "zone": "Asia/Kolkata",
            "hours": '{"mon": ["09:00-12:00"]}',
            "durations": [60, 90], "step": 30, "granularity": 15, "capacity": 2, "bufferAfter": 15,
            "prices": '{"60": 100000}', "currency": "INR",
        }  # fmt: skip
        self.rows.seed(Table.SERVICES, "studio", **{**row, **columns})

    def event(self, **columns: Any) -> None:
        row = {"name": "Hamlet", "status": "published", "startsAt": to_text(NOW + timedelta(days=3))}
        self.rows.seed(Table.EVENTS, "hamlet", **{**row, **columns})

    def ticket_type(self, type_id: str = "standing", **columns: Any) -> None:
        row = {
            "eventId": "hamlet", "name": type_id, "price": 100, "currency": "INR", "capacity": 10,
            "onSale": True,
        }  # fmt: skip
        self.rows.seed(Table.TICKET_TYPES, type_id, **{**row, **columns})

    def claim(
        self, pool: str, units: Iterable[str], booking_id: str = "bk-1", state: str = "SOLD",
        until: datetime | None = None,
    ) -> None:  # fmt: skip
        for unit in units:
            self.rows.seed(
                Table.CLAIMS, Unit(pool, unit).claim_id, poolId=pool, unit=unit, eventId="hamlet",
                state=state, bookingId=booking_id, reservedUntil=to_text(until) if until else None,
            )  # fmt: skip

    def availability(self) -> Availability:
        timing = self.time.timing
        catalogue = Catalogue(self.rows, self.listings, timing)
        return Availability(
            self.rows, catalogue, self.programme(), self.views, self.memory, timing, lambda: self.now
        )

    def look(self, subject: Subject) -> Picture:
        return asyncio.run(self.availability().look(subject))

    def pass_time(self, seconds: float) -> None:
        self.time.seconds += seconds
        self.now += timedelta(seconds=seconds)

    def log(self) -> Log:
        return Log(self.lines.append, self.lines.append, "execution")

    def programme(self) -> Programme:
        return Programme(self.rows, self.known, self.log())

    def read_showtime(self, showtime_id: str = "friday") -> Showtime:
        return asyncio.run(self.programme().showtime(showtime_id))

    def read_service(self, service_id: str = "studio") -> ServiceOffer:
        return asyncio.run(self.programme().service(service_id))

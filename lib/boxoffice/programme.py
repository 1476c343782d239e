"""Showtimes, their halls, and services, as the database has them, remembered by a warm function."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from boxoffice.caching import Remembered
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.programme import ServiceOffer, Showtime
from boxoffice.domain.seating import Layout
from boxoffice.domain.seating_plan import read_plan
from boxoffice.domain.services import OpeningHours, Service
from boxoffice.logs import Log
from boxoffice.ports import Row, Rows
from boxoffice.schema import Table
from boxoffice.times import from_text

Result = TypeVar("Result")

# How long an organiser's change may take to reach a warm function.
_KEEP_SECONDS = 10.0

_MOST_SHOWTIMES = 100
_KNOWN_LAYOUTS = 32


@dataclass(frozen=True, slots=True)
class KnownProgramme:
    """What a warm function remembers of the programme, by id."""

    showtimes: Remembered[str, Showtime]
    of_events: Remembered[str, Sequence[Showtime]]
    services: Remembered[str, ServiceOffer]

    @classmethod
    def empty(cls, size: int, clock: Callable[[], float]) -> "KnownProgramme":
        """Room for `size` entries of each kind. `clock` is in seconds."""
        return cls(
            Remembered(size, _KEEP_SECONDS, clock),
            Remembered(size, _KEEP_SECONDS, clock),
            Remembered(size, _KEEP_SECONDS, clock),
        )


class Programme:
    """What is on, for one execution. `known` is shared by all of them.

    Everything raises `Rejected` with `NOT_FOUND_ERROR`, naming the field, when there is no such thing, and
    `Fatal` when an organiser's row cannot be understood.
    """

    def __init__(self, rows: Rows, known: KnownProgramme, log: Log) -> None:
        self._rows = rows
        self._known = known
        self._log = log

    async def showtime(self, showtime_id: str) -> Showtime:
        """One showtime with its seats."""

        async def read() -> Showtime:
            found = await self._rows.find(Table.SHOWTIMES, {"$id": showtime_id}, limit=1)
            if not found:
                raise _missing("showtime", "showtimeId")
            halls = await self._halls(found)
            return _understood(lambda: _showtime(found[0], halls))

        return await self._known.showtimes.get(showtime_id, read)

    async def showtimes(self, event_id: str) -> Sequence[Showtime]:
        """The showtimes of an event, in their order; none is usual.

        One that cannot be understood is left out, so that it takes nothing else off the market. When it is
        published, the log says so.
        """

        async def read() -> Sequence[Showtime]:
            found = await self._rows.find(
                Table.SHOWTIMES, {"eventId": event_id}, order="startsAt", limit=_MOST_SHOWTIMES
            )
            halls = await self._halls(found)
            read = (self._showtime_if_right(row, halls) for row in found)
            return [showtime for showtime in read if showtime is not None]

        return await self._known.of_events.get(event_id, read)

    async def service(self, service_id: str) -> ServiceOffer:
        """One service."""

        async def read() -> ServiceOffer:
            found = await self._rows.find(Table.SERVICES, {"$id": service_id}, limit=1)
            if not found:
                raise _missing("service", "serviceId")
            return _understood(lambda: _service(found[0]))

        return await self._known.services.get(service_id, read)

    async def _halls(self, showtimes: Sequence[Row]) -> Mapping[str, Row]:
        """The venues that these showtimes name, by id, as far as they exist."""
        venue_ids = sorted({row["venueId"] for row in showtimes if row["venueId"]})
        # One at a time: a layout is a large text, and most events have one hall.
        found = await asyncio.gather(
            *(self._rows.find(Table.VENUES, {"$id": venue_id}, limit=1) for venue_id in venue_ids)
        )
        return {rows[0]["$id"]: rows[0] for rows in found if rows}

    def _showtime_if_right(self, row: Row, venues: Mapping[str, Row]) -> Showtime | None:
        try:
            return _understood(lambda: _showtime(row, venues))
        except Fatal as error:
            # An organiser who is not done with a draft has made no mistake yet.
            if row["status"] == "published":
                self._log.error("showtime.not_understood", error, showtimeId=row["$id"])
            return None


def _showtime(row: Row, venues: Mapping[str, Row]) -> Showtime:
    venue = venues[row["venueId"]] if row["venueId"] else None
    prices = json.loads(row["prices"] or "{}")
    return Showtime(
        id=row["$id"],
        event_id=row["eventId"],
        published=row["status"] == "published" and (venue is None or venue["status"] == "published"),
        starts_at=from_text(row["startsAt"]),
        ends_at=from_text(row["endsAt"]) if row["endsAt"] else None,
        layout=_layout(venue["layout"]) if venue else None,
        prices={category: Money(amount, row["currency"]) for category, amount in prices.items()},
    )


@lru_cache(maxsize=_KNOWN_LAYOUTS)
def _layout(text: str) -> Layout:
    """The layout of a plan. By its text, so that a hall is read again only when it has changed."""
    return read_plan(json.loads(text))


def _service(row: Row) -> ServiceOffer:
    prices = json.loads(row["prices"])
    return ServiceOffer(
        Service(
            id=row["$id"],
            zone=ZoneInfo(row["zone"]),
            hours=OpeningHours.read(json.loads(row["hours"])),
            durations=tuple(row["durations"]),
            step=row["step"],
            granularity=row["granularity"],
            capacity=row["capacity"],
            buffer_before=row["bufferBefore"] or 0,
            buffer_after=row["bufferAfter"] or 0,
        ),
        name=row["name"],
        published=row["status"] == "published",
        prices={int(duration): Money(amount, row["currency"]) for duration, amount in prices.items()},
        event_id=row.get("eventId") or None,
    )


def _understood(read: Callable[[], Result]) -> Result:
    """What `read` makes of rows that an organiser has written. Raises `Fatal` when they cannot be right."""
    try:
        return read()
    except (AttributeError, KeyError, ValueError, TypeError, Rejected) as error:
        raise Fatal(Code.SERVICE_UNAVAILABLE) from error


def _missing(noun: str, field: str) -> Rejected:
    return Rejected(Code.NOT_FOUND_ERROR, f"There is no {noun} with this {field}.", {"field": field})

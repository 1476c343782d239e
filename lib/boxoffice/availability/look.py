"""Looking at what is left, in a memory of a few seconds.

An answer is what was the case at one moment, and says how long ago that was. It errs on one side only: what
was free then and is taken now is shown as free until it is read again, but what was taken is never shown as
free. Therefore the standing of a reservation is decided when it is read, and not while it is remembered: one
that ends in between might have been paid in between. Whether something is for sale at all only depends on the
clock, and is decided when it is asked.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from boxoffice.availability.drawing import Taken, draw_day, draw_event, draw_showtime, shown
from boxoffice.availability.views import (
    Draw,
    OfDay,
    OfEvent,
    OfShowtime,
    Picture,
    Subject,
    View,
    Wanted,
)
from boxoffice.caching import Remembered
from boxoffice.catalogue import Catalogue
from boxoffice.domain import ids
from boxoffice.domain.availability import taken_version, version
from boxoffice.domain.catalogue import TicketType
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import check_version
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.pools import Standing, lapsed_bookings, seat_pool, standings
from boxoffice.domain.slots import pools_of, slots_of_day
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.reading import confirmed_bookings, read_claims
from boxoffice.logs import Log
from boxoffice.ports import Rows
from boxoffice.programme import Programme
from boxoffice.saga.timing import Timing

Views = Remembered[Subject, View]


@dataclass(frozen=True, slots=True)
class _Question:
    """The pools that have to be read, and what to make of them."""

    pools: tuple[str, ...]
    draw: Callable[[Taken], Draw]


class Availability:
    """What is left, for one execution. `views` and `memory` are shared by all of them.

    `now` is the wall clock in UTC, the one that bookings go by.
    """

    def __init__(
        self,
        rows: Rows,
        catalogue: Catalogue,
        programme: Programme,
        views: Views,
        memory: PoolMemory,
        timing: Timing,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._catalogue = catalogue
        self._programme = programme
        self._views = views
        self._memory = memory
        self._timing = timing
        self._now = now

    async def look(self, subject: Subject) -> Picture:
        """What is left of `subject`, not longer ago than is remembered, and after this process's own writes.

        What can be bought of it is decided now. Raises `Rejected` with `NOT_FOUND_ERROR`,
        `EVENT_NOT_PUBLISHED`, or `VALIDATION_ERROR` for a duration that a service does not offer.
        """
        asked = self._timing.clock()
        view = await self._views.get(subject, lambda: self._read(subject))
        if view.began < asked and any(self._memory.written_at(pool) >= view.began for pool in view.pools):
            self._views.forget(subject)
            view = await self._views.get(subject, lambda: self._read(subject))
        left = view.draw(self._now())
        return Picture(left, version(view.taken, shown(left)), view)

    def age(self, view: View) -> float:
        """How many seconds ago `view` was the case."""
        return self._timing.clock() - view.began

    async def _read(self, subject: Subject) -> View:
        match subject:
            case OfEvent():
                question = await self._of_event(subject)
            case OfShowtime():
                question = await self._of_showtime(subject)
            case OfDay():
                question = await self._of_day(subject)
        began = self._timing.clock()
        taken = await self._read_taken(question.pools)
        return View(
            draw=question.draw(taken),
            taken=taken_version(question.pools, taken.units),
            pools=question.pools,
            as_of=taken.at - timedelta(seconds=self._timing.clock() - began),
            began=began,
        )

    async def _read_taken(self, pools: Sequence[str]) -> Taken:
        if not pools:
            return Taken(self._now(), {}, {})
        claims = await read_claims(self._rows, pools)
        now = self._rows.server_time()
        lapsed = lapsed_bookings(claims, now)
        units = standings(claims, now, await confirmed_bookings(self._rows, lapsed))
        by_pool: dict[str, dict[str, Standing]] = defaultdict(dict)
        for unit, state in units.items():
            by_pool[unit.pool][unit.name] = state
        return Taken(now, units, {pool: by_pool[pool] for pool in pools})

    async def _of_event(self, subject: OfEvent) -> _Question:
        (event, ticket_types), showtimes = await asyncio.gather(
            self._catalogue.listing(subject.event_id), self._programme.showtimes(subject.event_id)
        )
        _check_published(event.published, "eventId")
        on = {showtime.id: showtime for showtime in showtimes if showtime.published}
        types = [one for one in ticket_types if one.showtime_id is None or one.showtime_id in on]
        pools = (*_type_pools(types), *(seat_pool(one.id) for one in on.values() if one.layout))
        return _Question(pools, partial(draw_event, event, types, on))

    async def _of_showtime(self, subject: OfShowtime) -> _Question:
        showtime = await self._programme.showtime(subject.showtime_id)
        event, ticket_types = await self._catalogue.listing(showtime.event_id)
        _check_published(event.published and showtime.published, "showtimeId")
        types = [one for one in ticket_types if one.showtime_id == showtime.id]
        pools = (*_type_pools(types), *((seat_pool(showtime.id),) if showtime.layout else ()))
        return _Question(pools, partial(draw_showtime, event, types, showtime))

    async def _of_day(self, subject: OfDay) -> _Question:
        offer = await self._programme.service(subject.service_id)
        event = await self._catalogue.event(offer.event_id) if offer.event_id else None
        _check_published(offer.published and (event is None or event.published), "serviceId")
        slots = slots_of_day(offer.service, subject.day, subject.duration)
        draw = partial(draw_day, offer, subject.day, subject.duration, slots)
        return _Question(pools_of(offer.service, slots), draw)


async def look_at_all(availability: Availability, wanted: Sequence[Wanted]) -> list[Picture]:
    """What is left of each. Raises as `Availability.look` does, and `Rejected` with `CONFLICT_ERROR` of the
    kind `VERSION_CONFLICT`.
    """
    pictures = await asyncio.gather(*(availability.look(one.subject) for one in wanted))
    for one, picture in zip(wanted, pictures, strict=True):
        try:
            check_version(one.version, picture.version)
        except Rejected as conflict:
            details = {**conflict.details, "field": one.version_field}
            raise Rejected(conflict.code, conflict.message, details) from conflict
    return pictures


async def warm(availability: Availability, event_ids: Iterable[str], log: Log) -> None:
    """Look at these events before anybody asks. One that cannot be looked at is only written to the log."""
    for event_id in event_ids:
        try:
            await availability.look(OfEvent(event_id))
        except BoxofficeError as error:
            log.error("availability.not_warmed", error, eventId=event_id)


def _type_pools(ticket_types: Sequence[TicketType]) -> list[str]:
    return [ids.pool_id(one.id) for one in ticket_types]


def _check_published(published: bool, field: str) -> None:
    if not published:
        raise Rejected(Code.EVENT_NOT_PUBLISHED, details={"field": field})

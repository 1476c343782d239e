"""What is left of events, counted again for those who only read: in the event, its ticket types, and for all.

A guest may not read an event, whose row says more than is public. What is left of it is a row of its own, in
the table `availability`, which is there only while the event is published.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from boxoffice.availability.look import Availability, Views
from boxoffice.availability.views import EventLeft, OfEvent
from boxoffice.bookings.desk import Desk
from boxoffice.caching import Cache
from boxoffice.catalogue import Catalogue
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.inventory.memory import PoolMemory
from boxoffice.ports import MOST_VALUES, NewRow
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.schema import Table

EVENT, TICKET_TYPE, SHOWTIME = "event", "ticketType", "showtime"

# 100 ticket types, 100 showtimes, and the event.
_MOST_SHOWN = 250
_NOT_SHOWN = frozenset({Code.NOT_FOUND_ERROR, Code.EVENT_NOT_PUBLISHED})


@dataclass(frozen=True, slots=True)
class _Count:
    """How many of something can be bought."""

    kind: str
    subject_id: str
    left: int

    def row_id(self, event_id: str) -> str:
        """Where everybody reads it. That of the event has the event's own id."""
        return event_id if self.kind == EVENT else ids.count_id(event_id, self.kind, self.subject_id)


async def refresh_event(desk: Desk, event_id: str) -> bool:
    """Count what can be bought of an event, and show it where something else is shown; whether it was.

    The same as `availability` answers: nothing of what is not on sale now.
    """
    counts, events, ticket_types, shown = await asyncio.gather(
        _counts(desk, event_id),
        desk.rows.find(Table.EVENTS, {"$id": event_id}, columns=["ticketsLeft"], limit=1),
        desk.rows.find(Table.TICKET_TYPES, {"eventId": event_id}, columns=["ticketsLeft"]),
        desk.rows.find(Table.AVAILABILITY, {"eventId": event_id}, columns=["ticketsLeft"], limit=_MOST_SHOWN),
    )
    left = {(count.kind, count.subject_id): count.left for count in counts}
    drifted = [
        (table, row["$id"], left.get((kind, row["$id"]), 0))
        for table, kind, rows in (
            (Table.TICKET_TYPES, TICKET_TYPE, ticket_types),
            (Table.EVENTS, EVENT, events),
        )
        for row in rows
        if row["ticketsLeft"] != left.get((kind, row["$id"]), 0)
    ]
    for table, row_id, count in drifted:
        await desk.rows.update(table, row_id, {"ticketsLeft": count})
    published = await _publish(desk, event_id, counts, {row["$id"]: row["ticketsLeft"] for row in shown})
    return published or bool(drifted)


async def _counts(desk: Desk, event_id: str) -> list[_Count]:
    """What is left of everything that the event sells; nothing when it is not published."""
    clock = desk.timing.clock
    # Read now: what a warm function remembers may be older than what has to be shown.
    availability = Availability(
        desk.rows,
        Catalogue(desk.rows, Cache(1, clock), desk.timing),
        Programme(desk.rows, KnownProgramme.empty(1, clock), desk.log),
        Views(1, 0.0, clock),
        PoolMemory(clock),
        desk.timing,
        desk.now,
    )
    try:
        left = (await availability.look(OfEvent(event_id))).left
    except Rejected as refusal:
        if refusal.code not in _NOT_SHOWN:
            raise
        return []
    return list(_counts_of(left)) if isinstance(left, EventLeft) else []


def _counts_of(left: EventLeft) -> Iterator[_Count]:
    parts = [_Count(TICKET_TYPE, one.ticket_type.id, one.counts.free) for one in left.ticket_types]
    parts += [_Count(SHOWTIME, one.showtime.id, one.counts.free) for one in left.seats]
    yield _Count(EVENT, left.event.id, sum(part.left for part in parts))
    yield from parts


async def _publish(desk: Desk, event_id: str, counts: list[_Count], shown: Mapping[str, int]) -> bool:
    """Let everybody read `counts` and nothing else of the event, where something else is `shown`."""
    wanted = {count.row_id(event_id): count for count in counts}
    for row_id, count in wanted.items():
        if row_id not in shown:
            columns = {"eventId": event_id, "kind": count.kind, "subjectId": count.subject_id}
            row = NewRow(row_id, {**columns, "ticketsLeft": count.left}, public=True)
            await desk.rows.put_once(Table.AVAILABILITY, row)
        elif shown[row_id] != count.left:
            await desk.rows.update(Table.AVAILABILITY, row_id, {"ticketsLeft": count.left})
    over = sorted(shown.keys() - wanted.keys())
    for at in range(0, len(over), MOST_VALUES):
        gone = over[at : at + MOST_VALUES]
        await desk.rows.delete_where(Table.AVAILABILITY, {"eventId": event_id, "$id": gone})
    return bool(over) or any(shown.get(row_id) != count.left for row_id, count in wanted.items())

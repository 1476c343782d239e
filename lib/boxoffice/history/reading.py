"""Reads the log: the history of one booking, and what an administrator looks for in all of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.history.entries import Entry
from boxoffice.history.facts import gather_facts
from boxoffice.history.telling import Noticed, entries_of
from boxoffice.ports import Range, Row
from boxoffice.schema import Table
from boxoffice.times import to_text

_MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which entries are wanted; `None` means any. `period` is a condition on the time of the change."""

    booking_id: str | None = None
    actor: str | None = None
    period: Range | None = None


async def history_of(desk: Desk, booking_id: str) -> list[Entry]:
    """What has happened to a booking, the oldest first: what is logged, and what is not logged yet."""
    logged, found = await asyncio.gather(
        desk.rows.find(Table.AUDIT_LOG, {"bookingId": booking_id}, limit=_MOST_ENTRIES),
        gather_facts(desk.rows, [booking_id]),
    )
    noticed = Noticed(to_text(desk.rows.server_time()), desk.execution_id)
    told = {entry.id: entry for facts in found for entry in entries_of(facts, noticed)}
    # What was written down first counts: it knows better when.
    told |= {row["$id"]: Entry.from_row(row) for row in logged}
    order = {entry_id: number for number, entry_id in enumerate(told)}
    return [told[entry_id] for entry_id in sorted(told, key=lambda one: (told[one].at, order[one]))]


async def read_log(desk: Desk, wanted: LogFilter, cursor: str, limit: int) -> Sequence[Row]:
    """The newest entries, beginning after the one with the id `cursor`.

    Raises `Rejected` with `VALIDATION_ERROR` when there is no such entry.
    """
    if cursor and not await desk.rows.find(Table.AUDIT_LOG, {"$id": cursor}, columns=["action"]):
        raise Rejected(Code.VALIDATION_ERROR, "cursor must be the id of an entry.", {"field": "cursor"})
    columns = {"bookingId": wanted.booking_id, "actor": wanted.actor, "at": wanted.period}
    return await desk.rows.find(
        Table.AUDIT_LOG,
        {name: value for name, value in columns.items() if value is not None},
        order="at",
        descending=True,
        after=cursor,
        limit=limit,
    )

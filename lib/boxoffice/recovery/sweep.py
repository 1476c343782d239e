"""The sweep: looks at the bookings whose time has come, and leaves each as it should be.

Every booking says itself when it has to be looked at. Nothing is reserved for one run: any number of runs can
go on at the same time, because each step can be repeated and the outcome rows decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.cancellations.call_off import call_off
from boxoffice.cancellations.due import finish_due
from boxoffice.domain.errors import BoxofficeError, typed
from boxoffice.domain.recovery import next_question
from boxoffice.domain.status import Outcome
from boxoffice.identity import SWEEP
from boxoffice.managing.finish import finish_due_changes
from boxoffice.outbox.delivery import send_due
from boxoffice.ports import MOST_VALUES, Range, Row
from boxoffice.recovery.attendance import close_past_bookings
from boxoffice.recovery.counts import refresh_event
from boxoffice.recovery.evidence import Evidence, gather_evidence
from boxoffice.recovery.holds import expire_holds, is_unpaid_hold, recover_hold
from boxoffice.recovery.projections import show_confirmed
from boxoffice.recovery.recover import recover
from boxoffice.recovery.results import Recovered, Swept
from boxoffice.recovery.tidying import (
    refresh_some_events,
    release_abandoned,
    remove_old_conflicts,
    remove_old_limits,
    remove_orphaned_files,
)
from boxoffice.reports.keep import restore_archived
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.due import finish_due_events
from boxoffice.webhooks.untold import find_untold

# No booking is begun later than this, so that there is time to bring it to its end.
_WORK_SECONDS = 12.0

_AT_ONCE = 8

# What says itself when it has to be looked at.
_LOOKED_AT = (Table.BOOKINGS, Table.CANCELLATIONS, Table.WEBHOOK_EVENTS, Table.UNIT_CHANGES)


async def sweep(desk: Desk) -> Swept:
    """Look at as many bookings as there is time for, the longest due first, and tidy up.

    Raises when Appwrite does not answer.
    """
    run = _Run(replace(desk, actor=SWEEP))
    await run.tidy("reports_restored", restore_archived)
    await run.tidy("cancellations_finished", finish_due)
    await run.tidy("called_off", call_off)
    await run.tidy("changes_finished", finish_due_changes)
    await run.tidy("notices_sent", send_due)
    await run.work()
    await run.tidy("payments_found", find_untold)
    await run.tidy("webhooks_finished", finish_due_events)
    await run.tidy("closed", close_past_bookings)
    await run.tidy("claims_released", release_abandoned)
    await run.refresh()
    await run.tidy("files_removed", remove_orphaned_files)
    await run.tidy("limits_removed", remove_old_limits)
    await run.tidy("conflicts_removed", remove_old_conflicts)
    return await run.end()


class _Run:
    """One run of the sweep."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._swept = Swept()
        self._seen: set[str] = set()
        self._touched_events: set[str] = set()
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def _has_time(self) -> bool:
        return self._desk.budget.spent() < _WORK_SECONDS

    async def work(self) -> None:
        """Look at the bookings that are due."""
        while self._has_time:
            due = await self._due()
            if not due:
                return
            await self._work_on(due)

    async def refresh(self) -> None:
        """Count again what is left of the events whose bookings have changed, and of some others."""
        for event_id in sorted(self._touched_events):
            await self.tidy("events_refreshed", partial(refresh_event, event_id=event_id))
        some_others = partial(refresh_some_events, but=frozenset(self._touched_events))
        await self.tidy("events_refreshed", some_others)

    async def tidy(self, name: str, task: Callable[[Desk], Awaitable[int]]) -> None:
        """Do something that the next run can do as well, and count what it has done."""
        if not self._has_time:
            return
        try:
            done = await task(self._desk)
        except BoxofficeError as error:
            self._desk.log.error("sweep.tidying_failed", error, task=name)
            return
        setattr(self._swept, name, getattr(self._swept, name) + done)

    async def end(self) -> Swept:
        """Count what is left to do."""
        rows, swept = self._desk.rows, self._swept
        due = {"checkAfter": Range(upto=to_text(rows.server_time()))}
        for table in _LOOKED_AT:
            if remaining := await rows.count(table, {"checkAfter": Range()}):
                swept.remaining += remaining
                swept.waiting += max(0, remaining - await rows.count(table, due))
        return swept

    async def _due(self) -> list[Booking]:
        """The next bookings that are due and that this run has not seen."""
        rows = await self._desk.rows.find(
            Table.BOOKINGS, {"checkAfter": Range()}, order="checkAfter", limit=MOST_VALUES
        )
        now = to_text(self._desk.rows.server_time())
        due = [row for row in rows if row["checkAfter"] <= now and row["$id"] not in self._seen]
        self._seen |= {row["$id"] for row in due}
        return [booking for row in due if (booking := self._read(row)) is not None]

    def _read(self, row: Row) -> Booking | None:
        try:
            return Booking.from_row(row)
        except (KeyError, ValueError, TypeError) as error:
            self._desk.log.error("booking.unreadable", typed(error), bookingId=row["$id"])
            return None

    async def _work_on(self, due: Sequence[Booking]) -> None:
        self._swept.examined += len(due)
        unpaid = [booking for booking in due if is_unpaid_hold(booking)]
        found = await gather_evidence(self._desk, [booking for booking in due if booking not in unpaid])
        await self._work_on_holds(unpaid)
        confirmed = [one.booking for one in found if one.outcome is Outcome.CONFIRMED]
        open_ones = [one for one in found if one.outcome is not Outcome.CONFIRMED]
        ends = await asyncio.gather(*(self._recover(one) for one in open_ones))
        for one, end in zip(open_ones, ends, strict=True):
            if end in (Recovered.FINISHED, Recovered.CONFIRMED):
                confirmed.append(one.booking)
            if end not in (Recovered.LOOKED, Recovered.POSTPONED):
                self._touched_events.add(one.booking.event_id)
        self._count(ends)
        if confirmed:
            await show_confirmed(self._desk, confirmed)
            self._touched_events |= {booking.event_id for booking in confirmed}
            self._swept.projected += len(confirmed)

    async def _work_on_holds(self, holds: Sequence[Booking]) -> None:
        """Look after holds that nobody has paid for: many at once end, and few are special."""
        if not holds:
            return
        ended, special = await expire_holds(self._desk, holds)
        self._swept.expired += len(ended)
        self._touched_events |= {booking.event_id for booking in ended}
        ends = await asyncio.gather(
            *(self._guarded(hold.booking, partial(recover_hold, self._desk, hold)) for hold in special)
        )
        for hold, end in zip(special, ends, strict=True):
            if end not in (Recovered.LOOKED, Recovered.POSTPONED):
                self._touched_events.add(hold.booking.event_id)
        self._count(ends)

    async def _recover(self, found: Evidence) -> Recovered:
        return await self._guarded(found.booking, partial(recover, self._desk, found))

    async def _guarded(self, booking: Booking, act: Callable[[], Awaitable[Recovered]]) -> Recovered:
        """What `act` does about a booking; when that fails, the booking is looked at again later."""
        async with self._places:
            if not self._has_time:
                return Recovered.LOOKED
            try:
                return await act()
            except BoxofficeError as error:
                self._desk.log.error("booking.not_recovered", error, bookingId=booking.id)
            await self._postpone(booking)
            return Recovered.POSTPONED

    async def _postpone(self, booking: Booking) -> None:
        later = next_question(booking.lease_until, self._desk.rows.server_time())
        try:
            await self._desk.rows.update(Table.BOOKINGS, booking.id, {"checkAfter": to_text(later)})
        except BoxofficeError as error:
            self._desk.log.error("booking.not_postponed", error, bookingId=booking.id)

    def _count(self, ends: Sequence[Recovered]) -> None:
        swept = self._swept
        swept.finished += ends.count(Recovered.FINISHED)
        swept.undone += ends.count(Recovered.UNDONE)
        swept.voided += ends.count(Recovered.VOIDED)
        swept.retried += ends.count(Recovered.RETRIED)
        swept.escalated += ends.count(Recovered.ESCALATED)
        swept.postponed += ends.count(Recovered.POSTPONED)

"""Cancellations whose execution did not end them, and money that could not be returned: tried again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.batches import some_at_a_time
from boxoffice.cancellations.finish import finish, win
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.cancellations.reporting import is_settled, report_owed
from boxoffice.domain import recovery
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Fatal, typed
from boxoffice.ports import MOST_VALUES, Range, Row
from boxoffice.schema import Table
from boxoffice.times import to_text

# Until somebody has repaired a row that says nothing.
_UNREADABLE = timedelta(hours=1)


async def finish_due(desk: Desk) -> int:
    """Bring those cancellations to their end whose time has come; how many have come there.

    One that was registered and went no further is what its owner wants: it is finished and not forgotten.
    """
    rows = await desk.rows.find(
        Table.CANCELLATIONS, {"checkAfter": Range()}, order="checkAfter", limit=MOST_VALUES
    )
    now = to_text(desk.rows.server_time())
    due = [row for row in rows if row["checkAfter"] <= now]
    if not due:
        return 0
    bookings = await _bookings(desk, due)
    return await some_at_a_time(desk, due, lambda row: _end(desk, row, bookings))


async def _bookings(desk: Desk, due: Sequence[Row]) -> dict[str, Row]:
    named = sorted({row["bookingId"] for row in due})
    return {row["$id"]: row for row in await desk.rows.find(Table.BOOKINGS, {"$id": named})}


async def _end(desk: Desk, row: Row, bookings: dict[str, Row]) -> bool:
    """Whether nothing is left to do about a cancellation."""
    try:
        cancellation = Cancellation.from_row(row)
        sold = Sold.from_row(bookings[cancellation.booking_id])
    except (KeyError, ValueError, TypeError) as error:
        desk.log.error("cancellation.unreadable", typed(error), cancellationId=row["$id"])
        await _postpone(desk, row["$id"], desk.rows.server_time() + _UNREADABLE)
        return False
    try:
        return await _go_on(desk, sold, cancellation)
    except BoxofficeError as error:
        desk.log.error("cancellation.not_ended", error, cancellationId=cancellation.id)
    later = recovery.next_question(cancellation.lease_until, desk.rows.server_time())
    await _postpone(desk, cancellation.id, later)
    return False


async def _go_on(desk: Desk, sold: Sold, cancellation: Cancellation) -> bool:
    if await is_settled(desk, cancellation):
        columns = {"state": CancellationState.NEEDS_OPERATOR, "checkAfter": None}
        await desk.rows.update(Table.CANCELLATIONS, cancellation.id, columns)
        return True
    if not await win(desk, cancellation):
        return True
    progress = await finish(desk, sold, cancellation)
    if progress.owed is None:
        return True
    return await _try_later(desk, sold, cancellation, progress.owed)


async def _try_later(desk: Desk, sold: Sold, cancellation: Cancellation, error: BoxofficeError) -> bool:
    """Whether it has been tried so often that it is for a person now."""
    tried = replace(cancellation, tries=cancellation.tries + 1)
    next_at = recovery.next_attempt(tried.tries, desk.rows.server_time())
    await report_owed(desk, sold, tried, error, next_at)
    columns = {
        "tries": tried.tries,
        "state": CancellationState.REGISTERED if next_at else CancellationState.NEEDS_OPERATOR,
        "checkAfter": to_text(next_at) if next_at else None,
    }
    await desk.rows.update(Table.CANCELLATIONS, cancellation.id, columns)
    if next_at is None:
        desk.log.error(
            "cancellation.needs_operator", Fatal(Code.ROLLBACK_FAILED), cancellationId=cancellation.id
        )
    return next_at is None


async def _postpone(desk: Desk, cancellation_id: str, later: datetime) -> None:
    """So that it is not in the way of the others."""
    try:
        await desk.rows.update(Table.CANCELLATIONS, cancellation_id, {"checkAfter": to_text(later)})
    except BoxofficeError as error:
        desk.log.error("cancellation.not_postponed", error, cancellationId=cancellation_id)

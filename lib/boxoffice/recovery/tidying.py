"""What nobody will ever ask for: looked for in a small part of everything at each run, round and round."""

from collections.abc import Set
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.errors import Fatal
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.ports import MOST_VALUES, Range, StoredFile, Where
from boxoffice.recovery.counts import EVENT, refresh_event
from boxoffice.schema import Table
from boxoffice.times import to_text

# Far longer than a lease: what is as old and belongs to nothing was left behind.
_OLD = timedelta(minutes=10)

_EVENTS_AT_ONCE = 20

# The sales of a season can be compared with those of the one before.
_CONFLICTS_KEPT = timedelta(days=400)


async def release_abandoned(desk: Desk) -> int:
    """Free units whose reservation ran out and whose booking is gone; of how many bookings."""
    stale = Range(upto=to_text(desk.rows.server_time() - _OLD))
    claims = await desk.rows.find(
        Table.CLAIMS, {"reservedUntil": stale}, columns=["bookingId"], order="reservedUntil"
    )
    named = sorted({claim["bookingId"] for claim in claims})
    if not named:
        return 0
    known = await desk.rows.find(Table.BOOKINGS, {"$id": named}, columns=["status"])
    sold = await desk.rows.find(Table.OUTCOMES, {"$id": named, "outcome": Outcome.CONFIRMED})
    gone = set(named) - {row["$id"] for row in (*known, *sold)}
    for booking_id in sorted(gone):
        await desk.rows.delete_where(Table.CLAIMS, {"bookingId": booking_id, "reservedUntil": stale})
        desk.log.info("claims.released", bookingId=booking_id)
    return len(gone)


async def remove_orphaned_files(desk: Desk) -> int:
    """Remove images of tickets that do not exist; how many.

    Not while an old booking is undecided: its tickets may still be made, for the images that are there.
    """
    now = desk.rows.server_time()
    old = [file for file in await _some_files(desk, now) if file.created_at < now - _OLD]
    undecided: Where = {
        "status": BookingStatus.PENDING,
        "checkAfter": Range(),
        "$createdAt": Range(upto=to_text(now - _OLD)),
    }
    if not old or await desk.rows.count(Table.BOOKINGS, undecided):
        return 0
    named = [file.id for file in old]
    tickets = await desk.rows.find(Table.TICKETS, {"qrFileId": named}, columns=["qrFileId"])
    orphaned = sorted(set(named) - {ticket["qrFileId"] for ticket in tickets})
    for file_id in orphaned:
        await desk.files.delete(file_id)
        desk.log.info("file.removed", fileId=file_id)
    return len(orphaned)


async def remove_old_limits(desk: Desk) -> int:
    """Remove the counters of requests whose window is long over; how many, up to `MOST_COUNTED`."""
    over = {"windowEnds": Range(upto=to_text(desk.rows.server_time() - _OLD))}
    return await _remove(desk, Table.RATE_LIMITS, over, "limits.removed")


async def remove_old_conflicts(desk: Desk) -> int:
    """Remove counts of conflicts that nobody asks about any more; how many, up to `MOST_COUNTED`.

    Each process of each function writes some every few seconds of a busy sale, so they would never end.
    """
    old = {"$createdAt": Range(upto=to_text(desk.rows.server_time() - _CONFLICTS_KEPT))}
    return await _remove(desk, Table.CONFLICT_LOG, old, "conflicts.removed")


async def refresh_some_events(desk: Desk, but: Set[str]) -> int:
    """Refresh what is shown of some events that are published or were; of how many it was wrong.

    `but` those that this run has refreshed.
    """
    published = await _some_ids(desk, Table.EVENTS, {"status": "published"}, _EVENTS_AT_ONCE)
    shown = await _some_ids(desk, Table.AVAILABILITY, {"kind": EVENT}, MOST_VALUES)
    where: Where = {"$id": shown, "status": "published"}
    still = await desk.rows.find(Table.EVENTS, where, columns=["status"]) if shown else ()
    withdrawn = set(shown) - {row["$id"] for row in still}
    refreshed = 0
    for event_id in (*sorted(withdrawn), *published):
        if event_id in but:
            continue
        try:
            refreshed += await refresh_event(desk, event_id)
        except Fatal as error:
            # An organiser's mistake in one event must not keep the others from being shown as they are.
            desk.log.error("event.not_refreshed", error, eventId=event_id)
    return refreshed


async def _some_ids(desk: Desk, table: Table, where: Where, at_once: int) -> list[str]:
    """The ids of the rows that match, another `at_once` of them in each minute when there are more."""
    count = await desk.rows.count(table, where)
    if not count:
        return []
    minute = int(desk.rows.server_time().timestamp() // 60)
    skip = minute * at_once % count if count > at_once else 0
    column = next(iter(where))
    rows = await desk.rows.find(table, where, columns=[column], skip=skip, limit=at_once)
    return [row["$id"] for row in rows]


async def _remove(desk: Desk, table: Table, where: Where, logged_as: str) -> int:
    """Remove rows; how many, up to `MOST_COUNTED`."""
    count = await desk.rows.count(table, where)
    if count:
        await desk.rows.delete_where(table, where)
        desk.log.info(logged_as, count=count)
    return count


async def _some_files(desk: Desk, now: datetime) -> list[StoredFile]:
    """As many files as fit into one condition, from another place in each minute."""
    start = ids.qr_file_id("a place to begin at", int(now.timestamp() // 60))
    files = list(await desk.files.find(Range(above=start)))
    if len(files) < MOST_VALUES:
        files += await desk.files.find(Range(upto=start), limit=MOST_VALUES - len(files))
    return files

"""Confirmed bookings whose event is over: did anybody come?"""

from collections import Counter
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.domain.attendance import status_after
from boxoffice.domain.status import BookingStatus
from boxoffice.history.record import check_again_at
from boxoffice.ports import MOST_VALUES, Range, Row, Where
from boxoffice.schema import Table
from boxoffice.times import to_text

_MOST_PAGES = 10
_MOST_CHECKINS = 5_000


async def close_past_bookings(desk: Desk) -> int:
    """Show whether anybody came to up to 1000 bookings whose event is over, the longest over first; how many.

    Found by the index on status and `overAt`, so that it does not matter how many there have been. They are
    to be looked at again, which writes the log. A booking whose event was cancelled and to which nobody has
    come is left to whoever returns its money.
    """
    over: Where = {
        "status": BookingStatus.CONFIRMED,
        "overAt": Range(upto=to_text(desk.rows.server_time())),
    }
    closed, skipped = 0, 0
    for _ in range(_MOST_PAGES):
        page = await desk.rows.find(
            Table.BOOKINGS, over, columns=["eventId"], order="overAt", skip=skipped, limit=MOST_VALUES
        )
        if not page:
            break
        done = await _close(desk, page)
        closed += done
        # What is closed is not found again; what was left alone is.
        skipped += len(page) - done
    return closed


async def _close(desk: Desk, page: Sequence[Row]) -> int:
    booking_ids = [row["$id"] for row in page]
    event_ids = sorted({row["eventId"] for row in page})
    admissions = await desk.rows.find(
        Table.CHECKINS,
        {"bookingId": booking_ids, "kind": "admitted"},
        columns=["bookingId"],
        limit=_MOST_CHECKINS,
    )
    cancelled = await desk.rows.find(
        Table.EVENTS, {"$id": event_ids, "status": "cancelled"}, columns=["status"]
    )
    admitted = Counter(row["bookingId"] for row in admissions)
    called_off = {row["$id"] for row in cancelled}
    by_status: dict[BookingStatus, list[str]] = {}
    for row in page:
        if admitted[row["$id"]] or row["eventId"] not in called_off:
            by_status.setdefault(status_after(admitted[row["$id"]]), []).append(row["$id"])
    for status, some in by_status.items():
        # Not by their ids alone: one that was cancelled meanwhile stays cancelled.
        await desk.rows.update_where(
            Table.BOOKINGS,
            {"$id": some, "status": BookingStatus.CONFIRMED},
            {"status": status, "checkAfter": check_again_at(desk.rows.server_time())},
        )
    return sum(len(some) for some in by_status.values())

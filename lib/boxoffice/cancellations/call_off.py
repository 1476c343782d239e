"""An event that its organiser has cancelled: all that is booked of it is cancelled, and all money goes back.

Nothing remembers how far it has come. A ticket whose fate is written is done with, so that any run goes on
where the last one ended, and several at once do each booking once.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.open_holds import release_hold
from boxoffice.cancellations.batches import has_time, some_at_a_time
from boxoffice.cancellations.fates import Fates
from boxoffice.cancellations.finish import finish, win
from boxoffice.cancellations.records import Sold
from boxoffice.cancellations.register import Cause, draft, register
from boxoffice.domain.cancellation import refund_in_full
from boxoffice.domain.errors import BoxofficeError, typed
from boxoffice.domain.status import BookingStatus
from boxoffice.history.telling import CALLED_OFF
from boxoffice.identity import ORGANISER
from boxoffice.ports import MOST_VALUES, Row, Where
from boxoffice.schema import Table

_MOST_FATES = 5_000


async def call_off(desk: Desk) -> int:
    """Cancel confirmed bookings of cancelled events, and give back their holds, for as long as there is time.

    Returns of how many bookings. Tickets that have been used are left out, and told of in the log.
    """
    event_ids = await _some_events(desk)
    if not event_ids:
        return 0
    held = await _each_page(desk, event_ids, BookingStatus.HELD, _release_all)
    return held + await _each_page(desk, event_ids, BookingStatus.CONFIRMED, _cancel_all)


async def _each_page(
    desk: Desk,
    event_ids: Sequence[str],
    status: BookingStatus,
    act: Callable[[Desk, Sequence[Row]], Awaitable[int]],
) -> int:
    """Act on the events' bookings with that status; what it comes to."""
    done, after = 0, ""
    while has_time(desk):
        where: Where = {"eventId": event_ids, "status": status}
        page = await desk.rows.find(Table.BOOKINGS, where, after=after, limit=MOST_VALUES)
        if page:
            done += await act(desk, page)
        if len(page) < MOST_VALUES:
            break
        after = page[-1]["$id"]
    return done


async def _some_events(desk: Desk) -> list[str]:
    """Cancelled events, as many as fit into one condition: others in each minute when there are more."""
    cancelled = {"status": "cancelled"}
    events = await desk.rows.find(Table.EVENTS, cancelled, columns=["status"], limit=MOST_VALUES)
    if len(events) == MOST_VALUES:
        count = await desk.rows.count(Table.EVENTS, cancelled)
        minute = int(desk.rows.server_time().timestamp() // 60)
        events = await desk.rows.find(
            Table.EVENTS,
            cancelled,
            columns=["status"],
            skip=minute * MOST_VALUES % count,
            limit=MOST_VALUES,
        )
    return [event["$id"] for event in events]


async def _cancel_all(desk: Desk, page: Sequence[Row]) -> int:
    fates = await _fates(desk, [row["$id"] for row in page])

    async def cancel(row: Row) -> bool:
        return await _cancel(desk, Sold.from_row(row), fates[row["$id"]])

    return await _try_all(desk, page, cancel)


async def _release_all(desk: Desk, page: Sequence[Row]) -> int:
    for_organiser = replace(desk, actor=ORGANISER)

    async def release(row: Row) -> bool:
        await release_hold(for_organiser, row["userId"], row["$id"])
        return True

    return await _try_all(desk, page, release)


async def _try_all(desk: Desk, page: Sequence[Row], act: Callable[[Row], Awaitable[bool]]) -> int:
    """Act on all of them; for how many it was done. One that fails is left to the next run."""

    async def attempt(row: Row) -> bool:
        try:
            return await act(row)
        except (BoxofficeError, KeyError, ValueError, TypeError) as error:
            desk.log.error("event.booking_not_cancelled", typed(error), bookingId=row["$id"])
            return False

    return await some_at_a_time(desk, page, attempt)


async def _cancel(desk: Desk, sold: Sold, fates: Fates) -> bool:
    """Whether the rest of a booking has just been cancelled. Money that is owed is left to `finish_due`."""
    valid = [number for number in sold.numbers if fates.of(sold.id, number) is None]
    if not valid:
        return False
    refund = refund_in_full(sold.price, [fates.issued(sold.id, number) for number in valid])
    cause = Cause(ORGANISER, CALLED_OFF, by_organiser=True)
    cancellation = await register(desk, draft(desk, sold, refund, cause))
    if not await win(desk, cancellation):
        return False
    if used := len(sold.numbers) - len(valid) - fates.cancelled:
        desk.log.info("event.tickets_used", bookingId=sold.id, tickets=used)
    await finish(desk, sold, cancellation)
    return True


async def _fates(desk: Desk, booking_ids: Sequence[str]) -> Mapping[str, Fates]:
    rows = await desk.rows.find(Table.CHECKINS, {"bookingId": booking_ids}, limit=_MOST_FATES)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["bookingId"]].append(row)
    return {booking_id: Fates.of_rows(found[booking_id]) for booking_id in booking_ids}

"""Events that nobody is at work on any more, or whose time has come: worked on again."""

import asyncio
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import typed
from boxoffice.domain.gateway_events import GatewayEventKind
from boxoffice.domain.status import STANDING
from boxoffice.ports import MOST_VALUES, Range, Row
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.records import EventState, Result, StoredEvent, done
from boxoffice.webhooks.work import work_on

# None is begun later than this, so that there is time to bring it to its end.
_WORK_SECONDS = 12.0

_AT_ONCE = 8

_OF_PAYMENTS = frozenset(
    {
        GatewayEventKind.PAYMENT_AUTHORISED,
        GatewayEventKind.PAYMENT_CAPTURED,
        GatewayEventKind.ORDER_PAID,
    }
)


async def finish_due_events(desk: Desk) -> int:
    """Work on those events whose time has come, the longest due first; how many have come to their end."""
    seen: set[str] = set()
    ended = 0
    while desk.budget.spent() < _WORK_SECONDS:
        due = [row for row in await _due(desk) if row["$id"] not in seen]
        if not due:
            break
        seen |= {row["$id"] for row in due}
        booked = await _close_booked(desk, due)
        ended += len(booked)
        ended += await _work_on(desk, [row for row in due if row["$id"] not in booked])
    return ended


async def _due(desk: Desk) -> Sequence[Row]:
    rows = await desk.rows.find(
        Table.WEBHOOK_EVENTS, {"checkAfter": Range()}, order="checkAfter", limit=MOST_VALUES
    )
    now = to_text(desk.rows.server_time())
    return [row for row in rows if row["checkAfter"] <= now]


async def _close_booked(desk: Desk, due: Sequence[Row]) -> set[str]:
    """Be done at once with payments that have made their bookings, as nearly all have; the events' ids."""
    of_payments = [row for row in due if row["event"] in _OF_PAYMENTS and row["paymentId"]]
    if not of_payments:
        return set()
    where = {"paymentId": sorted({row["paymentId"] for row in of_payments}), "status": sorted(STANDING)}
    found = await desk.rows.find(Table.BOOKINGS, where, columns=["paymentId"])
    booked = {row["paymentId"] for row in found}
    closed = {row["$id"] for row in of_payments if row["paymentId"] in booked}
    if closed:
        columns = done(Result.BOOKED).columns()
        await desk.rows.update_where(Table.WEBHOOK_EVENTS, {"$id": sorted(closed)}, columns)
    return closed


async def _work_on(desk: Desk, rows: Sequence[Row]) -> int:
    """Of how many nothing is left to do now."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def end(row: Row) -> bool:
        async with places:
            if desk.budget.spent() >= _WORK_SECONDS:
                return False
            try:
                event = StoredEvent.from_row(row)
            except (KeyError, ValueError, TypeError) as error:
                desk.log.error("webhook.row_unreadable", typed(error), webhookEvent=row["$id"])
                return False
            return (await work_on(desk, event)).state is not EventState.WAITING

    return sum(await asyncio.gather(*(end(row) for row in rows)))

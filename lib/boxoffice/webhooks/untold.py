"""Payments that the gateway has not told of: its webhook was lost, or nobody has switched it on.

What is paid for a hold is found by the hold's order. A payment without an order, whose client was refused or
has died before it could ask for anything, is known to nobody but the gateway. So the gateway's own list is
read from where it was last left: soon after a payment was made, and again when nothing can become of it any
more.
"""

import asyncio
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.domain.gateway_events import GatewayEvent, GatewayEventKind
from boxoffice.domain.payments import MOST_LISTED, PaymentPage
from boxoffice.identity import SWEEP
from boxoffice.ports import NewRow
from boxoffice.schema import Table
from boxoffice.times import from_text, to_text
from boxoffice.webhooks.records import event_row

LOOKS = {
    "payments-soon": timedelta(minutes=5),
    # What is not captured by then has gone back to the customer.
    "payments-last": timedelta(days=6),
}
"""How old a payment is when it is looked for, and the name under which it is written down how far that is."""

# Before this was deployed nobody could pay for anything here.
_FIRST_LOOK = timedelta(days=1)

# A time with more pages than that is looked through in parts, unless it is as short as this.
_MOST_PAGES = 20
_SHORTEST_LOOK = timedelta(minutes=10)

# A sweep that follows at once has nothing new to look at.
_LEAST_NEW = timedelta(seconds=30)

# No look is begun later than this, so that there is time to bring it to its end.
_WORK_SECONDS = 12.0

_TELL_OF_MONEY = (GatewayEventKind.PAYMENT_CAPTURED, GatewayEventKind.ORDER_PAID)


async def find_untold(desk: Desk) -> int:
    """Write down as told by the gateway what it has not told; how many payments that were."""
    now = desk.rows.server_time()
    rows = await desk.rows.find(Table.CURSORS, {"$id": sorted(LOOKS)})
    reached = {row["$id"]: from_text(row["reached"]) for row in rows}
    found = 0
    for name, age in LOOKS.items():
        until = now - age
        since = reached.get(name)
        if since is None:
            since = until - _FIRST_LOOK
            await desk.rows.put_once(Table.CURSORS, NewRow(name, {"reached": to_text(since)}))
        while until - since > _LEAST_NEW and desk.budget.spent() < _WORK_SECONDS:
            noted, since = await _look(desk, since, until)
            found += noted
            await desk.rows.update(Table.CURSORS, name, {"reached": to_text(since)})
        if since > until:
            # The server's clock has been put back.
            await desk.rows.update(Table.CURSORS, name, {"reached": to_text(until)})
    return found


async def _look(desk: Desk, since: datetime, until: datetime) -> tuple[int, datetime]:
    """Look through payments that were made from `since` on: how many were untold, and until when those were.

    The newest are listed first. Where there are many, less time is looked through, so that what was done
    counts although there is not enough time for all of it.
    """
    pages = [await desk.payments.made_between(since, until)]
    while not pages[-1].is_last:
        if len(pages) == _MOST_PAGES and until - since > _SHORTEST_LOOK:
            until = since + (until - since) / 2
            pages = []
        pages.append(await desk.payments.made_between(since, until, MOST_LISTED * len(pages)))
    return sum([await _note(desk, page) for page in pages]), until


async def _note(desk: Desk, page: PaymentPage) -> int:
    """Write down those of the captured payments that nobody knows of; how many."""
    taken = {payment.id: payment for payment in page.payments if payment.is_captured}
    if not taken:
        return 0
    bookings, events = await asyncio.gather(
        desk.rows.find(Table.BOOKINGS, {"paymentId": sorted(taken)}, columns=["paymentId"]),
        desk.rows.find(
            Table.WEBHOOK_EVENTS,
            {"paymentId": sorted(taken), "event": _TELL_OF_MONEY},
            columns=["paymentId"],
            limit=len(_TELL_OF_MONEY) * MOST_LISTED,
        ),
    )
    known = {row["paymentId"] for row in (*bookings, *events)}
    untold = [payment for payment_id, payment in taken.items() if payment_id not in known]
    now = desk.rows.server_time()
    for payment in untold:
        kind = GatewayEventKind.PAYMENT_CAPTURED
        event = GatewayEvent(f"{SWEEP}-{payment.id}", kind, kind, payment, None, now)
        row = event_row(event, desk.new_token(), now, desk.execution_id)
        await desk.rows.put_once(Table.WEBHOOK_EVENTS, row)
        desk.log.info("payment.untold", paymentId=payment.id)
    return len(untold)

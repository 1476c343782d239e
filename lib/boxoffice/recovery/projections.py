"""What is only shown and follows from what is true: the state of claims and bookings, what can be sold."""

import asyncio
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.ports import MOST_COUNTED, Row
from boxoffice.schema import Table

_PAGE = 5_000
_MOST_TICKET_TYPES = 100


async def show_confirmed(desk: Desk, booking_ids: Sequence[str]) -> None:
    """Show that up to 100 confirmed bookings are: their units sold, themselves done with, in this order."""
    rows = desk.rows
    await rows.update_where(
        Table.CLAIMS,
        {"bookingId": booking_ids, "state": "RESERVED"},
        {"state": "SOLD", "reservedUntil": None},
    )
    await rows.update_where(
        Table.BOOKINGS,
        {"$id": booking_ids, "status": BookingStatus.PENDING},
        {"status": BookingStatus.CONFIRMED, "paymentStatus": PaymentStatus.CAPTURED, "failureCode": None},
    )
    await rows.update_where(Table.BOOKINGS, {"$id": booking_ids}, {"checkAfter": None})


async def refresh_event(desk: Desk, event_id: str) -> bool:
    """Count what is left of an event, and show it where it is shown differently; whether it was."""
    events, ticket_types = await asyncio.gather(
        desk.rows.find(Table.EVENTS, {"$id": event_id}, columns=["ticketsLeft"], limit=1),
        desk.rows.find(
            Table.TICKET_TYPES,
            {"eventId": event_id},
            columns=["capacity", "ticketsLeft"],
            limit=_MOST_TICKET_TYPES,
        ),
    )
    left = await asyncio.gather(*(_left(desk, ticket_type) for ticket_type in ticket_types))
    shown = [*((Table.TICKET_TYPES, row, count) for row, count in zip(ticket_types, left, strict=True))]
    shown += [(Table.EVENTS, event, sum(left)) for event in events]
    drifted = [(table, row["$id"], count) for table, row, count in shown if row["ticketsLeft"] != count]
    for table, row_id, count in drifted:
        await desk.rows.update(table, row_id, {"ticketsLeft": count})
    return bool(drifted)


async def _left(desk: Desk, ticket_type: Row) -> int:
    pool = ids.pool_id(ticket_type["$id"])
    taken = await desk.rows.count(Table.CLAIMS, {"poolId": pool})
    if taken >= MOST_COUNTED:
        taken = await _count_one_by_one(desk, pool)
    return max(0, int(ticket_type["capacity"]) - taken)


async def _count_one_by_one(desk: Desk, pool: str) -> int:
    taken, after = 0, ""
    while True:
        page = await desk.rows.find(
            Table.CLAIMS, {"poolId": pool}, columns=["poolId"], after=after, limit=_PAGE
        )
        taken += len(page)
        if len(page) < _PAGE:
            return taken
        after = page[-1]["$id"]

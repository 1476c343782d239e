"""What a move shows: on the tickets, in the booking's row, and to its owner."""

import asyncio
import json
from collections.abc import Collection, Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids, items
from boxoffice.domain.notices import NoticeKind
from boxoffice.managing.steps import Step
from boxoffice.outbox.notify import notify
from boxoffice.ports import Row
from boxoffice.schema import Table

_MOST_CLAIMS = 500


async def claims_of(desk: Desk, booking_id: str) -> Sequence[Row]:
    """What the booking has."""
    columns = ["unit", "label", "ticket", "reservedUntil"]
    return await desk.rows.find(Table.CLAIMS, {"bookingId": booking_id}, columns=columns, limit=_MOST_CLAIMS)


async def print_seats(desk: Desk, booking_id: str, numbers: Collection[int]) -> None:
    """Show on these tickets the seats that they have. Their codes stay: they say nothing of seats."""
    await asyncio.gather(
        *(
            desk.rows.update_where(
                Table.TICKETS,
                {"$id": ids.ticket_id(booking_id, claim["ticket"])},
                {"unit": claim["unit"], "seat": claim["label"]},
            )
            for claim in await claims_of(desk, booking_id)
            if claim["ticket"] in numbers
        )
    )


async def name_seats(desk: Desk, booking: Row, steps: Sequence[Step]) -> None:
    """Have the booking's row say which seats it has: who looks at it, or buys it again, goes by that."""
    before = items.from_stored(json.loads(booking["items"]))
    after = items.with_seats(before, {step.number: step.new_label for step in steps})
    if after != before:
        text = json.dumps(items.to_stored(after), ensure_ascii=False, separators=(",", ":"))
        await desk.rows.update(Table.BOOKINGS, booking["$id"], {"items": text})


async def tell(desk: Desk, move_id: str, booking: Row, steps: Sequence[Step]) -> None:
    """Have the booking's owner told, once."""
    body = {
        "reference": booking["reference"],
        "eventName": booking["eventName"],
        "tickets": [{"number": step.number, "from": step.old_label, "to": step.new_label} for step in steps],
    }
    await notify(desk, booking["userId"], NoticeKind.BOOKING_MOVED, booking["$id"], body, move_id)

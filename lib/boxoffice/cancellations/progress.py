"""How far the cancelling of an event's bookings has come."""

import asyncio
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.records import CancellationState
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus
from boxoffice.schema import Table


@dataclass(frozen=True, slots=True)
class Progress:
    """Bookings of an event, and cancellations by what has become of their money; counting stops at 5000.

    `left` are not cancelled: undecided ones, and those with tickets that are valid or have been used.
    """

    event_id: str
    is_cancelled: bool
    left: int
    cancelled: int
    refunds_done: int
    refunds_open: int
    needs_operator: int


async def progress_of(desk: Desk, event_id: str) -> Progress:
    """The progress of one event. Raises `Rejected` with `NOT_FOUND_ERROR`."""
    events = await desk.rows.find(Table.EVENTS, {"$id": event_id}, columns=["status"], limit=1)
    if not events:
        raise Rejected(Code.NOT_FOUND_ERROR, "There is no event with this eventId.", {"field": "eventId"})
    undecided = [BookingStatus.HELD, BookingStatus.PENDING, BookingStatus.CONFIRMED]

    async def cancellations(state: CancellationState) -> int:
        return await desk.rows.count(Table.CANCELLATIONS, {"eventId": event_id, "state": state})

    left, cancelled, done, registered, stuck = await asyncio.gather(
        desk.rows.count(Table.BOOKINGS, {"eventId": event_id, "status": undecided}),
        desk.rows.count(Table.BOOKINGS, {"eventId": event_id, "status": BookingStatus.CANCELLED}),
        cancellations(CancellationState.DONE),
        cancellations(CancellationState.REGISTERED),
        cancellations(CancellationState.NEEDS_OPERATOR),
    )
    return Progress(
        event_id=event_id,
        is_cancelled=events[0]["status"] == "cancelled",
        left=left,
        cancelled=cancelled,
        refunds_done=done,
        refunds_open=registered,
        needs_operator=stuck,
    )

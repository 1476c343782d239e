"""What is written down about a booking that somebody wants to cancel."""

import asyncio
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.fates import Fates, read_fates
from boxoffice.cancellations.records import Cancellation, Sold
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.ports import Where
from boxoffice.schema import Table


@dataclass(frozen=True, slots=True)
class Known:
    """A booking, what became of its tickets, and its cancellations that took effect, in their order.

    `event_status` is `None` when there is no event: a service may belong to none.
    """

    sold: Sold
    fates: Fates
    in_effect: tuple[Cancellation, ...]
    event_status: str | None

    @property
    def is_called_off(self) -> bool:
        """Whether the event has been cancelled by its organiser."""
        return self.event_status == "cancelled"

    @property
    def left(self) -> tuple[int, ...]:
        """The tickets that are not cancelled, used ones included."""
        return tuple(
            number for number in self.sold.numbers if not self.fates.is_cancelled(self.sold.id, number)
        )


async def find_sold(desk: Desk, where: Where) -> Sold | None:
    """The booking with that id or reference."""
    found = await desk.rows.find(Table.BOOKINGS, where, limit=1)
    return Sold.from_row(found[0]) if found else None


async def look_up(desk: Desk, sold: Sold) -> Known:
    """Everything that has to be known, as it is now. The rows of one booking are few."""
    fates, events = await asyncio.gather(
        read_fates(desk.rows, sold.id),
        desk.rows.find(Table.EVENTS, {"$id": sold.event_id}, columns=["status"], limit=1),
    )
    event_status = events[0]["status"] if events else None
    return Known(sold, fates, await _in_effect(desk, sold, fates), event_status)


async def _in_effect(desk: Desk, sold: Sold, fates: Fates) -> tuple[Cancellation, ...]:
    """Read after the fates: what has decided one was registered before."""
    decided_by = {by for _, by in fates.by_ticket.values()}
    if not decided_by:
        return ()
    rows = await desk.rows.find(Table.CANCELLATIONS, {"bookingId": sold.id}, order="$createdAt")
    return tuple(Cancellation.from_row(row) for row in rows if row["$id"] in decided_by)


async def check_stands(desk: Desk, sold: Sold) -> None:
    """Return when the booking is confirmed.

    Raises `Rejected` with `BOOKING_IN_PROGRESS` while that is undecided, and with `NOT_CANCELLABLE`.
    """
    if sold.status is BookingStatus.PENDING:
        outcomes = await desk.rows.find(Table.OUTCOMES, {"$id": sold.id}, limit=1)
        if outcomes and outcomes[0]["outcome"] == Outcome.CONFIRMED:
            return
        raise Rejected(Code.BOOKING_IN_PROGRESS)
    if sold.status is not BookingStatus.CONFIRMED:
        raise Rejected(
            Code.NOT_CANCELLABLE,
            f"Only a confirmed booking can be cancelled, and this one is {sold.status.value}.",
            {"status": sold.status.value},
        )

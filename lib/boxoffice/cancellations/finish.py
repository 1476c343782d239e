"""From the commit point of a cancellation on, forward only: every step can be repeated, by anybody.

The commit point is `win`: one bulk create writes the fates of all its tickets, or none. Until then nothing
has happened. Afterwards the tickets are void whatever else fails, so what follows is owed to two people who
do not wait for each other:

- The units go back at once and not after the money. They are nobody's from the commit on, so that a gateway
  that is down for an hour keeps no seat empty; and whoever buys a seat takes nothing from the one who gave it
  back, because how much goes back was written down before, and never depends on the seat.
- The money goes back at the same time and not after the units, so that a database that fails there does not
  keep it either. Its key is the cancellation's id, so that it leaves once, however often it is asked for.

A crash at any instant leaves `checkAfter` set, and the sweep does all of it again.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.fates import fate_rows, read_fates
from boxoffice.cancellations.money import return_money
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.cancellations.reporting import report_returned
from boxoffice.cancellations.showing import show
from boxoffice.cancellations.units import return_units, return_uses
from boxoffice.domain.errors import BoxofficeError, typed
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table
from boxoffice.times import to_text


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a cancellation that took effect has come, and what it is by now.

    `owed` is why its money has not gone back yet.
    """

    cancellation: Cancellation
    booking_status: BookingStatus
    owed: BoxofficeError | None


async def win(desk: Desk, cancellation: Cancellation) -> bool:
    """Whether the tickets are cancelled by `cancellation`, now or already.

    All of them, or none because one is somebody else's: admitted, or cancelled otherwise. That never changes
    again, so the cancellation is refused for good.
    """
    try:
        await desk.rows.create_all(Table.CHECKINS, fate_rows(cancellation), owner="by")
    except RowsTaken:
        fates = await read_fates(desk.rows, cancellation.booking_id)
        if all(fates.decided_by(ticket_id) == cancellation.id for ticket_id in cancellation.ticket_ids):
            return True
        await desk.rows.update_where(
            Table.CANCELLATIONS,
            {"$id": cancellation.id, "state": CancellationState.REGISTERED},
            {"state": CancellationState.REFUSED, "checkAfter": None},
        )
        return False
    return True


async def finish(desk: Desk, sold: Sold, cancellation: Cancellation) -> Progress:
    """Do everything that follows from a cancellation that has won its tickets.

    Money that cannot be returned now stops nothing else. Raises when something else failed: then all of it is
    done again.
    """
    desk.budget.release_reserve()
    voided, returned, refunded = await asyncio.gather(
        _void(desk, cancellation),
        return_units(desk, cancellation),
        _return_money(desk, sold, cancellation),
        return_exceptions=True,
    )
    for failure in (voided, returned):
        if isinstance(failure, BaseException):
            raise failure
    owed = typed(refunded) if isinstance(refunded, BaseException) else None
    if not isinstance(refunded, BaseException):
        cancellation = refunded
        await desk.rows.update(Table.CANCELLATIONS, cancellation.id, {"state": CancellationState.DONE})
    shown = await show(desk, sold.id)
    if shown.is_whole:
        await return_uses(desk, sold)
    if owed is not None:
        desk.log.error("cancellation.money_owed", owed, cancellationId=cancellation.id)
        return Progress(cancellation, shown.status, owed)
    await _close(desk, cancellation)
    desk.log.info("cancellation.done", cancellationId=cancellation.id, bookingId=sold.id)
    return Progress(cancellation, shown.status, None)


async def _void(desk: Desk, cancellation: Cancellation) -> None:
    await desk.rows.update_where(Table.TICKETS, {"$id": cancellation.ticket_ids}, {"status": "cancelled"})


async def _return_money(desk: Desk, sold: Sold, cancellation: Cancellation) -> Cancellation:
    if cancellation.state is CancellationState.DONE:
        return cancellation
    return await return_money(desk, cancellation, sold.payment_id)


async def _close(desk: Desk, cancellation: Cancellation) -> None:
    """Nothing is left to do, but for the sweep to write the booking's history and to count its event."""
    if cancellation.tries:
        await report_returned(desk, cancellation)
    # Later than what a sweep may be writing down of the booking right now, which knows nothing of this yet.
    soon = to_text(desk.rows.server_time() + timedelta(seconds=1))
    await desk.rows.update(Table.BOOKINGS, cancellation.booking_id, {"checkAfter": soon})
    await desk.rows.update(Table.CANCELLATIONS, cancellation.id, {"checkAfter": None})

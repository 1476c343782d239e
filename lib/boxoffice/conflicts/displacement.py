"""Holds that give way: all of those that have to, or none.

Their outcomes are written in one call, and whoever pays for one of them writes the same row: so a hold that
is being paid either stays, and with it all others, or its owner learns at once that it is over. What follows
can be repeated: whoever meets a hold that had to give way and still has its units does the rest.
"""

import asyncio
from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain.codes import Code
from boxoffice.domain.notices import NoticeKind
from boxoffice.domain.recovery import next_look
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.identity import ORGANISER
from boxoffice.outbox.notify import notify
from boxoffice.ports import NewRow, RowsTaken
from boxoffice.schema import Table
from boxoffice.times import optional_text


async def displace(desk: Desk, holds: Sequence[Booking], wanted_by: str) -> bool:
    """End 1 to 100 holds and free their units, for the booking `wanted_by`; whether that was possible.

    It is not when one of them has been paid for, or has ended, in this very moment: then all of them stay.
    """
    attempt = desk.new_token()
    try:
        await desk.rows.create_all(
            Table.OUTCOMES, [_outcome(desk, hold, attempt) for hold in holds], owner="attempt"
        )
    except RowsTaken:
        return False
    for hold in holds:
        desk.log.info("hold.displaced", bookingId=hold.id, wantedBy=wanted_by)
    await finish_displacing(desk, holds)
    return True


async def finish_displacing(desk: Desk, holds: Sequence[Booking]) -> None:
    """Tell the users of holds that had to give way, free their units, and show that they are over.

    In this order: a hold that still has its units is met again, and one that is still shown looked after.
    """
    if not holds:
        return
    await asyncio.gather(*(_tell(desk, hold) for hold in holds))
    await desk.rows.delete_where(Table.CLAIMS, {"bookingId": [hold.id for hold in holds]})
    await asyncio.gather(*(_show(desk, hold) for hold in holds))


async def _tell(desk: Desk, hold: Booking) -> None:
    body = {"reference": hold.reference, "eventId": hold.event_id, "eventName": hold.event_name}
    await notify(desk, hold.user_id, NoticeKind.HOLD_DISPLACED, hold.id, body)


async def _show(desk: Desk, hold: Booking) -> None:
    now = desk.rows.server_time()
    # Somebody may have paid in this moment: the gateway is asked about it a little later.
    look_at = next_look(now, now) if hold.gateway_order_id else now
    await desk.rows.update_where(
        Table.BOOKINGS,
        {"$id": hold.id, "status": BookingStatus.HELD},
        {
            "status": BookingStatus.EXPIRED,
            "failureCode": Code.HOLD_DISPLACED,
            "checkAfter": optional_text(look_at),
        },
    )


def _outcome(desk: Desk, hold: Booking, attempt: str) -> NewRow:
    return NewRow(
        hold.id,
        {
            "outcome": Outcome.EXPIRED,
            "attempt": attempt,
            # Never who wanted its units: the log of a booking is for its owner to read.
            "by": desk.actor or ORGANISER,
            "executionId": desk.execution_id or None,
        },
    )

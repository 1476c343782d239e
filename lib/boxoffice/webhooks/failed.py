"""A payment has failed: its hold ends soon, so that others can have what it keeps."""

import asyncio

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import Rejected
from boxoffice.domain.holds import ends_after_failure
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.status import BookingStatus
from boxoffice.history.record import note_new_end
from boxoffice.identity import GATEWAY
from boxoffice.ports import Range, Where
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.named import hold_of
from boxoffice.webhooks.records import Progress, Result, StoredEvent, done


async def end_hold_soon(desk: Desk, event: StoredEvent) -> Progress:
    """Let the hold of a failed payment end after a grace, unless its order is being paid in another way.

    The bank may still say yes, and the customer may try again: either pays for the hold while it lasts, and
    gets the same again afterwards when it is still free. Raises when somebody does not answer.
    """
    hold = await hold_of(desk, event.order_id)
    if hold is None or hold.status is not BookingStatus.HELD or hold.held_until is None:
        return done(Result.IGNORED)
    try:
        payments = await desk.payments.payments_of(event.order_id)
    except Rejected:
        return done(Result.UNKNOWN)
    if any(payment.state is not PaymentState.FAILED for payment in payments):
        return done(Result.IGNORED)
    until = ends_after_failure(hold.held_until, desk.rows.server_time())
    if until == hold.held_until:
        return done(Result.IGNORED)
    # Not when it is being extended or paid at this moment: whoever does that knows better.
    unchanged: Where = {
        "$id": hold.id,
        "status": BookingStatus.HELD,
        "heldUntil": Range(upto=to_text(hold.held_until)),
    }
    sooner = to_text(until)
    claims: Where = {"bookingId": hold.id, "state": "RESERVED", "reservedUntil": Range(above=sooner)}
    await desk.rows.update_where(Table.CLAIMS, claims, {"reservedUntil": sooner})
    await asyncio.gather(
        desk.rows.update_where(Table.BOOKINGS, unchanged, {"heldUntil": sooner, "checkAfter": sooner}),
        note_new_end(desk, hold, GATEWAY, "booking.shortened", until),
    )
    return done(Result.HOLD_ENDS)

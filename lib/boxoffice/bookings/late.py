"""Pay for a hold that is over: what it had is bought again while it is free, as a booking of its own."""

from boxoffice.bookings.admission import Admission, Proof
from boxoffice.bookings.book import Stock, sell
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import successor
from boxoffice.bookings.records import Booking
from boxoffice.bookings.refill import fill_again
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.stored_hold import StoredHold, why_over
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import STANDING, BookingStatus
from boxoffice.schema import Table


async def get_again(
    desk: Desk, caller: Caller, ended: StoredHold, payment_id: str | None, proof: Proof
) -> Booked | Failed:
    """Book what `caller`'s hold had, or give the money back when it is gone.

    Only for whoever has the lease of the hold: one at a time. Returns and raises as `convert` does.
    """
    hold, gone = ended.booking, why_over(ended.booking)
    booking_id = ids.booking_id(payment_id) if payment_id else ids.free_booking_id(caller.user_id, hold.id)
    wanted, admission = successor(desk, caller, hold, booking_id, payment_id), Admission(desk, caller, proof)
    try:
        await proof()
    except Rejected as refusal:
        # Also a payment that has gone back, because this request was too late before.
        return await admission.refuse(wanted, refusal)
    await _check_not_bought(desk, hold, payment_id)
    if ended.outcome is not None:
        # Whoever ended it may not have come to this: its own units must not be in its way.
        await desk.inventory.release(hold.id, ended.places)
    try:
        basket = await fill_again(desk, hold)
    except Rejected:
        return await sell(desk, admission, wanted, Stock((), ()), gone, gone)
    # They were this hold's until just now: nobody's memory of that may cost its owner the tickets.
    desk.inventory.doubt((*basket.wants, *basket.extras))
    stock = Stock(basket.wants, basket.extras)
    return await sell(desk, admission, wanted, stock, gone if basket.refusal else None, gone)


async def _check_not_bought(desk: Desk, hold: Booking, payment_id: str | None) -> None:
    """Return when no other payment has bought what the hold had. Raises `Rejected`."""
    if hold.gateway_order_id is None:
        return
    where = {
        "gatewayOrderId": hold.gateway_order_id,
        "status": [BookingStatus.PENDING, *STANDING],
    }
    found = await desk.rows.find(Table.BOOKINGS, where, columns=["paymentId", "status"])
    others = {row["status"] for row in found if row["paymentId"] != payment_id}
    if others & STANDING:
        raise Rejected(Code.INVALID_STATUS_TRANSITION, "What was held has been booked with another payment.")
    if others:
        raise Rejected(Code.BOOKING_IN_PROGRESS)

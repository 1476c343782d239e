"""Book tickets for a payment: all of it, or nothing and the money back."""

from dataclasses import dataclass, replace
from datetime import timedelta

from boxoffice.bookings.admission import Admission, Admitted, PaymentClaim
from boxoffice.bookings.aftermath import explain, record_failure, record_success
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking, order_row
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.sale import Goods, Sale
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.catalogue import Offer, check_on_sale
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pricing.lines import Quote
from boxoffice.domain.pricing.quotes import Item, quote
from boxoffice.domain.recovery import CLOCK_SKEW
from boxoffice.domain.status import BookingStatus, PaymentStatus
from boxoffice.saga.runner import Ending

# Three times what a function may run synchronously, so that only a dead execution ever loses its lease.
LEASE = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants. The ticket type is given by its id or, without one, by its name."""

    event_id: str
    ticket_type_id: str | None
    ticket_type_name: str | None
    quantity: int
    payment: PaymentClaim


async def book(desk: Desk, caller: Caller, wish: Wish) -> Booked | Failed:
    """Book what `wish` says for `caller`, at the catalogue's price.

    Returns `Failed` when something had to be undone, and raises when nothing had been done.
    """
    offer = await desk.catalogue.offer(wish.event_id, wish.ticket_type_id, wish.ticket_type_name)
    ticket_type = offer.ticket_type
    price = quote(
        [Item(ticket_type.id, ticket_type.name, ticket_type.price, wish.quantity)], offer.event.charges
    )
    draft = _draft(desk, caller, wish, offer, price)
    admission = Admission(desk, caller, wish.payment)
    try:
        check_on_sale(offer, desk.now())
    except Rejected as refusal:
        return await admission.refuse(draft, refusal)

    shortage = await desk.inventory.known_shortage(
        ids.pool_id(ticket_type.id), ticket_type.capacity, wish.quantity
    )
    begun = await (admission.begin_refused(draft, shortage) if shortage else admission.begin(draft))
    if not isinstance(begun, Admitted):
        return begun

    sale = Sale(desk, begun, _goods(desk, begun.booking, offer, shortage))
    report = await sale.saga.run()
    if report.ending is Ending.COMMITTED:
        await record_success(desk, sale)
        desk.log.info("booking.confirmed", bookingId=sale.booking.id, quantity=wish.quantity)
        return Booked(
            replace(sale.booking, status=BookingStatus.CONFIRMED, payment_status=PaymentStatus.CAPTURED)
        )
    failed = explain(desk, sale, report)
    if sale.is_void:
        await admission.void(sale.booking)
    else:
        await record_failure(desk, sale, report)
    return failed


def _goods(desk: Desk, booking: Booking, offer: Offer, shortage: Rejected | None) -> Goods:
    """What a new booking sells. `shortage` is the refusal when its units are known to be gone already."""

    async def claim() -> tuple[int, ...]:
        if shortage is not None:
            raise shortage
        return await desk.inventory.claim(
            pool=booking.pool,
            capacity=offer.ticket_type.capacity,
            quantity=booking.quantity,
            event_id=booking.event_id,
            booking_id=booking.id,
            reserved_until=booking.lease_until,
        )

    return Goods(booking.total, claim, lambda: order_row(booking, offer))


def _draft(desk: Desk, caller: Caller, wish: Wish, offer: Offer, price: Quote) -> Booking:
    ticket_type = offer.ticket_type
    booking_id = ids.booking_id(wish.payment.payment_id)
    lease_until = desk.now() + LEASE
    return Booking(
        id=booking_id,
        reference=ids.reference(wish.payment.payment_id),
        user_id=caller.user_id,
        event_id=offer.event.id,
        ticket_type_id=ticket_type.id,
        quantity=wish.quantity,
        price=price,
        payment_id=wish.payment.payment_id,
        payment_status=PaymentStatus.NONE,
        status=BookingStatus.PENDING,
        fingerprint=ids.fingerprint(caller.user_id, offer.event.id, ticket_type.id, wish.quantity),
        attempt=desk.new_token(),
        lease_until=lease_until,
        vouched=caller.is_trusted_server,
        check_after=lease_until + CLOCK_SKEW,
    )

"""Book for a payment: all of it, or nothing and the money back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxoffice.bookings.admission import Admission, Admitted
from boxoffice.bookings.aftermath import explain, record_failure, record_success
from boxoffice.bookings.basket import Basket, fill
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import draft, fingerprint
from boxoffice.bookings.proof import PaymentClaim, prove
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.sale import Sale
from boxoffice.conflicts import contest
from boxoffice.conflicts.refusals import count_refusal
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import NO_RIGHT, Right
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.payments import Payment, nothing_to_pay
from boxoffice.domain.selection import Selection
from boxoffice.domain.status import BookingStatus
from boxoffice.inventory.claims import Claimant
from boxoffice.inventory.wants import Place, Want
from boxoffice.saga.runner import Ending


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client wants. `request_id` tells apart bookings of the same user that cost nothing.

    `availability_version` is that of the picture from which the client has chosen.
    """

    selections: tuple[Selection, ...]
    payment: PaymentClaim | None
    promo_code: str | None = None
    request_id: str | None = None
    availability_version: str | None = None


@dataclass(frozen=True, slots=True)
class Stock:
    """The units that a booking takes: those of its tickets in their order, and what it claims besides."""

    wants: Sequence[Want]
    extras: Sequence[Want]


async def book(desk: Desk, caller: Caller, wish: Wish) -> Booked | Failed:
    """Book what `wish` says for `caller`, at the catalogue's price.

    Returns `Failed` when something had to be undone, and raises when nothing had been done.
    """

    async def explained(refusal: BoxofficeError) -> BoxofficeError:
        shown = refusal
        if wish.availability_version is not None:
            # Loaded by the first request that needs it.
            from boxoffice.bookings.as_of import as_of

            shown = await as_of(desk, refusal, wish.availability_version, wish.selections)
        await count_refusal(desk, shown, wish.selections)
        return shown

    try:
        result = await _book(desk, caller, wish)
    except Rejected as refusal:
        raise await explained(refusal) from refusal.__cause__
    return replace(result, error=await explained(result.error)) if isinstance(result, Failed) else result


async def _book(desk: Desk, caller: Caller, wish: Wish) -> Booked | Failed:
    basket = await fill(desk, caller.user_id, wish.selections, wish.promo_code)

    async def proof() -> Payment:
        if not basket.price.total.amount:
            return nothing_to_pay(basket.price.total)
        return await prove(desk, caller, _payment(wish))

    admission, wanted = Admission(desk, caller, proof), _draft(desk, caller, basket, wish)
    if basket.refusal is not None:
        return await admission.refuse(wanted, basket.refusal)
    right = Right(basket.event.conflicts, caller.tier)
    return await sell(desk, admission, wanted, Stock(basket.wants, basket.extras), right=right)


async def sell(
    desk: Desk,
    admission: Admission,
    wanted: Booking,
    stock: Stock,
    shortage: Rejected | None = None,
    gone: Rejected | None = None,
    right: Right = NO_RIGHT,
) -> Booked | Failed:
    """Begin the booking `wanted`, and bring it to its end. Returns and raises as `book` does.

    `shortage` is the refusal when it is clear that it cannot be had: then there is only money to return.
    `gone` is said instead of any other refusal of units. `right` is that to what others hold.
    """
    wants = (*stock.wants, *stock.extras)
    shortage = shortage or await contest.known_shortage(desk, right, wants)
    if shortage is not None:
        begun = await admission.begin_refused(wanted, gone or shortage)
    else:
        begun, _ = await asyncio.gather(admission.begin(wanted), desk.inventory.prepare(wants))
    if not isinstance(begun, Admitted):
        return begun

    async def claim() -> Sequence[Place]:
        booking = begun.booking
        claimant = Claimant(booking.event_id, booking.id, booking.lease_until)
        try:
            if shortage is not None:
                raise shortage
            return await contest.claim(desk, right, booking, stock.wants, stock.extras, claimant)
        except Rejected as refusal:
            raise gone or refusal from None

    sale = Sale(desk, begun, claim)
    report = await sale.saga.run()
    if report.ending is Ending.COMMITTED:
        return await confirmed(desk, sale)
    failed = explain(desk, sale, report)
    if sale.is_void:
        await admission.void(sale.booking)
    else:
        await record_failure(desk, sale, report)
    return failed


async def confirmed(desk: Desk, sale: Sale) -> Booked:
    """Show that the sale was made, and answer so."""
    desk.inventory.sold(sale.places)
    await record_success(desk, sale)
    booking = sale.booking
    desk.log.info("booking.confirmed", bookingId=booking.id, quantity=booking.quantity)
    booking = replace(booking, status=BookingStatus.CONFIRMED, payment_status=sale.payment_status)
    return Booked(booking, sale.places)


def _draft(desk: Desk, caller: Caller, basket: Basket, wish: Wish) -> Booking:
    if basket.price.total.amount:
        payment_id = _payment(wish).payment_id
        return draft(desk, caller, basket, ids.booking_id(payment_id), payment_id)
    # Nothing tells two bookings apart that cost nothing but what the client calls them.
    name = wish.request_id or (wish.payment.payment_id if wish.payment else "")
    request = f"{fingerprint(caller.user_id, basket)}:{name}"
    return draft(desk, caller, basket, ids.free_booking_id(caller.user_id, request), None)


def _payment(wish: Wish) -> PaymentClaim:
    if wish.payment is None:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "paymentId must be the id of the payment for what costs something.",
            {"field": "paymentId"},
        )
    return wish.payment

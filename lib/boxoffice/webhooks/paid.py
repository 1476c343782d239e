"""A payment has been authorised or captured: it makes its booking, or it goes back."""

from boxoffice.bookings.admission import Admission
from boxoffice.bookings.book import Stock, sell
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import successor
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.paid import Verdict, decide
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.recovery import CLOCK_SKEW, next_question
from boxoffice.domain.status import STANDING, BookingStatus, PaymentStatus
from boxoffice.history.record import check_again_at
from boxoffice.schema import Table
from boxoffice.webhooks.named import describe, named_booking, paid_booking
from boxoffice.webhooks.records import Progress, Result, StoredEvent, done, waiting
from boxoffice.webhooks.unclaimed import return_unclaimed


async def settle_payment(desk: Desk, event: StoredEvent) -> Progress:
    """Do about the payment of an event what is right. Raises when somebody does not answer."""
    booking = await paid_booking(desk, event.payment_id)
    if booking is not None and booking.status in STANDING:
        return done(Result.BOOKED)
    try:
        payment = await desk.payments.fetch(event.payment_id)
    except Rejected:
        return done(Result.UNKNOWN)
    booking = booking or await named_booking(desk, payment)
    named = await describe(desk, booking, payment.id) if booking else None
    verdict = decide(payment, named)
    if booking is None or named is None:
        if verdict is Verdict.UNCLAIMED:
            return await return_unclaimed(desk, event, payment)
        return done(_end_of(payment))
    match verdict:
        case Verdict.BOOKED:
            return done(Result.BOOKED)
        case Verdict.COMPLETE:
            return await _complete(desk, event, booking, payment)
        case Verdict.RETURN:
            return await _return(desk, event, booking, payment, Rejected(Code.DUPLICATE_PAYMENT))
        case Verdict.RETURNING:
            return await _have_returned(desk, booking)
        case Verdict.WAIT:
            return _wait(desk, event, booking)
        case _:
            return done(_end_of(payment))


async def _complete(desk: Desk, event: StoredEvent, booking: Booking, payment: Payment) -> Progress:
    """Do what the client would have asked for."""
    caller = Caller(booking.user_id, None)
    try:
        result = await convert(desk, caller, booking.id, PaymentClaim(payment.id))
    except Rejected as refusal:
        if refusal.rule.retryable:
            return _wait(desk, event, booking)
        if not payment.is_captured:
            return done(Result.LAPSES)
        return await _return(desk, event, booking, payment, refusal)
    return done(Result.BOOKED if isinstance(result, Booked) else _returned(result))


async def _return(
    desk: Desk, event: StoredEvent, booking: Booking, payment: Payment, refusal: Rejected
) -> Progress:
    """Give back what a booking has no use for, as a booking of its own that begins as refused.

    So the payment has a row like every other: nobody can book with it meanwhile, and its money is looked
    after, shown and written down like all money.
    """

    async def proof() -> Payment:
        return payment

    caller = Caller(booking.user_id, None)
    wanted = successor(desk, caller, booking, ids.booking_id(payment.id), payment.id)
    try:
        result = await sell(desk, Admission(desk, caller, proof), wanted, Stock((), ()), refusal)
    except Rejected as error:
        if error.rule.retryable:
            return _wait(desk, event, booking)
        # Somebody has used the payment meanwhile.
        return waiting(Result.IN_PROGRESS, next_question(event.created_at, desk.rows.server_time()))
    return done(Result.BOOKED if isinstance(result, Booked) else _returned(result))


async def _have_returned(desk: Desk, booking: Booking) -> Progress:
    """Have a booking looked at that was rolled back, and whose money has come since then."""
    await desk.rows.update_where(
        Table.BOOKINGS,
        {"$id": booking.id, "status": [BookingStatus.ROLLED_BACK, BookingStatus.EXPIRED]},
        {"checkAfter": check_again_at(desk.rows.server_time())},
    )
    return done(Result.RETURNING)


def _wait(desk: Desk, event: StoredEvent, booking: Booking) -> Progress:
    """Until whoever is at work on the booking has ended, or has surely died."""
    now = desk.rows.server_time()
    later = next_question(event.created_at, now)
    return waiting(Result.IN_PROGRESS, max(later, booking.lease_until + CLOCK_SKEW), event.tries)


def _returned(failed: Failed) -> Result:
    """What becomes of the money of a booking that failed. What is still owed is its row's to remember."""
    match failed.error.details.get("payment"):
        case PaymentStatus.REFUNDED:
            return Result.REFUNDED
        case PaymentStatus.NONE | PaymentStatus.AUTHORISED | PaymentStatus.FAILED:
            return Result.LAPSES
        case _:
            return Result.RETURNING


def _end_of(payment: Payment) -> Result:
    match payment.state:
        case PaymentState.REFUNDED:
            return Result.REFUNDED
        case PaymentState.AUTHORISED:
            return Result.LAPSES
        case _:
            return Result.IGNORED

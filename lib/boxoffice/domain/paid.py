"""What is right for a payment that the gateway has told of.

Decided from where the payment and its booking are now, never from what the event says: events are late, come
twice and overtake each other, and a payment is where it is.
"""

from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.status import STANDING, BookingStatus


class Verdict(StrEnum):
    """What to do about a payment.

    `BOOKED` has its tickets, and `NOTHING` needs none. `RETURNING` is its booking's to give back, `WAIT` is
    somebody at work, and `UNCLAIMED` is money that belongs to no booking.
    """

    BOOKED = "booked"
    COMPLETE = "complete"
    RETURN = "return"
    RETURNING = "returning"
    WAIT = "wait"
    UNCLAIMED = "unclaimed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Named:
    """The booking that a payment is for. `is_its_own`: it is being paid with this payment and no other.

    `is_unpaid` is a hold, or one that has ended, that no payment has been used for.
    """

    status: BookingStatus
    is_its_own: bool
    is_unpaid: bool


def decide(payment: Payment, named: Named | None) -> Verdict:
    """What is right for `payment`, which is for the booking `named`, or for none that is known.

    An authorised payment that nobody uses goes back by itself. A hold that has ended is worth an attempt at
    getting the same again, and so is one whose other payment came to nothing.
    """
    taken = payment.is_captured
    if named is None:
        return Verdict.UNCLAIMED if taken else Verdict.NOTHING
    if named.is_its_own:
        return _own(named.status, taken)
    if not taken and payment.state is not PaymentState.AUTHORISED:
        return Verdict.NOTHING
    match named.status:
        case BookingStatus.PENDING:
            return Verdict.WAIT
        case BookingStatus.HELD | BookingStatus.EXPIRED | BookingStatus.ROLLED_BACK:
            return Verdict.COMPLETE
        case BookingStatus.CANCELLED if named.is_unpaid and taken:
            return Verdict.COMPLETE
        case _:
            return Verdict.RETURN if taken else Verdict.NOTHING


def _own(status: BookingStatus, taken: bool) -> Verdict:
    if status in STANDING or status is BookingStatus.CANCELLED:
        return Verdict.BOOKED
    if status in (BookingStatus.HELD, BookingStatus.PENDING):
        return Verdict.WAIT
    return Verdict.RETURNING if taken else Verdict.NOTHING

"""The states of a booking and of its payment, and the only moves between them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected


class BookingStatus(StrEnum):
    """Where a booking stands. It follows the booking's outcome and decides nothing itself."""

    HELD = "held"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"
    ROLLED_BACK = "rolled_back"


STANDING = frozenset({BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW})
"""Where a booking that was made stands, as long as nobody cancels it."""


class PaymentStatus(StrEnum):
    """Where the money is. `NONE` also means that no payment has been proven to belong to the booking yet."""

    NONE = "none"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    FAILED = "failed"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class Outcome(StrEnum):
    """How a booking ended: written once, and whoever loses the race for it obeys it."""

    CONFIRMED = "CONFIRMED"
    EXPIRED = "EXPIRED"
    ROLLED_BACK = "ROLLED_BACK"


Status = TypeVar("Status", BookingStatus, PaymentStatus)

BOOKING_MOVES: Mapping[BookingStatus, frozenset[BookingStatus]] = MappingProxyType(
    {
        BookingStatus.HELD: frozenset(
            {BookingStatus.PENDING, BookingStatus.EXPIRED, BookingStatus.CANCELLED},
        ),
        BookingStatus.PENDING: frozenset(
            {BookingStatus.CONFIRMED, BookingStatus.CANCELLED, BookingStatus.ROLLED_BACK},
        ),
        BookingStatus.CONFIRMED: frozenset(
            {BookingStatus.COMPLETED, BookingStatus.CANCELLED, BookingStatus.NO_SHOW},
        ),
        BookingStatus.COMPLETED: frozenset(),
        BookingStatus.CANCELLED: frozenset(),
        BookingStatus.NO_SHOW: frozenset(),
        BookingStatus.EXPIRED: frozenset(),
        BookingStatus.ROLLED_BACK: frozenset(),
    }
)

PAYMENT_MOVES: Mapping[PaymentStatus, frozenset[PaymentStatus]] = MappingProxyType(
    {
        PaymentStatus.NONE: frozenset(
            {PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED, PaymentStatus.FAILED},
        ),
        PaymentStatus.AUTHORISED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.FAILED}),
        # Gateways report late authorisations: a payment that failed can still arrive.
        PaymentStatus.FAILED: frozenset({PaymentStatus.AUTHORISED, PaymentStatus.CAPTURED}),
        PaymentStatus.CAPTURED: frozenset({PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}),
        # A refund can fail at the customer's bank days later: then the money is here again.
        PaymentStatus.PARTIALLY_REFUNDED: frozenset({PaymentStatus.REFUNDED, PaymentStatus.CAPTURED}),
        PaymentStatus.REFUNDED: frozenset({PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.CAPTURED}),
    }
)


_ENDS = MappingProxyType(
    {
        Outcome.CONFIRMED: BookingStatus.CONFIRMED,
        Outcome.EXPIRED: BookingStatus.EXPIRED,
        Outcome.ROLLED_BACK: BookingStatus.ROLLED_BACK,
    }
)


def decided_status(status: BookingStatus, outcome: str | None) -> BookingStatus:
    """Where a booking really stands whose row says `status`: the outcome counts until the row follows it."""
    if outcome is None or status not in (BookingStatus.HELD, BookingStatus.PENDING):
        return status
    return _ENDS[Outcome(outcome)]


def is_final(status: BookingStatus) -> bool:
    """Whether a booking stays in `status` for ever."""
    return not BOOKING_MOVES[status]


def move(current: Status, to: Status) -> Status:
    """`to`, when a booking or a payment may go there from `current`; staying where it is is always allowed.

    Raises `Rejected` with `INVALID_STATUS_TRANSITION` otherwise.
    """
    if to is not current and to not in _moves(current):
        raise Rejected(
            Code.INVALID_STATUS_TRANSITION,
            f"What is {current} cannot become {to}.",
            {"from": current.value, "to": to.value},
        )
    return to


def _moves(current: BookingStatus | PaymentStatus) -> frozenset[BookingStatus] | frozenset[PaymentStatus]:
    return BOOKING_MOVES[current] if isinstance(current, BookingStatus) else PAYMENT_MOVES[current]

"""What cancelled tickets make of their booking: how it, its order and its payment are shown.

Everything follows from two sums that only grow, of tickets cancelled and of money returned, so it may be
worked out again at any time and by anybody.
"""

from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus, PaymentStatus, Status, move


class OrderStatus(StrEnum):
    """How much of an order still stands. An order that says nothing of it was placed."""

    PLACED = "placed"
    PARTIALLY_CANCELLED = "partially_cancelled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Returns:
    """Of a booking of `quantity` tickets that cost `paid`: how many are cancelled, and what went back.

    Amounts are in minor units of one currency.
    """

    quantity: int
    cancelled: int
    paid: int
    refunded: int

    @property
    def is_whole(self) -> bool:
        """Whether no ticket is left."""
        return self.cancelled >= self.quantity

    @property
    def order_status(self) -> OrderStatus:
        """How the order is shown."""
        if self.is_whole:
            return OrderStatus.CANCELLED
        return OrderStatus.PARTIALLY_CANCELLED if self.cancelled else OrderStatus.PLACED

    def booking_status(self, current: BookingStatus) -> BookingStatus:
        """How the booking is shown that stands and is shown as `current`. What is final stays."""
        stands = BookingStatus.CONFIRMED if current is BookingStatus.PENDING else current
        return _towards(stands, BookingStatus.CANCELLED) if self.is_whole else stands

    def payment_status(self, current: PaymentStatus) -> PaymentStatus:
        """How the payment of the booking is shown that stands and is shown as `current`."""
        if not self.paid:
            return current
        taken = _towards(current, PaymentStatus.CAPTURED)
        if not self.refunded:
            return taken
        is_all = self.refunded >= self.paid
        return _towards(taken, PaymentStatus.REFUNDED if is_all else PaymentStatus.PARTIALLY_REFUNDED)


def _towards(current: Status, to: Status) -> Status:
    try:
        return move(current, to)
    except Rejected:
        return current

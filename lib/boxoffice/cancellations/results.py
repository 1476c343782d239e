"""What a cancellation comes back with, before it is put into a client's words."""

from dataclasses import dataclass
from enum import StrEnum

from boxoffice.cancellations.records import Cancellation, Sold
from boxoffice.domain.status import BookingStatus


class RefundStatus(StrEnum):
    """Where the money of a cancellation is.

    `NONE`: nothing goes back. `NEEDS_OPERATOR`: it could not be returned, and a person looks after it.
    """

    NONE = "none"
    PENDING = "pending"
    REFUNDED = "refunded"
    NEEDS_OPERATOR = "needs_operator"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Tickets that are cancelled or, on a dry run, would be. `replayed` when they already were."""

    sold: Sold
    cancellation: Cancellation
    booking_status: BookingStatus
    refund_status: RefundStatus
    dry_run: bool
    replayed: bool

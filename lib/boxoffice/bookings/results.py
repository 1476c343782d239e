"""What a use case comes back with, before it is put into a client's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.records import Booking
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.status import PaymentStatus
from boxoffice.inventory.wants import Place


@dataclass(frozen=True, slots=True)
class UndoneStep:
    """How one step ended: `undone` or `failed`. `milliseconds` includes the pauses between attempts."""

    name: str
    status: str
    attempts: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Rollback:
    """What became of a booking that failed.

    `created` are the ids of the ticket, transaction and order that were written, and `resources` says for
    each whether it is gone (`success`, `failed`); both are `None` for what was never written.
    """

    complete: bool
    steps: Sequence[UndoneStep]
    created: Mapping[str, str | None]
    resources: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Booked:
    """The booking stands, with these places for its tickets. `replayed` when it already did before."""

    booking: Booking
    places: Sequence[Place]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no booking: why, what was undone, and whether this is an earlier answer given again."""

    error: BoxofficeError
    rollback: Rollback | None = None
    replayed: bool = False


def payment_sentence(status: PaymentStatus) -> str:
    """What became of the payment of a booking that failed."""
    match status:
        case PaymentStatus.REFUNDED:
            return "The payment was refunded."
        case PaymentStatus.CAPTURED | PaymentStatus.PARTIALLY_REFUNDED:
            return "The payment will be refunded."
        case _:
            return "The payment was not charged."

"""What somebody wants to have: tickets of a type, seats by their labels, the best seats, or a time.

Seats and times may be wanted of a certain event: then their showtime or service has to be of that event.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SomeTickets:
    """`quantity` tickets of a type of an event, given by its id or, without one, by its name."""

    event_id: str
    ticket_type_id: str | None
    ticket_type_name: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class NamedSeats:
    """The seats of a showtime with these labels, in this order."""

    showtime_id: str
    labels: tuple[str, ...]
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class BestSeats:
    """The best `quantity` seats of a category, together when that is possible.

    The category may be left out where there is only one.
    """

    showtime_id: str
    quantity: int
    category: str | None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class SomeTime:
    """`quantity` places at a service, from `starts_at` for `duration` minutes."""

    service_id: str
    starts_at: datetime
    duration: int
    quantity: int
    event_id: str | None = None


Selection = SomeTickets | NamedSeats | BestSeats | SomeTime

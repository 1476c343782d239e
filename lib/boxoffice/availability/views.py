"""What can be asked about, and what is left of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from boxoffice.domain.availability import Counts, RowMap
from boxoffice.domain.catalogue import Event, TicketType
from boxoffice.domain.programme import ServiceOffer, Showtime
from boxoffice.domain.slots import OpenSlot


@dataclass(frozen=True, slots=True)
class OfEvent:
    """All that an event sells."""

    event_id: str


@dataclass(frozen=True, slots=True)
class OfShowtime:
    """All that one showtime sells, and the map of its hall."""

    showtime_id: str


@dataclass(frozen=True, slots=True)
class OfDay:
    """The open slots of `duration` minutes on a local day of a service."""

    service_id: str
    day: date
    duration: int


Subject = OfEvent | OfShowtime | OfDay


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something to look at. With a `version`, only as long as that is the current one.

    `version_field` is what a client calls the version that it has sent.
    """

    subject: Subject
    version: str | None
    version_field: str


@dataclass(frozen=True, slots=True)
class TypeLeft:
    """A ticket type, and whether it can be bought. `pool` is the `poolId` of its claims."""

    ticket_type: TicketType
    on_sale: bool
    pool: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class SeatsLeft:
    """The seats of a showtime, altogether and by category, and whether any of them can be bought."""

    showtime: Showtime
    on_sale: bool
    pool: str
    counts: Counts
    categories: Mapping[str, Counts]


@dataclass(frozen=True, slots=True)
class EventLeft:
    """What is left of an event: its published parts."""

    event: Event
    ticket_types: tuple[TypeLeft, ...]
    seats: tuple[SeatsLeft, ...]


@dataclass(frozen=True, slots=True)
class ShowtimeLeft:
    """What is left of a showtime; without a hall there are no `seats`."""

    showtime: Showtime
    ticket_types: tuple[TypeLeft, ...]
    seats: SeatsLeft | None
    map: tuple[RowMap, ...]


@dataclass(frozen=True, slots=True)
class DayLeft:
    """What is left of a service's day."""

    offer: ServiceOffer
    day: date
    duration: int
    slots: tuple[OpenSlot, ...]


Left = EventLeft | ShowtimeLeft | DayLeft

Draw = Callable[[datetime], Left]
"""What is left at a moment: what is for sale changes by itself, and is told without asking again."""


@dataclass(frozen=True, slots=True)
class View:
    """What was taken at `as_of`, by the server's clock. `began` is the same moment on the function's own one.

    `taken` stands for the state of all `pools`.
    """

    draw: Draw
    taken: str
    pools: tuple[str, ...]
    as_of: datetime
    began: float


@dataclass(frozen=True, slots=True)
class Picture:
    """What is left as it is shown to somebody: a `view`, with what can be bought at this moment."""

    left: Left
    version: str
    view: View

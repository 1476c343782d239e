"""What is on: the showtimes of events, with their seats, and services with their prices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from boxoffice.domain.catalogue import Event
from boxoffice.domain.money import Money
from boxoffice.domain.seating import Layout
from boxoffice.domain.services import Service


@dataclass(frozen=True, slots=True)
class Showtime:
    """One time at which an event takes place, in UTC.

    Without a `layout` it has no seats, only ticket types. `prices` are those of the categories of seats; a
    category without one is not for sale.
    """

    id: str
    event_id: str
    published: bool
    starts_at: datetime
    ends_at: datetime | None
    layout: Layout | None
    prices: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class ServiceOffer:
    """A service as it is sold. `prices` are those of one place, by its duration in minutes.

    With an `event_id`, that event's rules for fees, taxes, holds and cancelling apply.
    """

    service: Service
    name: str
    published: bool
    prices: Mapping[int, Money]
    event_id: str | None = None


def at_showtime(event: Event, showtime: Showtime) -> Event:
    """The event as it takes place at one of its showtimes."""
    published = event.published and showtime.published
    return replace(event, published=published, starts_at=showtime.starts_at, ends_at=showtime.ends_at)

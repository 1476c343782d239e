"""Makes what is left of what is taken: first what lasts as long as it is remembered, then what time changes.

Everything that a guest sees of the sale is decided here when he asks, because a sale begins and ends without
anybody writing anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from boxoffice.availability.views import DayLeft, Draw, EventLeft, Left, SeatsLeft, ShowtimeLeft, TypeLeft
from boxoffice.domain import ids
from boxoffice.domain.availability import RowMap, altogether, count, count_seats, seat_map
from boxoffice.domain.catalogue import Event, TicketType, is_on_sale, is_selling
from boxoffice.domain.pools import Standing, Unit, seat_pool
from boxoffice.domain.programme import ServiceOffer, Showtime, at_showtime
from boxoffice.domain.seating import Layout
from boxoffice.domain.slots import Slot, open_slots


@dataclass(frozen=True, slots=True)
class Taken:
    """Every unit that was not free at `at`."""

    at: datetime
    units: Mapping[Unit, Standing]
    by_pool: Mapping[str, Mapping[str, Standing]]


def draw_event(
    event: Event, ticket_types: Sequence[TicketType], showtimes: Mapping[str, Showtime], taken: Taken
) -> Draw:
    """What is left of an event. `showtimes` has those that are shown, by id."""
    types = [_of_type(event, one, showtimes.get(one.showtime_id or ""), taken) for one in ticket_types]
    halls = [
        _of_seats(event, showtime, showtime.layout, taken)
        for showtime in showtimes.values()
        if showtime.layout
    ]

    def draw(now: datetime) -> EventLeft:
        return EventLeft(
            event,
            tuple(_type_at(on, one, now) for on, one in types),
            tuple(_seats_at(on, seats, now) for on, seats in halls),
        )

    return draw


def draw_showtime(event: Event, ticket_types: Sequence[TicketType], showtime: Showtime, taken: Taken) -> Draw:
    """What is left of a showtime, with the map of its hall when it has one."""
    types = [_of_type(event, one, showtime, taken) for one in ticket_types]
    layout = showtime.layout
    if layout is None:
        return lambda now: ShowtimeLeft(
            showtime, tuple(_type_at(on, one, now) for on, one in types), None, ()
        )
    on_stage, seats = _of_seats(event, showtime, layout, taken)
    rows = seat_map(layout, taken.by_pool[seats.pool], showtime.prices)

    def draw(now: datetime) -> ShowtimeLeft:
        shown = _seats_at(on_stage, seats, now)
        return ShowtimeLeft(
            showtime, tuple(_type_at(on, one, now) for on, one in types), shown, _map_at(shown, rows)
        )

    return draw


def draw_day(offer: ServiceOffer, day: date, duration: int, slots: Sequence[Slot], taken: Taken) -> Draw:
    """The open slots of a service's day; none of a duration that has no price."""
    has_price = duration in offer.prices
    found = open_slots(offer.service, slots, taken.units, taken.at) if has_price else ()

    def draw(now: datetime) -> DayLeft:
        return DayLeft(offer, day, duration, tuple(one for one in found if one.slot.starts_at > now))

    return draw


def shown(left: Left) -> Iterator[Sequence[object]]:
    """Everything that is shown of `left` besides what is taken, in plain values."""
    match left:
        case EventLeft():
            yield from map(_about_type, left.ticket_types)
            yield from map(_about_seats, left.seats)
        case ShowtimeLeft():
            yield ("showtime", left.showtime.id)
            yield from map(_about_type, left.ticket_types)
            if left.seats:
                yield _about_seats(left.seats)
        case DayLeft():
            price = left.offer.prices.get(left.duration)
            offered = (price.amount, price.currency) if price else None
            yield (left.offer.name, str(left.offer.service.zone), str(left.day), left.duration, offered)
            for one in left.slots:
                yield (one.slot.starts_at.isoformat(), one.slot.ends_at.isoformat(), one.places)


def _about_type(left: TypeLeft) -> Sequence[object]:
    one = left.ticket_type
    price = (one.price.amount, one.price.currency)
    return ("type", one.id, one.name, one.showtime_id, *price, one.capacity, left.on_sale)


def _about_seats(left: SeatsLeft) -> Sequence[object]:
    showtime = left.showtime
    prices = sorted((category, price.amount, price.currency) for category, price in showtime.prices.items())
    hall = showtime.layout.fingerprint if showtime.layout else None
    return ("seats", showtime.id, showtime.starts_at.isoformat(), hall, prices, left.on_sale)


def _of_type(
    event: Event, one: TicketType, showtime: Showtime | None, taken: Taken
) -> tuple[Event, TypeLeft]:
    """A ticket type, and the event as it takes place for it."""
    pool = ids.pool_id(one.id)
    counts = count(one.capacity, list(taken.by_pool[pool].values()))
    return at_showtime(event, showtime) if showtime else event, TypeLeft(one, True, pool, counts)


def _of_seats(event: Event, showtime: Showtime, layout: Layout, taken: Taken) -> tuple[Event, SeatsLeft]:
    """The seats of a showtime, and the event as it takes place there."""
    pool = seat_pool(showtime.id)
    categories = count_seats(layout, taken.by_pool[pool], showtime.prices)
    seats = SeatsLeft(showtime, True, pool, altogether(categories.values()), categories)
    return at_showtime(event, showtime), seats


def _type_at(event: Event, left: TypeLeft, now: datetime) -> TypeLeft:
    if is_on_sale(event, left.ticket_type, now):
        return left
    return replace(left, on_sale=False, counts=left.counts.withdrawn())


def _seats_at(event: Event, left: SeatsLeft, now: datetime) -> SeatsLeft:
    if is_selling(event, now):
        return left
    categories = {category: counts.withdrawn() for category, counts in left.categories.items()}
    return replace(left, on_sale=False, counts=left.counts.withdrawn(), categories=categories)


def _map_at(seats: SeatsLeft, rows: tuple[RowMap, ...]) -> tuple[RowMap, ...]:
    return rows if seats.on_sale else tuple(row.withdrawn() for row in rows)

"""What is wanted, looked up in the catalogue and the programme: tickets, seats, times."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.catalogue import Event, check_event, check_ticket_type
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import BookedItem, ItemKind
from boxoffice.domain.money import Money
from boxoffice.domain.pools import seat_pool
from boxoffice.domain.programme import Showtime
from boxoffice.domain.seat_choice import seats_by_label
from boxoffice.domain.seating import Layout, Seat
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime
from boxoffice.domain.slots import slot_at
from boxoffice.inventory.claims import MOST_UNITS
from boxoffice.inventory.wants import AnyOf, TheBestSeats, TheseSeats, ThisTime, Want


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a basket: what it is, at what price, and which units it wants.

    `refusal` says why it is not on sale now.
    """

    event: Event
    item: BookedItem
    unit_price: Money
    want: Want
    refusal: Rejected | None


async def look_up(desk: Desk, selection: Selection) -> list[Part]:
    """The parts that `selection` comes down to: several when it has seats of several categories.

    Raises `Rejected` when something of it does not exist.
    """
    match selection:
        case SomeTickets():
            return [await _tickets(desk, selection)]
        case NamedSeats():
            return await _named_seats(desk, selection)
        case BestSeats():
            return [await _best_seats(desk, selection)]
        case SomeTime():
            return [await _time(desk, selection)]


async def _tickets(desk: Desk, wanted: SomeTickets) -> Part:
    event, ticket_type = await desk.catalogue.ticket_type(
        wanted.event_id, wanted.ticket_type_id, wanted.ticket_type_name
    )
    if ticket_type.showtime_id:
        event = _at(event, await desk.programme.showtime(ticket_type.showtime_id))
    now = desk.now()
    return Part(
        event,
        BookedItem(
            ItemKind.TICKETS,
            ticket_type.id,
            ticket_type.name,
            wanted.quantity,
            event.starts_at,
            event.ends_at,
        ),
        ticket_type.price,
        AnyOf(ids.pool_id(ticket_type.id), ticket_type.capacity, wanted.quantity),
        _why_not(lambda: check_event(event, now)) or _why_not(lambda: check_ticket_type(ticket_type, now)),
    )


async def _named_seats(desk: Desk, wanted: NamedSeats) -> list[Part]:
    """One part for each category, because seats of one category have one price."""
    showtime, layout = await _hall(desk, wanted.showtime_id)
    event = _at(await desk.catalogue.event(showtime.event_id), showtime)
    by_category: dict[str, list[Seat]] = {}
    for seat in seats_by_label(layout, wanted.labels):
        by_category.setdefault(seat.category, []).append(seat)
    return [
        _seats(
            desk,
            event,
            showtime,
            category,
            TheseSeats(seat_pool(showtime.id), layout, tuple(seats)),
            tuple(seat.label for seat in seats),
            len(seats),
        )
        for category, seats in by_category.items()
    ]


async def _best_seats(desk: Desk, wanted: BestSeats) -> Part:
    showtime, layout = await _hall(desk, wanted.showtime_id)
    event = _at(await desk.catalogue.event(showtime.event_id), showtime)
    category = wanted.category or (next(iter(layout.totals)) if len(layout.totals) == 1 else None)
    if category is None or category not in layout.totals:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "category must be one of the hall's categories.",
            {"field": "category", "allowed": sorted(layout.totals)},
        )
    want = TheBestSeats(seat_pool(showtime.id), layout, category, wanted.quantity)
    return _seats(desk, event, showtime, category, want, (), wanted.quantity)


def _seats(
    desk: Desk,
    event: Event,
    showtime: Showtime,
    category: str,
    want: Want,
    labels: tuple[str, ...],
    quantity: int,
) -> Part:
    price = showtime.prices.get(category)
    if price is None:
        raise Rejected(
            Code.INVALID_SEAT,
            f"Seats of the category {category} are not for sale.",
            {"field": "category", "category": category},
        )
    return Part(
        event,
        BookedItem(
            ItemKind.SEATS, showtime.id, category, quantity, showtime.starts_at, showtime.ends_at, labels
        ),
        price,
        want,
        _why_not(lambda: check_event(event, desk.now())),
    )


async def _hall(desk: Desk, showtime_id: str) -> tuple[Showtime, Layout]:
    showtime = await desk.programme.showtime(showtime_id)
    if showtime.layout is None:
        raise Rejected(Code.NOT_FOUND_ERROR, "This showtime has no seats.", {"field": "showtimeId"})
    return showtime, showtime.layout


async def _time(desk: Desk, wanted: SomeTime) -> Part:
    offer = await desk.programme.service(wanted.service_id)
    price = offer.prices.get(wanted.duration)
    if price is None:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "duration must be one of the service's durations.",
            {"field": "duration", "allowed": sorted(offer.prices)},
        )
    slot = slot_at(offer.service, wanted.starts_at, wanted.duration)
    if wanted.quantity * len(slot.quanta) > MOST_UNITS:
        at_most = MOST_UNITS // len(slot.quanta)
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"One booking can have at most {at_most} of these slots.",
            {"field": "quantity", "allowed": f"1 to {at_most}"},
        )
    rules = await desk.catalogue.event(offer.event_id) if offer.event_id else None
    event = Event(offer.service.id, offer.name, offer.published, slot.starts_at, slot.ends_at)
    if rules is not None:
        event = replace(
            rules,
            published=rules.published and offer.published,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
    local = slot.starts_at.astimezone(offer.service.zone)
    label = f"{local:%Y-%m-%d %H:%M} {wanted.duration} min"
    return Part(
        event,
        BookedItem(
            ItemKind.TIME, offer.service.id, offer.name, wanted.quantity, slot.starts_at, slot.ends_at
        ),
        price,
        ThisTime(offer.service, slot, wanted.quantity, label, desk.now()),
        _why_not(lambda: check_slot(event, slot.starts_at, desk.now())),
    )


def check_slot(event: Event, starts_at: datetime, now: datetime) -> None:
    """Return when a time that begins at `starts_at` may be sold. Raises as `check_event` does."""
    check_event(replace(event, ends_at=None, starts_at=starts_at), now)


def _at(event: Event, showtime: Showtime) -> Event:
    """The event as it takes place at one of its showtimes."""
    published = event.published and showtime.published
    return replace(event, published=published, starts_at=showtime.starts_at, ends_at=showtime.ends_at)


def _why_not(check: Callable[[], None]) -> Rejected | None:
    try:
        check()
    except Rejected as refusal:
        return refusal
    return None

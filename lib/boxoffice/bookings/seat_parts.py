"""Seats that are wanted, looked up in the hall of their showtime."""

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.parts import Part, check_event_of, why_not
from boxoffice.domain.catalogue import Event, check_event
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import BookedItem, ItemKind
from boxoffice.domain.pools import seat_pool
from boxoffice.domain.programme import Showtime, at_showtime
from boxoffice.domain.seat_choice import seats_by_label
from boxoffice.domain.seating import Layout, Seat
from boxoffice.domain.selection import BestSeats, NamedSeats
from boxoffice.inventory.seat_wants import TheBestSeats, TheseSeats
from boxoffice.inventory.wants import Want


async def named_seats(desk: Desk, wanted: NamedSeats) -> list[Part]:
    """One part for each category, because seats of one category have one price."""
    showtime, layout = await _hall(desk, wanted)
    event = at_showtime(await desk.catalogue.event(showtime.event_id), showtime)
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


async def best_seats(desk: Desk, wanted: BestSeats) -> Part:
    """The best seats of a category. Raises as `look_up` does."""
    showtime, layout = await _hall(desk, wanted)
    event = at_showtime(await desk.catalogue.event(showtime.event_id), showtime)
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
        why_not(lambda: check_event(event, desk.now())),
        units=quantity,
    )


async def _hall(desk: Desk, wanted: NamedSeats | BestSeats) -> tuple[Showtime, Layout]:
    showtime = await desk.programme.showtime(wanted.showtime_id)
    check_event_of(showtime.event_id, wanted.event_id, "showtime")
    if showtime.layout is None:
        raise Rejected(Code.NOT_FOUND_ERROR, "This showtime has no seats.", {"field": "showtimeId"})
    return showtime, showtime.layout

"""What is wanted, looked up in the catalogue and the programme: tickets, seats, times."""

from collections.abc import Callable
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.catalogue import Event, check_event, check_ticket_type
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import BookedItem, ItemKind
from boxoffice.domain.money import Money
from boxoffice.domain.programme import at_showtime
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime
from boxoffice.inventory.wants import AnyOf, Want


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a basket: what it is, at what price, and which and how many units it wants.

    `refusal` says why it is not on sale now.
    """

    event: Event
    item: BookedItem
    unit_price: Money
    want: Want
    refusal: Rejected | None
    units: int


async def look_up(desk: Desk, selection: Selection) -> list[Part]:
    """The parts that `selection` comes down to: several when it has seats of several categories.

    Raises `Rejected` when something of it does not exist.
    """
    # Most bookings are of tickets: what only seats or times need is loaded by the first of them.
    match selection:
        case SomeTickets():
            return [await _tickets(desk, selection)]
        case NamedSeats():
            from boxoffice.bookings import seat_parts

            return await seat_parts.named_seats(desk, selection)
        case BestSeats():
            from boxoffice.bookings import seat_parts

            return [await seat_parts.best_seats(desk, selection)]
        case SomeTime():
            from boxoffice.bookings import time_parts

            return [await time_parts.time_at_service(desk, selection)]


async def _tickets(desk: Desk, wanted: SomeTickets) -> Part:
    event, ticket_type = await desk.catalogue.ticket_type(
        wanted.event_id, wanted.ticket_type_id, wanted.ticket_type_name
    )
    if ticket_type.showtime_id:
        event = at_showtime(event, await desk.programme.showtime(ticket_type.showtime_id))
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
        why_not(lambda: check_event(event, now)) or why_not(lambda: check_ticket_type(ticket_type, now)),
        units=wanted.quantity,
    )


def check_event_of(found: str, wanted: str | None, what: str) -> None:
    """Return when `what` belongs to the event that was named, if one was. Raises `Rejected`."""
    if wanted not in (None, found):
        raise Rejected(
            Code.VALIDATION_ERROR,
            f"The {what} does not belong to the event with this eventId.",
            {"field": "eventId", "allowed": f"the event of the {what}, or none"},
        )


def why_not(check: Callable[[], None]) -> Rejected | None:
    """The refusal that `check` raises; `None` when it does not."""
    try:
        check()
    except Rejected as refusal:
        return refusal
    return None

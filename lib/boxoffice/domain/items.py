"""The items of a booking: one for each ticket line of its price, in the same order.

Tickets are numbered through all items, from 1: with 2 standing and 1 seated, ticket 3 is the seat.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime

MOST_TICKETS = 10
"""So many tickets one booking can have."""


class ItemKind(StrEnum):
    """What is sold."""

    TICKETS = "tickets"
    SEATS = "seats"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class BookedItem:
    """`quantity` tickets for the same thing at the same price.

    `id` is that of the ticket type, the showtime or the service, and `name` what a ticket calls it: the type,
    the category of the seats, the service. `seats` are the labels that were asked for; none when any seats of
    the category would do. Times are in UTC.
    """

    kind: ItemKind
    id: str
    name: str
    quantity: int
    starts_at: datetime
    ends_at: datetime | None
    seats: tuple[str, ...] = ()


def selections(event_id: str, items: Iterable[BookedItem]) -> tuple[Selection, ...]:
    """What somebody would have to want to get `items` again."""
    return tuple(_selection(event_id, item) for item in items)


def by_ticket(items: Iterable[BookedItem]) -> Iterator[BookedItem]:
    """The item of each ticket, in the order of their numbers."""
    return (item for item in items for _ in range(item.quantity))


def with_seats(items: Iterable[BookedItem], labels: Mapping[int, str]) -> tuple[BookedItem, ...]:
    """The items once some tickets have other seats: `labels` by the tickets' numbers.

    Where any seats of the category would do, any still do.
    """
    first, found = 1, []
    for item in items:
        seats = tuple(labels.get(number, label) for number, label in enumerate(item.seats, start=first))
        found.append(replace(item, seats=seats))
        first += item.quantity
    return tuple(found)


def wanted_parts(items: Iterable[BookedItem]) -> Iterator[str]:
    """Texts that are the same for items that were asked for in the same way, and for no others."""
    for item in items:
        yield from (item.kind, item.id, item.name, str(item.quantity), item.starts_at.isoformat())
        yield ",".join(item.seats)


def to_stored(items: Sequence[BookedItem]) -> list[dict[str, Any]]:
    """The items as a booking's row holds them."""
    return [
        {
            "kind": item.kind.value,
            "id": item.id,
            "name": item.name,
            "quantity": item.quantity,
            "startsAt": item.starts_at.isoformat(),
            "endsAt": item.ends_at.isoformat() if item.ends_at else None,
            "seats": list(item.seats),
        }
        for item in items
    ]


def from_stored(stored: Iterable[Mapping[str, Any]]) -> tuple[BookedItem, ...]:
    """The items that were stored. Raises `ValueError`, `KeyError` or `TypeError` for anything else."""
    return tuple(
        BookedItem(
            ItemKind(item["kind"]),
            item["id"],
            item["name"],
            item["quantity"],
            datetime.fromisoformat(item["startsAt"]),
            datetime.fromisoformat(item["endsAt"]) if item["endsAt"] else None,
            tuple(item["seats"]),
        )
        for item in stored
    )


def _selection(event_id: str, item: BookedItem) -> Selection:
    match item.kind:
        case ItemKind.TICKETS:
            return SomeTickets(event_id, item.id, None, item.quantity)
        case ItemKind.SEATS if item.seats:
            return NamedSeats(item.id, item.seats)
        case ItemKind.SEATS:
            return BestSeats(item.id, item.quantity, item.name)
        case ItemKind.TIME:
            end = item.ends_at or item.starts_at
            minutes = int((end - item.starts_at).total_seconds()) // 60
            return SomeTime(item.id, item.starts_at, minutes, item.quantity)

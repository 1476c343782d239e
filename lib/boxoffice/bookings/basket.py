"""What somebody wants, looked up and priced: the items, the price of each, and the units it takes.

A hold and a booking fill the same basket, so they can never disagree about what is sold or what it costs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.parts import Part, look_up
from boxoffice.domain.catalogue import Event
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import MOST_TICKETS, BookedItem
from boxoffice.domain.pricing.lines import Quote
from boxoffice.domain.pricing.quotes import Discount, Item, quote
from boxoffice.domain.promos import PromoCode, Uses, discount_for, normalised, uses
from boxoffice.domain.selection import Selection
from boxoffice.domain.units import MOST_UNITS
from boxoffice.inventory.wants import AnyOf, Want


@dataclass(frozen=True, slots=True)
class Basket:
    """Everything that is wanted together. `wants` are in the order of `items`.

    `extras` are what a booking of it claims besides: the uses of a promo code. `refusal` says why it cannot
    be sold now; what has been sold before can still be looked up.
    """

    event: Event
    items: tuple[BookedItem, ...]
    price: Quote
    wants: tuple[Want, ...]
    extras: tuple[Want, ...]
    promo_code: str | None
    refusal: Rejected | None

    @property
    def quantity(self) -> int:
        """The number of tickets."""
        return sum(item.quantity for item in self.items)


async def fill(desk: Desk, user_id: str, wanted: Sequence[Selection], promo_code: str | None) -> Basket:
    """The basket of a user with what is `wanted`, at least one, and a promo code if there is one.

    Raises `Rejected` when something does not exist (`NOT_FOUND_ERROR`, `INVALID_SEAT`, `SLOT_UNAVAILABLE`,
    `PROMO_INVALID`) or does not go together (`VALIDATION_ERROR`, `INVALID_QUANTITY`).
    """
    found = await asyncio.gather(*(look_up(desk, selection) for selection in wanted))
    parts = [part for of_selection in found for part in of_selection]
    event = _one_event([part.event for part in parts])
    _check_no_seat_twice([part.item for part in parts])
    _check_not_too_much(parts)
    promo = await desk.promo_codes.find(promo_code) if promo_code else None
    priced = [Item(part.item.id, part.item.name, part.unit_price, part.item.quantity) for part in parts]
    refusal = next((part.refusal for part in parts if part.refusal), None)
    discount, refusal = _discount(desk, promo, event, priced, refusal)
    return Basket(
        event=event,
        items=tuple(part.item for part in parts),
        price=quote(priced, event.charges, discount),
        wants=tuple(part.want for part in parts),
        extras=tuple(_use(one) for one in uses(promo, user_id)) if promo else (),
        promo_code=normalised(promo_code) if promo_code else None,
        refusal=refusal,
    )


def _discount(
    desk: Desk, promo: PromoCode | None, event: Event, priced: Sequence[Item], refusal: Rejected | None
) -> tuple[Discount | None, Rejected | None]:
    """What the promo code takes off, or why it does not."""
    if promo is None:
        return None, refusal
    try:
        return discount_for(promo, event.id, priced, desk.now()), refusal
    except Rejected as error:
        return None, refusal or error


def _use(one: Uses) -> Want:
    return AnyOf(one.pool, len(one.units), 1, lambda available, requested: one.exhausted(), is_limit=True)


def _check_not_too_much(parts: Sequence[Part]) -> None:
    if sum(part.item.quantity for part in parts) > MOST_TICKETS:
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"One booking can have at most {MOST_TICKETS} tickets.",
            {"field": "quantity", "allowed": f"1 to {MOST_TICKETS} tickets altogether"},
        )
    units = sum(part.units for part in parts)
    if units > MOST_UNITS:
        # Of tickets and seats alone there are never so many.
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"This is too much time for one booking: {units} parts of the timetable, at most {MOST_UNITS}.",
            {"field": "quantity", "allowed": f"at most {MOST_UNITS} parts of the timetable altogether"},
        )


def _check_no_seat_twice(items: Sequence[BookedItem]) -> None:
    if not any(item.seats for item in items):
        return
    from boxoffice.domain.seat_choice import check_no_seat_twice

    for showtime_id in {item.id for item in items}:
        check_no_seat_twice(label for item in items if item.id == showtime_id for label in item.seats)


def _one_event(events: Sequence[Event]) -> Event:
    """The event of all parts, from the first beginning to the last end. Raises `Rejected`."""
    if len({event.id for event in events}) > 1:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "One booking is for one event.",
            {"field": "items", "allowed": "tickets, seats and times of one event"},
        )
    ends = [event.ends_at or event.starts_at for event in events]
    return replace(
        events[0],
        published=all(event.published for event in events),
        starts_at=min(event.starts_at for event in events),
        ends_at=max(ends) if any(event.ends_at for event in events) else None,
    )

"""The basket of a booking that has lost its units."""

from dataclasses import replace

from boxoffice.bookings.basket import Basket, fill
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain.items import BookedItem, selections
from boxoffice.inventory.seat_wants import TheBestSeats, TheseSeats
from boxoffice.inventory.wants import OneOf, Want


async def fill_again(desk: Desk, booking: Booking) -> Basket:
    """The basket of a booking that has lost its units, at the price that was promised.

    Instead of its seats it takes others of their category, where the event allows it. What is not on sale any
    more cannot be had again. Raises as `fill` does.
    """
    basket = await fill(
        desk, booking.user_id, selections(booking.event_id, booking.items), booking.promo_code
    )
    wants = basket.wants
    if basket.event.takes_substitutes:
        wants = tuple(_with_substitute(want, item) for want, item in zip(wants, basket.items, strict=True))
    return replace(basket, items=booking.items, price=booking.price, wants=wants)


def _with_substitute(want: Want, item: BookedItem) -> Want:
    if isinstance(want, TheseSeats):
        return OneOf(want, TheBestSeats(want.pool, want.layout, item.name, item.quantity))
    return want

"""Bookings whose execution has died, and how they may end."""

from __future__ import annotations

from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.shop import NOTHING, PRICE, Shop, broken
from tests.unit.world import Killed

# More than a booking of two with an undo makes.
MOST_CALLS = 40


def killed_at(
    call: int, after_effect: bool, state: PaymentState, fails: str = "", quantity: int = 2
) -> Shop | None:
    """A shop in which the booking `pay_1` died at that call; `None` when it does not make so many."""
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE * quantity, state=state)
    if fails:
        shop.world.fail(fails, broken)
    shop.world.kill(call, after_effect=after_effect)
    try:
        shop.book("pay_1", quantity)
    except Killed:
        shop.world.revive()
        return shop
    return None


def balanced(shop: Shop) -> None:
    """Booked completely and paid, or as if never tried and the money returned."""
    assert shop.audit() == []
    payment, booking = shop.gateway.payments["pay_1"], shop.booking()
    if booking is not None and booking["status"] == "confirmed":
        assert payment.is_captured
        assert shop.outcome() == "CONFIRMED"
        assert {claim["state"] for claim in shop.rows.all(Table.CLAIMS)} == {"SOLD"}
        assert booking["checkAfter"] is None
    else:
        assert shop.leftovers() == NOTHING
        assert not payment.is_captured

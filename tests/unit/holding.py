"""Holds of the standing crowd: made, paid for and completed."""

from __future__ import annotations

from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.callers import Caller
from boxoffice.domain.selection import SomeTickets

from tests.unit.running import run
from tests.unit.shop import ANN, Shop


def held(shop: Shop, quantity: int = 1, caller: Caller = ANN, request_id: str | None = None) -> Held:
    """A hold that is open."""
    wish = HoldWish((SomeTickets("concert", "standing", None, quantity),), None, request_id)
    result: Held = run(hold(shop.desk(), caller, wish))
    return result


def pay(shop: Shop, kept: Held, payment_id: str = "pay_1", **other: Any) -> PaymentClaim:
    """Somebody pays for a hold."""
    order_id = kept.booking.gateway_order_id or ""
    shop.gateway.pay(payment_id, kept.booking.total.amount, **{"order_id": order_id, **other})
    return PaymentClaim(payment_id)


def converted(shop: Shop, kept: Held, claim: PaymentClaim | None, caller: Caller = ANN) -> Booked | Failed:
    """What somebody is told who completes a hold."""
    result: Booked | Failed = run(convert(shop.desk(), caller, kept.booking.id, claim))
    return result

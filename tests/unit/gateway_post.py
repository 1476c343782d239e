"""The gateway's post over the fakes: envelopes as it writes them, signed, and handed to the function."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.schema import Table
from boxoffice.webhooks.take import Delivery, Taken, take
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.shop import Shop

# The events that tell of money.
PAID = ["payment.authorized", "payment.captured", "order.paid"]

# Seconds after which unclaimed money is not left to the client any more.
AFTER_GRACE = GRACE.total_seconds() + 1

_STATUSES = {PaymentState.AUTHORISED: "authorized"}


def envelope(name: str, payment: Payment, refund: dict[str, Any] | None = None) -> bytes:
    """The body of an event."""
    entity = {
        "id": payment.id,
        "amount": payment.amount.amount,
        "currency": payment.amount.currency,
        "status": _STATUSES.get(payment.state, payment.state.value),
        "order_id": payment.order_id or None,
        "amount_refunded": payment.refunded,
        "email": payment.email,
        "contact": payment.contact,
        "notes": {"userId": payment.noted_user_id},
    }
    payload: dict[str, Any] = {"payment": {"entity": entity}}
    if name.startswith("refund."):
        payload["refund"] = {
            "entity": {
                "id": "rfnd_1",
                "payment_id": payment.id,
                "amount": payment.amount.amount,
                "currency": payment.amount.currency,
                "status": name.removeprefix("refund.").replace("created", "pending"),
            }
        }
    return json.dumps({"event": name, "payload": payload, "created_at": 1_893_456_000}).encode()


def signed(body: bytes, event_id: str = "evt_1") -> Delivery:
    """A delivery as the gateway makes it."""
    return Delivery(body, event_id, f"signed {zlib.crc32(body)}")


class Post:
    """Delivers events about the payments of a shop, each with an id of its own unless one is given."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._count = 0

    def delivery(self, name: str, payment_id: str = "pay_1", event_id: str = "") -> Delivery:
        self._count += 1
        body = envelope(name, self.shop.gateway.payments[payment_id])
        return signed(body, event_id or f"evt_{self._count}")

    def send(self, name: str, payment_id: str = "pay_1", event_id: str = "") -> Taken:
        return self.hand_over(self.delivery(name, payment_id, event_id))

    def hand_over(self, delivery: Delivery, desk: Desk | None = None) -> Taken:
        return asyncio.run(take(desk or self.shop.desk(), delivery))

    def events(self) -> list[tuple[str, str | None]]:
        """The state and the result of every event that is written down."""
        return [(row["state"], row["result"]) for row in self.shop.rows.all(Table.WEBHOOK_EVENTS)]


def payment_state(shop: Shop, payment_id: str = "pay_1") -> PaymentState:
    return shop.gateway.payments[payment_id].state


def booking_row(shop: Shop, booking_id: str) -> dict[str, Any]:
    return shop.rows.tables[Table.BOOKINGS][booking_id]

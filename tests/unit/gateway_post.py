"""The gateway's post over the fakes: envelopes as it writes them, signed, and handed to the function."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain.money import Money
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


def envelope(name: str, payment: Payment, refund: tuple[str, int] | None = None) -> bytes:
    """The body of an event; of a refund with its id and amount, or else of all that was paid."""
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
        refund_id, amount = refund or ("rfnd_1", payment.amount.amount)
        payload["refund"] = {
            "entity": {
                "id": refund_id,
                "payment_id": payment.id,
                "amount": amount,
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

    def delivery(
        self, name: str, payment_id: str = "pay_1", event_id: str = "", refund: str = ""
    ) -> Delivery:
        """An event; one of a refund is of that with the key `refund`, or else of the payment's last one."""
        self._count += 1
        gateway = self.shop.gateway
        keys = [key for key, (of, _) in gateway.refunds.items() if of == payment_id and refund in ("", key)]
        last = (f"rfnd_{keys[-1]}", gateway.refunds[keys[-1]][1].amount) if keys else None
        body = envelope(name, gateway.payments[payment_id], last)
        return signed(body, event_id or f"evt_{self._count}")

    def send(self, name: str, payment_id: str = "pay_1", event_id: str = "", refund: str = "") -> Taken:
        return self.hand_over(self.delivery(name, payment_id, event_id, refund))

    def hand_over(self, delivery: Delivery, desk: Desk | None = None) -> Taken:
        return asyncio.run(take(desk or self.shop.desk(), delivery))

    def events(self) -> list[tuple[str, str | None]]:
        """The state and the result of every event that is written down."""
        return [(row["state"], row["result"]) for row in self.shop.rows.all(Table.WEBHOOK_EVENTS)]


def return_by_hand(shop: Shop, amount: int, key: str = "by-hand-0001", payment_id: str = "pay_1") -> None:
    """Somebody returns money at the gateway itself. Amounts are in minor units."""
    currency = shop.gateway.payments[payment_id].amount.currency
    asyncio.run(shop.gateway.refund(payment_id, Money(amount, currency), key))


def payment_state(shop: Shop, payment_id: str = "pay_1") -> PaymentState:
    return shop.gateway.payments[payment_id].state


def booking_row(shop: Shop, booking_id: str) -> dict[str, Any]:
    return shop.rows.tables[Table.BOOKINGS][booking_id]

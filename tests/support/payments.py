"""What tests do at the payment stand-in's back door."""

from __future__ import annotations

from typing import Any

from tests.support.local_server import Http, ok

PRICE = 50_000


def make(local: Http, **wanted: Any) -> dict[str, Any]:
    """A payment, made by a customer and the bank."""
    payment: dict[str, Any] = ok(local.post("/payments", {"amount": PRICE, **wanted}))
    return payment


def movements(local: Http, payment_id: str) -> list[tuple[str, int]]:
    """What the ledger says of one payment."""
    ledger = ok(local.get("/payments/ledger"))["movements"]
    return [(m["movement"], m["amount"]) for m in ledger if m["paymentId"] == payment_id]


def events(local: Http, payment_id: str) -> list[dict[str, Any]]:
    """The events of one payment."""
    found: list[dict[str, Any]] = ok(local.get("/payments/events", params={"paymentId": payment_id}))[
        "events"
    ]
    return found

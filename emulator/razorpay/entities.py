"""The gateway's entities as its API shows them, and where they are kept.

Amounts are integers of the currency's smallest unit, times are Unix seconds.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from emulator.core.store import Row, Store
from emulator.razorpay.errors import GatewayRefusalError

SCHEMA = """
CREATE TABLE IF NOT EXISTS gateway_orders (
    id TEXT PRIMARY KEY, amount INTEGER NOT NULL, amount_paid INTEGER NOT NULL DEFAULT 0,
    currency TEXT NOT NULL, receipt TEXT, unique_receipt INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT 'created', attempts INTEGER NOT NULL DEFAULT 0,
    notes TEXT NOT NULL, auto_capture INTEGER NOT NULL, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS gateway_orders_receipt ON gateway_orders (receipt);
CREATE TABLE IF NOT EXISTS gateway_payments (
    id TEXT PRIMARY KEY, order_id TEXT, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    status TEXT NOT NULL, method TEXT NOT NULL, amount_refunded INTEGER NOT NULL DEFAULT 0,
    captured INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0, description TEXT,
    email TEXT NOT NULL, contact TEXT NOT NULL, notes TEXT NOT NULL, fee INTEGER, tax INTEGER,
    error TEXT, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS gateway_payments_order ON gateway_payments (order_id);
CREATE INDEX IF NOT EXISTS gateway_payments_status ON gateway_payments (status, created_at);
CREATE TABLE IF NOT EXISTS gateway_refunds (
    id TEXT PRIMARY KEY, payment_id TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    status TEXT NOT NULL, receipt TEXT, notes TEXT NOT NULL, speed TEXT NOT NULL,
    idempotency_key TEXT UNIQUE, request TEXT, created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS gateway_refunds_payment ON gateway_refunds (payment_id);
CREATE TABLE IF NOT EXISTS gateway_ledger (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, movement TEXT NOT NULL,
    payment_id TEXT NOT NULL, order_id TEXT, refund_id TEXT, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, idempotency_key TEXT
)
"""

_ALPHABET = string.ascii_letters + string.digits
_NO_ERROR = dict.fromkeys(("error_code", "error_description", "error_source", "error_step", "error_reason"))


def new_id(prefix: str) -> str:
    """An id as the gateway makes them: `pay_` and 14 letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(14))


def find(store: Store, kind: str, entity_id: str) -> Row:
    """The row of an order, payment or refund; GatewayRefusalError when there is none with this id."""
    row = store.one(f"SELECT * FROM gateway_{kind}s WHERE id = ?", entity_id)  # noqa: S608
    if row is None:
        raise GatewayRefusalError("The id provided does not exist")
    return row


def show_order(row: Row) -> dict[str, Any]:
    """An order as the API answers it."""
    return {
        "id": row["id"],
        "entity": "order",
        "amount": row["amount"],
        "amount_paid": row["amount_paid"],
        "amount_due": row["amount"] - row["amount_paid"],
        "currency": row["currency"],
        "receipt": row["receipt"],
        "offer_id": None,
        "status": row["status"],
        "attempts": row["attempts"],
        "notes": _notes(row),
        "created_at": row["created_at"],
    }


def show_payment(row: Row) -> dict[str, Any]:
    """A payment as the API answers it."""
    refunded, method = row["amount_refunded"], row["method"]
    return {
        "id": row["id"],
        "entity": "payment",
        "amount": row["amount"],
        "currency": row["currency"],
        "status": row["status"],
        "order_id": row["order_id"],
        "invoice_id": None,
        "international": False,
        "method": method,
        "amount_refunded": refunded,
        "refund_status": None if not refunded else "full" if refunded == row["amount"] else "partial",
        "captured": bool(row["captured"]),
        "description": row["description"],
        "card_id": "card_" + row["id"][4:] if method == "card" else None,
        "bank": "HDFC" if method == "netbanking" else None,
        "wallet": "payzapp" if method == "wallet" else None,
        "vpa": "someone@upi" if method == "upi" else None,
        "email": row["email"],
        "contact": row["contact"],
        "notes": _notes(row),
        "fee": row["fee"],
        "tax": row["tax"],
        **(json.loads(row["error"]) if row["error"] else _NO_ERROR),
        "acquirer_data": {"auth_code": None} if method == "card" else {"rrn": None},
        "created_at": row["created_at"],
        **({"late_authorized": True} if row["late"] else {}),
    }


def show_refund(row: Row) -> dict[str, Any]:
    """A refund as the API answers it."""
    return {
        "id": row["id"],
        "entity": "refund",
        "amount": row["amount"],
        "currency": row["currency"],
        "payment_id": row["payment_id"],
        "notes": _notes(row),
        "receipt": row["receipt"],
        "acquirer_data": {"arn": None},
        "created_at": row["created_at"],
        "batch_id": None,
        "status": row["status"],
        "speed_processed": None if row["status"] == "pending" else "normal",
        "speed_requested": row["speed"],
    }


def collection(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list as the API answers it."""
    return {"entity": "collection", "count": len(items), "items": items}


def note_movement(
    store: Store,
    at: float,
    movement: str,
    payment: Row,
    amount: int,
    refund: Row | Mapping[str, Any] | None = None,
) -> None:
    """Writes one movement of money into the ledger, in the transaction that makes it."""
    store.insert(
        "gateway_ledger",
        {
            "at": at,
            "movement": movement,
            "payment_id": payment["id"],
            "order_id": payment["order_id"],
            "refund_id": refund["id"] if refund else None,
            "amount": amount,
            "currency": payment["currency"],
            "idempotency_key": refund["idempotency_key"] if refund else None,
        },
    )


def show_ledger(store: Store) -> dict[str, Any]:
    """Every movement of money, oldest first, and what they add up to by currency.

    Movements: `captured` (to the merchant), `refunded` (back to the customer), `refund_reversed` (a refund
    that failed), `released` (an authorisation that was never captured went back to the customer).
    """
    rows = store.all("SELECT * FROM gateway_ledger ORDER BY sequence")
    totals: dict[str, dict[str, int]] = {}
    for row in rows:
        of_currency = totals.setdefault(row["currency"], {})
        of_currency[row["movement"]] = of_currency.get(row["movement"], 0) + row["amount"]
    movements = [
        {
            "sequence": row["sequence"],
            "at": row["at"],
            "movement": row["movement"],
            "paymentId": row["payment_id"],
            "orderId": row["order_id"],
            "refundId": row["refund_id"],
            "amount": row["amount"],
            "currency": row["currency"],
            "idempotencyKey": row["idempotency_key"],
        }
        for row in rows
    ]
    return {"movements": movements, "totals": totals}


def _notes(row: Row) -> Any:
    """Notes as kept; the gateway answers an empty list when there are none."""
    return json.loads(row["notes"]) or []

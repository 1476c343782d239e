"""Refunds: asked for once or many times with one key, money leaves once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.core.context import Server
from emulator.core.store import Row
from emulator.razorpay.entities import find, new_id, note_movement
from emulator.razorpay.errors import GatewayRefusalError
from emulator.razorpay.inputs import read_amount, read_notes, read_receipt, refuse_unknown
from emulator.razorpay.settings import SettingsKeeper
from emulator.razorpay.webhooks import announce

_KEY = re.compile(r"[A-Za-z0-9_-]{10,}")
_KNOWN = ("amount", "speed", "notes", "receipt", "payment_id")


class InFlight(set[str]):
    """The idempotency keys of refunds that are being worked on."""


def check_key(key: str) -> None:
    """GatewayRefusalError for a key that is too short or has other characters."""
    if not _KEY.fullmatch(key):
        raise GatewayRefusalError("The idempotency key must be 10 or more of letters, digits, - and _.")


def refund(server: Server, payment_id: str, given: Mapping[str, Any], key: str) -> Row:
    """Refunds the amount, or what is left; a key that was used for the same request gives that refund."""
    store = server.store
    request = json.dumps([payment_id, given], sort_keys=True)
    if key:
        earlier = store.one("SELECT * FROM gateway_refunds WHERE idempotency_key = ?", key)
        if earlier is not None:
            if earlier["request"] != request:
                raise GatewayRefusalError(
                    "Different request with the same idempotency key has already been processed."
                )
            return earlier
    payment = find(store, "payment", payment_id)
    amount = _check(payment, given)
    refund_id, status = new_id("rfnd_"), server.part(SettingsKeeper).now.refund_status
    values = {
        "id": refund_id, "payment_id": payment_id, "amount": amount, "currency": payment["currency"],
        "status": status, "receipt": read_receipt(given), "notes": read_notes(given),
        "speed": given.get("speed", "normal"), "idempotency_key": key or None, "request": request,
        "created_at": int(server.clock.time()),
    }  # fmt: skip
    store.insert("gateway_refunds", values)
    _change_refunded(server, payment_id, amount)
    note_movement(store, server.clock.time(), "refunded", payment, amount, values)
    announce(server, "refund.created", payment_id, refund_id)
    if status == "processed":
        announce(server, "refund.processed", payment_id, refund_id)
    return find(store, "refund", refund_id)


def settle(server: Server, refund_row: Row, status: str) -> Row:
    """Ends a pending refund as `processed`, or as `failed`, which puts the money back."""
    if refund_row["status"] != "pending":
        raise GatewayRefusalError(f"The refund is {refund_row['status']} already.")
    store, payment_id = server.store, refund_row["payment_id"]
    store.run("UPDATE gateway_refunds SET status = ? WHERE id = ?", status, refund_row["id"])
    if status == "failed":
        _change_refunded(server, payment_id, -refund_row["amount"])
        note_movement(
            store, server.clock.time(), "refund_reversed", find(store, "payment", payment_id),
            refund_row["amount"], dict(refund_row),
        )  # fmt: skip
    announce(server, f"refund.{status}", payment_id, refund_row["id"])
    return find(store, "refund", refund_row["id"])


def _check(payment: Row, given: Mapping[str, Any]) -> int:
    refuse_unknown(given, _KNOWN)
    if given.get("speed", "normal") not in ("normal", "optimum"):
        raise GatewayRefusalError("The speed must be normal or optimum.", "speed")
    left = payment["amount"] - payment["amount_refunded"]
    if left == 0:
        raise GatewayRefusalError("The payment has been fully refunded already")
    if not payment["captured"]:
        raise GatewayRefusalError("The payment status should be captured for action to be taken")
    amount = read_amount(given) if given.get("amount") is not None else left
    if amount > left:
        raise GatewayRefusalError(
            "The total refund amount is greater than the refund payment amount", "amount"
        )
    return amount


def _change_refunded(server: Server, payment_id: str, amount: int) -> None:
    server.store.run(
        "UPDATE gateway_payments SET amount_refunded = amount_refunded + ?1,"
        " status = CASE WHEN amount_refunded + ?1 = amount THEN 'refunded' ELSE 'captured' END WHERE id = ?2",
        amount, payment_id,
    )  # fmt: skip

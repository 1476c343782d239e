"""What happens to a payment: authorised, captured, failed, released. One function for each move.

Every function runs inside the caller's transaction and writes the event that tells of the move.
"""

from __future__ import annotations

import json

from emulator.core.context import Server
from emulator.core.store import Row
from emulator.razorpay.entities import find, new_id, note_movement
from emulator.razorpay.errors import GatewayRefusalError
from emulator.razorpay.webhooks import announce

UNCAPTURED_FOR_SECONDS = 5 * 24 * 3600
FEE_PER_MILLE = 20
TAX_ON_FEE_PER_MILLE = 180
FAILURE = {
    "error_code": "BAD_REQUEST_ERROR",
    "error_description": "The customer's bank declined the payment.",
    "error_source": "bank",
    "error_step": "payment_authorization",
    "error_reason": "payment_failed",
}


def start(
    server: Server,
    amount: int,
    currency: str,
    order_id: str | None,
    method: str = "upi",
    email: str = "",
    contact: str = "",
    notes: str = "{}",
    description: str | None = None,
) -> Row:
    """A new payment in the state `created`; it counts as an attempt at its order."""
    store = server.store
    payment_id = new_id("pay_")
    if order_id is not None:
        order = find(store, "order", order_id)
        if order["status"] == "paid":
            raise GatewayRefusalError("This order has already been paid.", "order_id")
        store.run(
            "UPDATE gateway_orders SET attempts = attempts + 1, status = 'attempted' WHERE id = ?", order_id
        )
    values = {
        "id": payment_id, "order_id": order_id, "amount": amount, "currency": currency, "status": "created",
        "method": method, "description": description, "email": email, "contact": contact, "notes": notes,
        "created_at": int(server.clock.time()),
    }  # fmt: skip
    store.insert("gateway_payments", values)
    return find(store, "payment", payment_id)


def authorise(server: Server, payment: Row) -> Row:
    """The bank says yes; also long after it seemed to say no (late authorisation).

    The gateway gives the money back at once when the order was paid by another payment meanwhile.
    """
    if payment["status"] not in ("created", "failed"):
        raise GatewayRefusalError(f"A payment that is {payment['status']} cannot be authorised.")
    server.store.run(
        "UPDATE gateway_payments SET status = 'authorized', error = NULL, late = ? WHERE id = ?",
        payment["status"] == "failed", payment["id"],
    )  # fmt: skip
    announce(server, "payment.authorized", payment["id"])
    authorised = find(server.store, "payment", payment["id"])
    order_id = payment["order_id"]
    if order_id is not None and find(server.store, "order", order_id)["status"] == "paid":
        return release(server, authorised)
    return authorised


def capture(server: Server, payment: Row, amount: int, currency: str) -> Row:
    """Takes the authorised amount, all of it, and settles the order."""
    if payment["captured"]:
        raise GatewayRefusalError("This payment has already been captured")
    if payment["status"] != "authorized":
        raise GatewayRefusalError(
            "Only payments which have been authorized and not yet captured can be captured"
        )
    if amount != payment["amount"]:
        raise GatewayRefusalError("Capture amount must be equal to the amount authorized", "amount")
    if currency != payment["currency"]:
        raise GatewayRefusalError("The capture currency must be the payment's currency.", "currency")
    store, order_id = server.store, payment["order_id"]
    if order_id is not None and find(store, "order", order_id)["status"] == "paid":
        raise GatewayRefusalError("This order has already been paid.", "order_id")
    bare_fee = (amount * FEE_PER_MILLE + 500) // 1000
    tax = (bare_fee * TAX_ON_FEE_PER_MILLE + 500) // 1000
    store.run(
        "UPDATE gateway_payments SET status = 'captured', captured = 1, fee = ?, tax = ? WHERE id = ?",
        bare_fee + tax, tax, payment["id"],
    )  # fmt: skip
    note_movement(store, server.clock.time(), "captured", payment, amount)
    announce(server, "payment.captured", payment["id"])
    if order_id is not None:
        store.run(
            "UPDATE gateway_orders SET amount_paid = amount_paid + ?, status = 'paid' WHERE id = ?",
            amount, order_id,
        )  # fmt: skip
        announce(server, "order.paid", payment["id"])
    return find(store, "payment", payment["id"])


def fail(server: Server, payment: Row) -> Row:
    """The bank says no, or nothing."""
    if payment["status"] != "created":
        raise GatewayRefusalError(f"A payment that is {payment['status']} cannot fail.")
    server.store.run(
        "UPDATE gateway_payments SET status = 'failed', error = ? WHERE id = ?",
        json.dumps(FAILURE), payment["id"],
    )  # fmt: skip
    announce(server, "payment.failed", payment["id"])
    return find(server.store, "payment", payment["id"])


def release(server: Server, payment: Row) -> Row:
    """Gives an authorised amount back that was never captured; the gateway does so by itself."""
    store, refund_id = server.store, new_id("rfnd_")
    values = {
        "id": refund_id, "payment_id": payment["id"], "amount": payment["amount"],
        "currency": payment["currency"], "status": "processed", "notes": "{}", "speed": "normal",
        "created_at": int(server.clock.time()),
    }  # fmt: skip
    store.insert("gateway_refunds", values)
    store.run(
        "UPDATE gateway_payments SET status = 'refunded', amount_refunded = amount WHERE id = ?",
        payment["id"],
    )
    note_movement(
        store, server.clock.time(), "released", payment, payment["amount"], find(store, "refund", refund_id)
    )
    announce(server, "refund.created", payment["id"], refund_id)
    announce(server, "refund.processed", payment["id"], refund_id)
    return find(store, "payment", payment["id"])


def release_expired(server: Server) -> None:
    """Releases every payment that has been waiting for its capture for five days."""
    with server.store.transaction():
        for payment in server.store.all(
            "SELECT * FROM gateway_payments WHERE status = 'authorized' AND created_at <= ?",
            server.clock.time() - UNCAPTURED_FOR_SECONDS,
        ):
            release(server, payment)

"""The gateway's REST API: orders, payments, captures, refunds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from emulator.core.context import Context
from emulator.core.http import Reply
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.razorpay.entities import collection, find, new_id, show_order, show_payment, show_refund
from emulator.razorpay.errors import GatewayRefusalError
from emulator.razorpay.inputs import (
    read_amount,
    read_currency,
    read_notes,
    read_page,
    read_receipt,
    refuse_unknown,
)
from emulator.razorpay.payments import capture
from emulator.razorpay.refunds import InFlight, check_key, refund
from emulator.razorpay.settings import SettingsKeeper

_ORDER_PARAMETERS = (
    "amount", "currency", "receipt", "notes", "payment_capture", "payment",
    "unique_receipt", "partial_payment", "first_payment_min_amount",
)  # fmt: skip
_SHOW: dict[str, Callable[[Row], dict[str, Any]]] = {
    "order": show_order, "payment": show_payment, "refund": show_refund,
}  # fmt: skip


def create_order(ctx: Context) -> Reply:
    """A new order; with `unique_receipt`, the one that this receipt already has."""
    given, store = ctx.args, ctx.store
    refuse_unknown(given, _ORDER_PARAMETERS)
    if given.get("partial_payment"):
        raise GatewayRefusalError("Partial payments are not emulated.", "partial_payment", status=501)
    amount, currency, receipt = read_amount(given), read_currency(given), read_receipt(given)
    unique = bool(given.get("unique_receipt")) and receipt is not None
    if receipt is not None:
        taken = store.one(
            "SELECT * FROM gateway_orders WHERE receipt = ? AND (unique_receipt OR ?)", receipt, unique
        )
        if taken is not None:
            if unique and (taken["amount"], taken["currency"]) == (amount, currency):
                return Reply(body=show_order(taken))
            raise GatewayRefusalError("Order receipt should be unique.", "receipt")
    order_id = new_id("order_")
    values = {
        "id": order_id, "amount": amount, "currency": currency, "receipt": receipt,
        "unique_receipt": unique, "notes": read_notes(given), "auto_capture": _wants_capture(given),
        "created_at": int(ctx.server.clock.time()),
    }  # fmt: skip
    store.insert("gateway_orders", values)
    return Reply(body=show_order(find(store, "order", order_id)))


def _wants_capture(given: dict[str, Any]) -> bool:
    """Whether payments of the order are captured by themselves; by hand when the order does not say."""
    if given.get("payment_capture") in (1, True, "1", "true"):
        return True
    payment = given.get("payment")
    return isinstance(payment, dict) and payment.get("capture") == "automatic"


def list_orders(ctx: Context) -> Reply:
    """Orders, newest first, by receipt when one is asked for."""
    receipt = ctx.args.get("receipt")
    return _page(ctx, "order", "(? IS NULL OR receipt = ?)", receipt, receipt)


def list_payments(ctx: Context) -> Reply:
    """Payments, newest first."""
    return _page(ctx, "payment")


def list_refunds(ctx: Context) -> Reply:
    """Refunds, newest first."""
    return _page(ctx, "refund")


def list_order_payments(ctx: Context) -> Reply:
    """The payments that were tried for an order."""
    find(ctx.store, "order", ctx.args["orderId"])
    rows = ctx.store.all(
        "SELECT * FROM gateway_payments WHERE order_id = ? ORDER BY rowid DESC", ctx.args["orderId"]
    )
    return Reply(body=collection([show_payment(row) for row in rows]))


def list_payment_refunds(ctx: Context) -> Reply:
    """The refunds of a payment."""
    find(ctx.store, "payment", ctx.args["paymentId"])
    return _page(ctx, "refund", "payment_id = ?", ctx.args["paymentId"])


def show_payment_refund(ctx: Context) -> Reply:
    """One refund of a payment."""
    row = find(ctx.store, "refund", ctx.args["refundId"])
    if row["payment_id"] != ctx.args["paymentId"]:
        raise GatewayRefusalError("The id provided does not exist")
    return Reply(body=show_refund(row))


def capture_payment(ctx: Context) -> Reply:
    """Captures an authorised payment."""
    payment = find(ctx.store, "payment", ctx.args["paymentId"])
    amount = read_amount(ctx.args)
    currency = read_currency({"currency": "INR", **ctx.args})
    return Reply(body=show_payment(capture(ctx.server, payment, amount, currency)))


async def refund_payment(ctx: Context) -> Reply:
    """Refunds a payment. The second of two calls with one key is refused while the first is worked on."""
    given = {name: value for name, value in ctx.args.items() if name != "paymentId"}
    payment_id = ctx.args.get("paymentId") or str(given.pop("payment_id", ""))
    key = ctx.request.headers.get("x-refund-idempotency", "")
    in_flight = ctx.server.part(InFlight)
    if key:
        check_key(key)
        if key in in_flight:
            raise GatewayRefusalError("A request with this idempotency key is being processed.", status=409)
        in_flight.add(key)
    try:
        seconds = ctx.server.part(SettingsKeeper).now.refund_seconds
        if seconds:
            await asyncio.sleep(seconds)
        with ctx.store.transaction():
            return Reply(body=show_refund(refund(ctx.server, payment_id, given, key)))
    finally:
        in_flight.discard(key)


def _show_one(kind: str, name: str) -> Callable[[Context], Reply]:
    def handler(ctx: Context) -> Reply:
        return Reply(body=_SHOW[kind](find(ctx.store, kind, ctx.args[name])))

    handler.__doc__ = f"One {kind}."
    return handler


def _edit_notes(kind: str, name: str) -> Callable[[Context], Reply]:
    def handler(ctx: Context) -> Reply:
        entity_id = ctx.args.pop(name)
        find(ctx.store, kind, entity_id)
        refuse_unknown(ctx.args, ("notes",))
        ctx.store.run(
            f"UPDATE gateway_{kind}s SET notes = ? WHERE id = ?",  # noqa: S608
            read_notes(ctx.args), entity_id,
        )  # fmt: skip
        return Reply(body=_SHOW[kind](find(ctx.store, kind, entity_id)))

    handler.__doc__ = f"Replaces the notes of one {kind}."
    return handler


def _page(ctx: Context, kind: str, where: str = "1", *values: Any) -> Reply:
    count, skip, start, end = read_page(ctx.args)
    rows = ctx.store.all(
        f"SELECT * FROM gateway_{kind}s WHERE {where} AND created_at BETWEEN ? AND ?"  # noqa: S608
        " ORDER BY rowid DESC LIMIT ? OFFSET ?",
        *values, start, end, count, skip,
    )  # fmt: skip
    return Reply(body=collection([_SHOW[kind](row) for row in rows]))


ROUTES = (
    Route("POST", "/v1/orders", create_order, "gateway"),
    Route("GET", "/v1/orders", list_orders, "gateway"),
    Route("GET", "/v1/orders/{orderId}", _show_one("order", "orderId"), "gateway"),
    Route("PATCH", "/v1/orders/{orderId}", _edit_notes("order", "orderId"), "gateway"),
    Route("GET", "/v1/orders/{orderId}/payments", list_order_payments, "gateway"),
    Route("GET", "/v1/payments", list_payments, "gateway"),
    Route("GET", "/v1/payments/{paymentId}", _show_one("payment", "paymentId"), "gateway"),
    Route("PATCH", "/v1/payments/{paymentId}", _edit_notes("payment", "paymentId"), "gateway"),
    Route("POST", "/v1/payments/{paymentId}/capture", capture_payment, "gateway"),
    Route("POST", "/v1/payments/{paymentId}/refund", refund_payment, "gateway"),
    Route("GET", "/v1/payments/{paymentId}/refunds", list_payment_refunds, "gateway"),
    Route("GET", "/v1/payments/{paymentId}/refunds/{refundId}", show_payment_refund, "gateway"),
    Route("POST", "/v1/refunds", refund_payment, "gateway"),
    Route("GET", "/v1/refunds", list_refunds, "gateway"),
    Route("GET", "/v1/refunds/{refundId}", _show_one("refund", "refundId"), "gateway"),
    Route("PATCH", "/v1/refunds/{refundId}", _edit_notes("refund", "refundId"), "gateway"),
)

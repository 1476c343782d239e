"""A tiny checkout page: it shows an order, and a click pays it or lets it fail."""

from __future__ import annotations

import hashlib
import hmac
import json
from html import escape
from urllib.parse import urlsplit

from emulator.core.context import Context, Server
from emulator.core.http import Reply
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.razorpay.entities import find
from emulator.razorpay.errors import GatewayRefusalError
from emulator.razorpay.inputs import read_notes
from emulator.razorpay.payments import FAILURE, authorise, capture, fail, start

PAID, FAILED = "pay", "fail"

# ISO 4217, of those that the gateway takes. The others have two.
_DECIMALS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF"), 0
    ),
    **dict.fromkeys(("XOF", "XPF", "UYI"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Test checkout</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>body{font:1.1rem system-ui;max-width:26rem;margin:10vh auto;padding:0 1rem}
button{font:inherit;padding:.7rem 1.4rem;margin-right:.5rem}
input{font:inherit;width:100%;box-sizing:border-box}
dt{color:#555}dd{margin:0 0 .6rem;overflow-wrap:anywhere}</style>
<h1>Test checkout</h1><p>This is the local stand-in for the gateway. No money moves.</p>
"""
_ASK = """<dl><dt>Order</dt><dd id="order-id">{order_id}</dd>
<dt>Amount</dt><dd id="amount">{amount}</dd></dl>
<form method="post"><input type="hidden" name="order_id" value="{order_id}">
<input type="hidden" name="callback_url" value="{callback_url}">
<p><label>E-mail <input name="email" type="email" value="{email}"></label></p>
<p><label>Phone <input name="contact" value="{contact}"></label></p>
<button id="pay" name="outcome" value="pay">Pay {amount}</button>
<button id="fail" name="outcome" value="fail">Let it fail</button></form>
"""
_TELL = """<dl><dt>Status</dt><dd id="status">{status}</dd>{fields}</dl>
<script id="result" type="application/json">{result}</script>
<script>const result = JSON.parse(document.getElementById("result").textContent);
(window.opener || window.parent).postMessage(result, "*");</script>
"""


def checkout_signature(server: Server, order_id: str, payment_id: str) -> str:
    """What proves to the merchant that this payment was made for this order."""
    key = server.config.payments_key_secret.encode()
    return hmac.new(key, f"{order_id}|{payment_id}".encode(), hashlib.sha256).hexdigest()


def show_checkout(ctx: Context) -> Reply:
    """The page that asks."""
    order = find(ctx.store, "order", str(ctx.args.get("order_id", "")))
    callback_url = str(ctx.args.get("callback_url", ""))
    _check_callback(callback_url)
    return _html(
        _ASK.format(
            order_id=escape(order["id"]),
            amount=escape(_spell(order)),
            callback_url=escape(callback_url),
            email=escape(str(ctx.args.get("email", "customer@example.com"))),
            contact=escape(str(ctx.args.get("contact", "+919000090000"))),
        )
    )


def finish_checkout(ctx: Context) -> Reply:
    """The click: pays or fails, then tells, to the callback address when there is one."""
    given = {name: str(value) for name, value in ctx.args.items()}
    order = find(ctx.store, "order", given.get("order_id", ""))
    callback_url = given.get("callback_url", "")
    _check_callback(callback_url)
    payment = start(
        ctx.server, order["amount"], order["currency"], order["id"],
        email=given.get("email", ""), contact=given.get("contact", ""), notes=read_notes({}),
    )  # fmt: skip
    if given.get("outcome") == PAID:
        payment = pay(ctx.server, payment)
    elif given.get("outcome") == FAILED:
        payment = fail(ctx.server, payment)
    else:
        raise GatewayRefusalError("The outcome must be pay or fail.", "outcome")
    result = _result(ctx.server, payment)
    if callback_url:
        return _html(_hand_over(callback_url, result))
    fields = "".join(
        f'<dt>{escape(name)}</dt><dd id="{escape(name)}">{escape(value)}</dd>'
        for name, value in result.items()
    )
    safe = json.dumps(result).replace("<", "\\u003c")
    return _html(_TELL.format(status=escape(payment["status"]), fields=fields, result=safe))


def pay(server: Server, payment: Row) -> Row:
    """What a customer's payment does: it is authorised, and captured when its order wants that."""
    payment = authorise(server, payment)
    if payment["order_id"] and find(server.store, "order", payment["order_id"])["auto_capture"]:
        return capture(server, payment, payment["amount"], payment["currency"])
    return payment


def _result(server: Server, payment: Row) -> dict[str, str]:
    if payment["status"] == "failed":
        metadata = {"payment_id": payment["id"], "order_id": payment["order_id"]}
        about = {f"error[{name[6:]}]": value for name, value in FAILURE.items()}
        return {**about, "error[metadata]": json.dumps(metadata)}
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": payment["order_id"],
        "razorpay_signature": checkout_signature(server, payment["order_id"], payment["id"]),
    }


def _hand_over(url: str, result: dict[str, str]) -> str:
    """A form that posts itself to the callback address, as the gateway's page does."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in result.items()
    )
    return (
        f'<form id="callback" method="post" action="{escape(url)}">{fields}<button>Continue</button></form>'
        '<script>document.getElementById("callback").submit()</script>'
    )


def _check_callback(url: str) -> None:
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise GatewayRefusalError("The callback_url must be an http address.", "callback_url")


def _spell(order: Row) -> str:
    digits = _DECIMALS.get(order["currency"], 2)
    return f"{order['currency']} {order['amount'] / 10**digits:.{digits}f}"


def _html(body: str) -> Reply:
    return Reply(200, (_PAGE + body).encode(), "text/html; charset=utf-8")


ROUTES = (
    Route("GET", "/checkout", show_checkout, "public"),
    Route("POST", "/checkout", finish_checkout, "public"),
)

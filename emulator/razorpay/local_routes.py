"""`/_local/payments`: what a customer, a bank and the gateway's back office do, for tests and the demo."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, boolean, integer, json_object, list_of, one_of, text
from emulator.core.routing import Route
from emulator.local.params import MANY, number
from emulator.razorpay.checkout import checkout_signature
from emulator.razorpay.entities import find, show_ledger, show_payment, show_refund
from emulator.razorpay.errors import GatewayRefusalError
from emulator.razorpay.inputs import read_amount, read_currency, read_notes
from emulator.razorpay.payments import authorise, capture, fail, start
from emulator.razorpay.refunds import refund, settle
from emulator.razorpay.settings import EVENTS, SettingsKeeper, camel
from emulator.razorpay.webhooks import Courier, show_event

register_types({"gateway_refused": 400, "gateway_event_not_found": 404})
STATUSES = ("created", "authorized", "captured", "failed", "refunded")
NO_EMAIL = "void@razorpay.com"
METHODS = ("card", "netbanking", "wallet", "emi", "upi")


def in_local_spelling(handler: Callable[[Context], Reply]) -> Callable[[Context], Reply]:
    """Turns the gateway's refusals into the local site's."""

    @wraps(handler)
    def wrapped(ctx: Context) -> Reply:
        try:
            return handler(ctx)
        except GatewayRefusalError as error:
            raise ApiError("gateway_refused", error.description) from None

    return wrapped


@in_local_spelling
def make_payment(ctx: Context) -> Reply:
    """A payment in the wanted state, with every event that leads to it; answers the gateway's entity.

    Amount and currency are the order's when an order is named and they are left out.
    """
    server, args = ctx.server, ctx.args
    given = {name: args[name] for name in ("amount", "currency") if args[name] is not None}
    if args["orderId"]:
        order = find(ctx.store, "order", args["orderId"])
        given = {"amount": order["amount"], "currency": order["currency"], **given}
    payment = start(
        server,
        read_amount(given, minimum=1),
        read_currency({"currency": "INR", **given}),
        args["orderId"],
        method=args["method"],
        email=args["email"],
        contact=args["contact"],
        notes=read_notes(args),
        description=args["description"],
    )
    status = args["status"]
    if status == "failed":
        payment = fail(server, payment)
    if status in ("authorized", "captured", "refunded"):
        payment = authorise(server, payment)
    if status in ("captured", "refunded"):
        payment = capture(server, payment, payment["amount"], payment["currency"])
    if status == "refunded":
        refund(server, payment["id"], {}, "")
    return created(show_payment(find(ctx.store, "payment", payment["id"])))


@in_local_spelling
def move_payment(ctx: Context) -> Reply:
    """What the bank decides later: `authorized` (also after `failed`), `failed`, or an automatic capture."""
    payment = find(ctx.store, "payment", ctx.args["paymentId"])
    status = ctx.args["status"]
    if status == "authorized":
        payment = authorise(ctx.server, payment)
    elif status == "failed":
        payment = fail(ctx.server, payment)
    else:
        payment = capture(ctx.server, payment, payment["amount"], payment["currency"])
    return Reply(body=show_payment(payment))


@in_local_spelling
def sign_payment(ctx: Context) -> Reply:
    """The three fields that checkout hands to the merchant's page."""
    payment = find(ctx.store, "payment", ctx.args["paymentId"])
    if not payment["order_id"]:
        raise GatewayRefusalError("A payment without an order has no signature.")
    fields = {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": payment["order_id"],
        "razorpay_signature": checkout_signature(ctx.server, payment["order_id"], payment["id"]),
    }
    return Reply(body=fields)


@in_local_spelling
def settle_refund(ctx: Context) -> Reply:
    """Ends a pending refund."""
    row = find(ctx.store, "refund", ctx.args["refundId"])
    return Reply(body=show_refund(settle(ctx.server, row, ctx.args["status"])))


def read_ledger(ctx: Context) -> Reply:
    """Every movement of money and what they add up to."""
    return Reply(body=show_ledger(ctx.store))


def forget_all(ctx: Context) -> Reply:
    """Forgets every order, payment, refund, event and movement of money; the settings stay."""
    with ctx.store.transaction():
        for table in ("orders", "payments", "refunds", "events", "ledger"):
            ctx.store.run(f"DELETE FROM gateway_{table}")  # noqa: S608
    return no_content()


def show_settings(ctx: Context) -> Reply:
    """How the stand-in behaves."""
    return Reply(body=ctx.server.part(SettingsKeeper).shown())


def change_settings(ctx: Context) -> Reply:
    """Changes what is given and keeps the rest."""
    values = {name: ctx.args[camel(name)] for name in _SETTINGS if ctx.args[camel(name)] is not None}
    if "webhook_url" in values:
        values.setdefault("disabled", False)
    ctx.server.part(SettingsKeeper).change(values)
    return show_settings(ctx)


def list_events(ctx: Context) -> Reply:
    """Events, oldest first, and what became of them."""
    payment_id = ctx.args["paymentId"]
    rows = ctx.store.all(
        "SELECT * FROM gateway_events WHERE (? = '' OR payment_id = ?) ORDER BY sequence",
        payment_id,
        payment_id,
    )
    return Reply(body={"events": [show_event(row) for row in rows]})


async def deliver_event(ctx: Context) -> Reply:
    """Posts one event now and waits for the answer: the way to repeat events and to choose their order."""
    try:
        status = await ctx.server.part(Courier).deliver_now(ctx.args["eventId"])
    except KeyError:
        raise ApiError("gateway_event_not_found", "There is no event with this id.") from None
    return Reply(body={"status": status})


_PAYMENT_ID = Param("paymentId", text(40), required=True)
_SETTINGS = {
    "webhook_url": text(0, 0), "events": list_of(one_of(*EVENTS)), "held": boolean, "disabled": boolean,
    "loss_rate": number(0, 1), "duplicate_rate": number(0, 1), "jitter_seconds": number(0, 3600),
    "retry_seconds": number(0.01, 3600), "seed": integer(0, MANY),
    "refund_status": one_of("processed", "pending"), "refund_seconds": number(0, 60),
}  # fmt: skip

ROUTES = (
    Route(
        "POST", "/payments", make_payment, "local",
        (
            Param("amount", integer(1, MANY)), Param("currency", text(3, 3)),
            Param("status", one_of(*STATUSES), default="captured"), Param("orderId", text(40)),
            Param("method", one_of(*METHODS), default="upi"), Param("email", text(256, 0), default=NO_EMAIL),
            Param("contact", text(40, 0), default=""), Param("notes", json_object),
            Param("description", text(2048, 0)),
        ),
    ),
    Route("DELETE", "/payments", forget_all, "local"),
    Route("GET", "/payments/ledger", read_ledger, "local"),
    Route("GET", "/payments/settings", show_settings, "local"),
    Route(
        "PATCH", "/payments/settings", change_settings, "local",
        tuple(Param(camel(name), check) for name, check in _SETTINGS.items()),
    ),
    Route("GET", "/payments/events", list_events, "local", (Param("paymentId", text(40, 0), default=""),)),
    Route(
        "POST", "/payments/events/{eventId}/deliver", deliver_event, "local",
        (Param("eventId", text(40), required=True),),
    ),
    Route(
        "PATCH", "/payments/refunds/{refundId}", settle_refund, "local",
        (
            Param("refundId", text(40), required=True),
            Param("status", one_of("processed", "failed"), required=True),
        ),
    ),
    Route(
        "PATCH", "/payments/{paymentId}", move_payment, "local",
        (_PAYMENT_ID, Param("status", one_of("authorized", "failed", "captured"), required=True)),
    ),
    Route("GET", "/payments/{paymentId}/signature", sign_payment, "local", (_PAYMENT_ID,)),
)  # fmt: skip

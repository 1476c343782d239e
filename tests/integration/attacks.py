"""Attempts to get tickets that one has no right to, each with the guard that it is refused by."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from boxoffice.adapters.appwrite.accounts import AppwriteAccounts
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.bookings import parts, proof, sale
from boxoffice.domain.callers import Account, Caller

from functions.book_ticket_atomic import main as function
from scripts.project.shop import Customer, Event, Shop
from tests.support.local_server import ok
from tests.support.target import Target

PRICE = 50_000

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody who paid, and somebody who wants their tickets. payment: the state that payments are in."""

    shop: Shop
    target: Target
    gateway_url: str
    victim: Customer
    attacker: Customer
    event: Event
    payment: str

    def paid(self, customer: Customer, amount: int = PRICE, **payment: Any) -> str:
        """A payment that a customer made."""
        return self.shop.pay(customer, amount, **{"status": self.payment, **payment})

    def order(self) -> str:
        """An order for one ticket at the gateway."""
        key = (self.target.variables["RAZORPAY_KEY_ID"], self.target.variables["RAZORPAY_KEY_SECRET"])
        wanted = {"amount": PRICE, "currency": "INR"}
        return str(
            ok(requests.post(f"{self.gateway_url}/v1/orders", json=wanted, auth=key, timeout=30))["id"]
        )

    def signature(self, order: str, payment: str, secret: str = "") -> str:
        """What the gateway would sign with `secret`, by default its own."""
        key = secret or self.target.variables["RAZORPAY_KEY_SECRET"]
        return hmac.new(key.encode(), f"{order}|{payment}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request. by_token: with an account JWT instead of a session. other_events: beside the scene's."""

    fields: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    by_token: bool = False
    other_events: tuple[str, ...] = ()


Make = Callable[[Scene], Attempt]


@dataclass(frozen=True, slots=True)
class Attack:
    """An attempt, the codes that may refuse it, and how to switch off the guard that does."""

    name: str
    codes: frozenset[str]
    attempt: Make
    guard_off: Callable[[Patch], None] | None = None


def refused(
    name: str, codes: str, guard_off: Callable[[Patch], None] | None = None
) -> Callable[[Make], Make]:
    """Adds the decorated attempt to `ATTACKS`. codes: separated by spaces."""

    def add(attempt: Make) -> Make:
        ATTACKS.append(Attack(name, frozenset(codes.split()), attempt, guard_off))
        return attempt

    return add


ATTACKS: list[Attack] = []


def believing_the_body(patch: Patch) -> None:
    async def identify(headers: Mapping[str, str], named: str | None, accounts: object) -> Caller:
        return Caller(str(named), None)

    patch.setattr(function, "identify", identify)


def believing_the_id_header(patch: Patch) -> None:
    async def identify(headers: Mapping[str, str], named: str | None, accounts: object) -> Caller:
        return Caller(headers["x-appwrite-user-id"], None)

    patch.setattr(function, "identify", identify)


def believing_any_token(patch: Patch) -> None:
    async def of_token(self: AppwriteAccounts, token: str) -> Account:
        payload = token.split(".")[1]
        user = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["userId"]
        return Account(user, "", "")

    patch.setattr(AppwriteAccounts, "of_token", of_token)


def believing_any_owner(patch: Patch) -> None:
    patch.setattr(proof, "check_payment", lambda payment, caller: None)


def believing_any_amount(patch: Patch) -> None:
    patch.setattr(sale, "check_amount", lambda payment, price: None)


def believing_any_signature(patch: Patch) -> None:
    patch.setattr(RazorpayPayments, "has_signed", lambda self, order, payment, signature: True)


def always_on_sale(patch: Patch) -> None:
    patch.setattr(parts, "check_event", lambda event, now: None)
    patch.setattr(parts, "check_ticket_type", lambda ticket_type, now: None)


def new_number() -> str:
    """A telephone number that nobody else has."""
    return f"+91{secrets.randbelow(10**10):010d}"


# Who is asking


@refused("the body names somebody else", "PERMISSION_ERROR", believing_the_body)
def name_another_user(scene: Scene) -> Attempt:
    return Attempt({"userId": scene.victim.user_id, "paymentId": scene.paid(scene.victim)})


def _spoof(name: str) -> None:
    @refused(f"the header {name} names somebody else", "PAYMENT_NOT_VERIFIED", believing_the_id_header)
    def spoof_the_id(scene: Scene) -> Attempt:
        noted = scene.paid(scene.victim, notes={"userId": scene.victim.user_id})
        return Attempt({"paymentId": noted}, {name: scene.victim.user_id})

    @refused(
        f"the header {name} names somebody else in a call with a token",
        "UNAUTHENTICATED",
        believing_the_id_header,
    )
    def spoof_the_id_with_a_token(scene: Scene) -> Attempt:
        noted = scene.paid(scene.victim, notes={"userId": scene.victim.user_id})
        return Attempt({"paymentId": noted}, {name: scene.victim.user_id}, by_token=True)


def _forge(name: str) -> None:
    @refused(
        f"the header {name} has a token that nobody issued",
        "UNAUTHENTICATED PAYMENT_NOT_VERIFIED",
        believing_any_token,
    )
    def forge_a_token(scene: Scene) -> Attempt:
        claims = json.dumps({"userId": scene.victim.user_id, "sessionId": "x", "exp": 4_000_000_000})
        parts = [
            base64.urlsafe_b64encode(part).decode().rstrip("=")
            for part in (b'{"alg":"none"}', claims.encode(), b"x")
        ]
        noted = scene.paid(scene.victim, notes={"userId": scene.victim.user_id})
        return Attempt({"paymentId": noted}, {name: ".".join(parts)}, by_token=True)


for spelling in ("X-Appwrite-User-Id", "X-APPWRITE-USER-ID", "x-Appwrite-user-id"):
    _spoof(spelling)
for spelling in ("X-Appwrite-User-Jwt", "X-APPWRITE-USER-JWT", "x-Appwrite-user-jwt"):
    _forge(spelling)


@refused("an account token without a session", "UNAUTHENTICATED", believing_the_id_header)
def call_with_a_token(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker)}, by_token=True)


# What it costs


@refused("fields of the body say that it is cheap", "PAYMENT_AMOUNT_MISMATCH", believing_any_amount)
def change_the_price(scene: Scene) -> Attempt:
    cheap = {
        "price": 1, "pricePerTicket": "1", "unitPrice": 1, "subtotal": "1", "total": 1, "totalAmount": 1,
        "totalAmountPaid": "1", "amount": 1, "taxGST": "0", "internetHandlingFee": "0", "currency": "INR",
        "discount": "49999",
    }  # fmt: skip
    return Attempt({**cheap, "paymentId": scene.paid(scene.attacker, 100)})


@refused("one ticket is paid and ten are wanted", "PAYMENT_AMOUNT_MISMATCH", believing_any_amount)
def want_more_than_is_paid(scene: Scene) -> Attempt:
    return Attempt({"quantity": 10, "paymentId": scene.paid(scene.attacker)})


@refused("the amount is right in another currency", "PAYMENT_AMOUNT_MISMATCH", believing_any_amount)
def pay_in_another_currency(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker, currency="JPY")})


# Whose payment it is


@refused("the payment is noted to be somebody else's", "PAYMENT_NOT_VERIFIED", believing_any_owner)
def use_a_noted_payment(scene: Scene) -> Attempt:
    noted = {"userId": scene.victim.user_id}
    return Attempt({"paymentId": scene.paid(scene.attacker, notes=noted)})


@refused("the payment was made with somebody else's address", "PAYMENT_NOT_VERIFIED", believing_any_owner)
def use_anothers_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.victim)})


@refused("the payment does not say whose it is", "PAYMENT_NOT_VERIFIED", believing_any_owner)
def use_nobodys_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.victim, email="")})


@refused(
    "the payment was made with a number that the account only claims",
    "PAYMENT_NOT_VERIFIED",
    believing_any_owner,
)
def claim_a_number(scene: Scene) -> Attempt:
    number, attacker = new_number(), scene.attacker
    ok(attacker.http.patch("/account/phone", {"phone": number, "password": attacker.password}))
    return Attempt({"paymentId": scene.paid(scene.victim, email="", contact=number)})


@refused("the signature is forged", "PAYMENT_NOT_VERIFIED", believing_any_signature)
def forge_a_signature(scene: Scene) -> Attempt:
    order = scene.order()
    payment = scene.paid(scene.attacker, orderId=order)
    forged = scene.signature(order, payment, secret="guessed")
    return Attempt({"paymentId": payment, "orderId": order, "signature": forged})


@refused("the signature is another payment's", "PAYMENT_NOT_VERIFIED", believing_any_signature)
def reuse_a_signature(scene: Scene) -> Attempt:
    order = scene.order()
    payment = scene.paid(scene.attacker, orderId=order)
    reused = scene.signature(order, scene.paid(scene.attacker))
    return Attempt({"paymentId": payment, "orderId": order, "signature": reused})


@refused("the payment is another order's", "PAYMENT_NOT_VERIFIED")
def use_another_order(scene: Scene) -> Attempt:
    order, payment = scene.order(), scene.paid(scene.attacker, orderId=scene.order())
    signature = scene.signature(order, payment)
    return Attempt({"paymentId": payment, "orderId": order, "signature": signature})


@refused("the payment is not completed", "PAYMENT_PENDING")
def use_a_created_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker, status="created")})


@refused("the payment has failed", "PAYMENT_NOT_VERIFIED")
def use_a_failed_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker, status="failed")})


@refused("the payment was refunded", "PAYMENT_NOT_VERIFIED")
def use_a_refunded_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker, status="refunded")})


@refused("the payment does not exist", "PAYMENT_NOT_VERIFIED")
def invent_a_payment(scene: Scene) -> Attempt:
    return Attempt({"paymentId": "pay_00000000000000"})


@refused("the payment's id is spelled differently", "PAYMENT_NOT_VERIFIED PAYMENT_GATEWAY_ERROR")
def spell_a_payment_differently(scene: Scene) -> Attempt:
    return Attempt({"paymentId": scene.paid(scene.attacker).swapcase()})


# What is for sale


def _not_for_sale(name: str, code: str, event: Mapping[str, Any], kind: Mapping[str, Any]) -> None:
    @refused(name, code, always_on_sale)
    def buy(scene: Scene) -> Attempt:
        closed = scene.shop.create_event({}, **event)
        standing = scene.shop.create_kind(closed.id, "Standing", PRICE, 100, **kind)
        fields = {"eventId": closed.id, "ticketTypeId": standing.id, "paymentId": scene.paid(scene.attacker)}
        return Attempt(fields, other_events=(closed.id,))


def _time(**distance: int) -> str:
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


_not_for_sale("the event is a draft", "EVENT_NOT_PUBLISHED", {"status": "draft"}, {})
_not_for_sale("the event is cancelled", "EVENT_NOT_PUBLISHED", {"status": "cancelled"}, {})
_not_for_sale("the event has begun", "EVENT_PAST", {"startsAt": _time(minutes=-1)}, {})
_not_for_sale("the event is over", "EVENT_PAST", {"startsAt": _time(days=-2), "endsAt": _time(days=-1)}, {})
_not_for_sale("the ticket type is not on sale", "TICKET_TYPE_UNAVAILABLE", {}, {"onSale": False})
_not_for_sale("the sale has not begun", "SALES_CLOSED", {}, {"salesStart": _time(days=1)})
_not_for_sale("the sale has ended", "SALES_CLOSED", {}, {"salesEnd": _time(minutes=-1)})


@refused("the ticket type is another event's", "NOT_FOUND_ERROR")
def use_another_events_ticket_type(scene: Scene) -> Attempt:
    other = scene.shop.create_event({"Cheap": (100, 10)})
    fields = {"ticketTypeId": other.kinds["Cheap"].id, "paymentId": scene.paid(scene.attacker, 100)}
    return Attempt(fields, other_events=(other.id,))


@refused("the name is another event's ticket type", "NOT_FOUND_ERROR")
def use_another_events_name(scene: Scene) -> Attempt:
    other = scene.shop.create_event({"Cheap": (100, 10)})
    fields = {"ticketTypeId": None, "ticketTypeName": "Cheap", "paymentId": scene.paid(scene.attacker, 100)}
    return Attempt(fields, other_events=(other.id,))

"""The gateway adapter, down to the bytes of a request."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
import requests
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal, Rejected, Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import MOST_LISTED, GatewayOrder, PaymentState
from boxoffice.saga.timing import TimeBudget
from boxoffice.settings import Misconfigured
from razorpay.utility import Utility  # type: ignore[import-untyped]

from tests.unit.fake_time import FakeTime
from tests.unit.running import error_of
from tests.unit.wire import Answer, Wire, dropped_connection, refused_connection

ENTITY: dict[str, Any] = {
    "id": "pay_1",
    "entity": "payment",
    "amount": 50_000,
    "currency": "INR",
    "status": "captured",
    "order_id": None,
    "amount_refunded": 0,
    "email": "ann@example.com",
    "contact": "+919876543210",
    "notes": [],
}
ERROR = {"error": {"code": "BAD_REQUEST_ERROR", "description": "secret"}}
THREADS = Threads(4)


ORDER: dict[str, Any] = {
    "id": "order_1",
    "entity": "order",
    "amount": 50_000,
    "currency": "INR",
    "receipt": "bk-1",
    "status": "created",
}
PRICE = Money(50_000, "INR")


def listed(*entities: object) -> Answer:
    return 200, {"entity": "collection", "count": len(entities), "items": list(entities)}


class Gateway:
    def __init__(self, *answers: Answer, webhook_secrets: Sequence[str] = ("new", "old")) -> None:
        self.wire = Wire(answers)
        time = FakeTime()
        self.payments = RazorpayPayments(
            self.wire.session(),
            ("rzp_id", "rzp_secret"),
            "http://gateway",
            THREADS,
            time.timing,
            TimeBudget(time.timing.clock, 25.0, 0.0),
            webhook_secrets,
        )

    def open_order(self) -> GatewayOrder:
        return asyncio.run(self.payments.open_order("bk-1", PRICE, {"bookingId": "bk-1"}))


def test_a_payment_is_read() -> None:
    gateway = Gateway((200, ENTITY))
    payment = asyncio.run(gateway.payments.fetch("pay_1"))
    assert gateway.wire.sent == ["GET /v1/payments/pay_1"]
    assert (payment.id, payment.state, payment.amount) == (
        "pay_1",
        PaymentState.CAPTURED,
        Money(50_000, "INR"),
    )
    assert (payment.order_id, payment.noted_user_id) == ("", "")
    assert gateway.wire.requests[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("created", PaymentState.CREATED),
        ("authorized", PaymentState.AUTHORISED),
        ("refunded", PaymentState.REFUNDED),
        ("failed", PaymentState.FAILED),
    ],
)
def test_states(status: str, state: PaymentState) -> None:
    gateway = Gateway((200, {**ENTITY, "status": status}))
    assert asyncio.run(gateway.payments.fetch("pay_1")).state is state


def test_notes_and_addresses() -> None:
    entity = {**ENTITY, "notes": {"userId": "ann"}, "email": "Void@Razorpay.com", "contact": None}
    payment = asyncio.run(Gateway((200, entity)).payments.fetch("pay_1"))
    assert (payment.noted_user_id, payment.email, payment.contact) == ("ann", "", "")


@pytest.mark.parametrize(
    "entity",
    [
        {},
        [],
        {**ENTITY, "status": "new"},
        {**ENTITY, "amount": 1.5},
        {**ENTITY, "currency": "rupee"},
        b"<html>",
    ],
)
def test_an_answer_that_cannot_be_understood_is_never_a_payment(entity: object) -> None:
    error = error_of(Gateway(*[(200, entity)] * 3).payments.fetch("pay_1"))
    assert error.code is Code.PAYMENT_GATEWAY_ERROR


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((400, ERROR), Rejected),
        ((404, ERROR), Rejected),
        ((401, ERROR), Fatal),
        ((409, ERROR), Retryable),
        ((429, ERROR), Retryable),
        ((500, ERROR), Ambiguous),
        ((502, b"<html>"), Ambiguous),
        (requests.ReadTimeout(), Ambiguous),
        (dropped_connection(), Ambiguous),
        (refused_connection(), Retryable),
    ],
)
def test_what_a_failed_refund_means(answer: Answer, kind: type[BoxofficeError]) -> None:
    gateway = Gateway(*[answer] * 3)
    error = error_of(gateway.payments.refund("pay_1", Money(1, "INR"), "refund-bk-1"))
    assert type(error) is kind
    assert "secret" not in error.message
    assert len(gateway.wire.sent) == (3 if kind is Retryable else 1)


def test_a_refund_that_has_failed_at_the_bank_is_a_refusal() -> None:
    gateway = Gateway((200, {"id": "rfnd_1", "status": "failed"}))
    error = error_of(gateway.payments.refund("pay_1", Money(1, "INR"), "refund-bk-1"))
    assert (type(error), error.code) == (Rejected, Code.PAYMENT_GATEWAY_ERROR)


def test_reading_is_repeated() -> None:
    gateway = Gateway(requests.ReadTimeout(), (500, ERROR), (200, ENTITY))
    assert asyncio.run(gateway.payments.fetch("pay_1")).is_captured


def test_a_refund_carries_its_key() -> None:
    gateway = Gateway((200, {"id": "rfnd_1"}))
    refund_id = asyncio.run(gateway.payments.refund("pay_1", Money(50_000, "INR"), "refund-bk-1"))
    assert refund_id == "rfnd_1"
    assert gateway.wire.sent == ["POST /v1/payments/pay_1/refund"]
    assert gateway.wire.requests[0].headers["x-refund-idempotency"] == "refund-bk-1"
    assert gateway.wire.body(0) == {"amount": 50_000}


def test_captures_do_not_share_their_data() -> None:
    gateway = Gateway((200, ENTITY), (200, ENTITY))
    asyncio.run(gateway.payments.capture("pay_1", Money(1, "INR")))
    asyncio.run(gateway.payments.capture("pay_2", Money(2, "USD")))
    assert [gateway.wire.body(number) for number in (0, 1)] == [
        {"currency": "INR", "amount": 1},
        {"currency": "USD", "amount": 2},
    ]


def test_signatures() -> None:
    payments = Gateway().payments
    genuine = hmac.new(b"rzp_secret", b"order_1|pay_1", sha256).hexdigest()
    assert payments.has_signed("order_1", "pay_1", genuine)
    for forged in ("", genuine[:-1], genuine.upper(), "é", "\ud800"):
        assert not payments.has_signed("order_1", "pay_1", forged)
    assert not payments.has_signed("order_2", "pay_1", genuine)


@pytest.mark.parametrize("answer", [{}, [], None])
def test_a_refund_without_an_id_may_have_been_made(answer: object) -> None:
    error = error_of(Gateway((200, answer)).payments.refund("pay_1", Money(1, "INR"), "refund-bk-1"))
    assert type(error) is Ambiguous


def test_an_order_costs_one_call() -> None:
    gateway = Gateway((200, ORDER))
    assert gateway.open_order() == GatewayOrder("order_1", PRICE, "bk-1", is_paid=False)
    assert gateway.wire.sent == ["POST /v1/orders"]
    assert gateway.wire.body(0) == {
        "amount": 50_000,
        "currency": "INR",
        "receipt": "bk-1",
        "notes": {"bookingId": "bk-1"},
    }


LOST = [requests.ReadTimeout(), dropped_connection(), (500, ERROR), (200, b"<html>")]


@pytest.mark.parametrize("lost", LOST)
def test_an_order_whose_answer_was_lost_is_found(lost: Answer) -> None:
    older, newer = {**ORDER, "id": "order_old"}, {**ORDER, "id": "order_new", "status": "paid"}
    other = {**ORDER, "id": "order_other", "amount": 1}
    gateway = Gateway(lost, listed(newer, older, other))
    assert gateway.open_order().id == "order_old"
    assert gateway.wire.sent == ["POST /v1/orders", "GET /v1/orders"]
    assert "receipt=bk-1" in str(gateway.wire.requests[1].url)


@pytest.mark.parametrize("lost", LOST)
def test_an_order_that_never_arrived_is_asked_for_once_more(lost: Answer) -> None:
    gateway = Gateway(lost, listed(), (200, ORDER))
    assert gateway.open_order().id == "order_1"
    gateway = Gateway(lost, listed(), lost, listed(ORDER))
    assert gateway.open_order().id == "order_1"
    gateway = Gateway(lost, listed(), lost, listed())
    with pytest.raises(Ambiguous):
        gateway.open_order()


def test_a_refusal_may_mean_that_the_order_is_there() -> None:
    gateway = Gateway((400, ERROR), listed(ORDER))
    assert gateway.open_order().id == "order_1"


def test_an_order_that_is_refused_is_nobodys_fault_but_ours() -> None:
    gateway = Gateway((400, ERROR), listed({**ORDER, "amount": 1}))
    with pytest.raises(Fatal) as raised:
        gateway.open_order()
    assert raised.value.code is Code.PAYMENT_GATEWAY_ERROR
    assert "secret" not in raised.value.message


def test_no_second_order_is_made_while_nobody_can_say_whether_there_is_one() -> None:
    gateway = Gateway(requests.ReadTimeout(), *[(500, ERROR)] * 3)
    with pytest.raises(Ambiguous):
        gateway.open_order()
    assert gateway.wire.sent.count("POST /v1/orders") == 1


def test_an_order_that_was_never_sent_is_sent_again() -> None:
    gateway = Gateway(refused_connection(), (429, ERROR), (200, ORDER))
    assert gateway.open_order().id == "order_1"
    assert gateway.wire.sent == ["POST /v1/orders"] * 3


@pytest.mark.parametrize("order", [{}, {**ORDER, "amount": "1"}, {**ORDER, "id": ""}, {**ORDER, "status": 1}])
def test_an_answer_that_cannot_be_understood_is_never_an_order(order: object) -> None:
    with pytest.raises(Fatal):
        Gateway((200, order)).open_order()


def test_an_order_by_its_id() -> None:
    gateway = Gateway((200, ORDER), (404, ERROR))
    assert asyncio.run(gateway.payments.order(ORDER["id"])).receipt == ORDER["receipt"]
    assert gateway.wire.sent == [f"GET /v1/orders/{ORDER['id']}"]
    assert error_of(gateway.payments.order("order_2")).code is Code.PAYMENT_NOT_VERIFIED


def test_the_payments_of_an_order() -> None:
    failed = {**ENTITY, "id": "pay_0", "status": "failed"}
    gateway = Gateway(listed(ENTITY, failed))
    payments = asyncio.run(gateway.payments.payments_of("order_1"))
    assert [(payment.id, payment.state) for payment in payments] == [
        ("pay_1", PaymentState.CAPTURED),
        ("pay_0", PaymentState.FAILED),
    ]
    assert gateway.wire.sent == ["GET /v1/orders/order_1/payments"]


def test_a_page_of_the_list() -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    gateway = Gateway(listed(ENTITY, {**ENTITY, "status": "strange"}), listed(*[ENTITY] * MOST_LISTED))
    page = asyncio.run(gateway.payments.made_between(since, until, 100))
    assert ([payment.id for payment in page.payments], page.is_last) == (["pay_1"], True)
    query = "count=100&from=1767225600&skip=100&to=1767312000"
    assert "&".join(sorted((gateway.wire.requests[0].url or "").partition("?")[2].split("&"))) == query
    assert not asyncio.run(gateway.payments.made_between(since, until)).is_last


def test_the_payments_of_an_order_that_is_not_there() -> None:
    error = error_of(Gateway((400, ERROR)).payments.payments_of("order_1"))
    assert (type(error), error.code) == (Rejected, Code.PAYMENT_NOT_VERIFIED)
    assert type(error_of(Gateway((200, {"items": {}})).payments.payments_of("order_1"))) is Fatal


BODY = b'{"event": "payment.captured",  "name": "\xc3\xa9"}\n'


def signed(secret: str, body: bytes = BODY) -> str:
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def test_webhooks_are_genuine_with_any_of_the_secrets() -> None:
    payments = Gateway().payments
    assert payments.is_webhook_genuine(BODY, signed("new"))
    assert payments.is_webhook_genuine(BODY, signed("old"))


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (BODY, ""),
        (BODY, signed("another")),
        (BODY, signed("new")[:-1]),
        (BODY, signed("new").upper()),
        (BODY, "é"),
        (BODY, "\ud800"),
        (BODY + b" ", signed("new")),
        (BODY.replace(b",  ", b", "), signed("new")),
        (b"", signed("new")),
        (b"\xff", signed("new", b"\xff")),
    ],
)
def test_forged_webhooks(body: bytes, signature: str) -> None:
    assert not Gateway().payments.is_webhook_genuine(body, signature)


def test_without_the_check_of_the_signature_every_webhook_is_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Utility, "verify_webhook_signature", lambda *given: True)
    assert Gateway().payments.is_webhook_genuine(BODY, signed("another"))


def test_without_a_secret_nothing_is_taken_for_genuine_or_forged() -> None:
    payments = Gateway(webhook_secrets=()).payments
    with pytest.raises(Misconfigured, match="RAZORPAY_WEBHOOK_SECRET"):
        payments.is_webhook_genuine(BODY, signed(""))

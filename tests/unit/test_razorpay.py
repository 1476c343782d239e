"""The gateway adapter, down to the bytes of a request."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Coroutine
from hashlib import sha256
from typing import Any

import pytest
import requests
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal, Rejected, Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.saga.timing import TimeBudget

from tests.unit.fakes import FakeTime
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


class Gateway:
    def __init__(self, *answers: Answer) -> None:
        self.wire = Wire(answers)
        time = FakeTime()
        self.payments = RazorpayPayments(
            self.wire.session(),
            ("rzp_id", "rzp_secret"),
            "http://gateway",
            THREADS,
            time.timing,
            TimeBudget(time.timing.clock, 25.0, 0.0),
        )


def error_of(call: Coroutine[Any, Any, Any]) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as raised:
        asyncio.run(call)
    return raised.value


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


def test_reading_is_repeated() -> None:
    gateway = Gateway(requests.ReadTimeout(), (500, ERROR), (200, ENTITY))
    assert asyncio.run(gateway.payments.fetch("pay_1")).is_captured


def test_a_refund_carries_its_key() -> None:
    gateway = Gateway((200, {"id": "rfnd_1"}))
    asyncio.run(gateway.payments.refund("pay_1", Money(50_000, "INR"), "refund-bk-1"))
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

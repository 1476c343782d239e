"""Webhook envelopes, read."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.gateway_events import GatewayEvent, GatewayEventKind, read_event
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState, Refund, RefundState
from hypothesis import given
from hypothesis import strategies as st

PAYMENT = {
    "id": "pay_1",
    "entity": "payment",
    "amount": 50_000,
    "currency": "INR",
    "status": "captured",
    "order_id": "order_1",
    "amount_refunded": 20_000,
    "email": "ann@example.com",
    "contact": None,
    "notes": {"userId": "ann"},
}
REFUND = {"id": "rfnd_1", "payment_id": "pay_1", "amount": 20_000, "currency": "INR", "status": "processed"}
ENVELOPE: dict[str, Any] = {
    "entity": "event",
    "account_id": "acc_1",
    "event": "refund.processed",
    "contains": ["refund", "payment"],
    "payload": {"payment": {"entity": PAYMENT}, "refund": {"entity": REFUND}},
    "created_at": 1_767_225_600,
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The envelope with something else at a path; `...` removes what is there."""
    envelope = deepcopy(ENVELOPE)
    *parents, last = path.split(".")
    place: Any = envelope
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return envelope


def refused_field(event_id: str, envelope: Any) -> str:
    with pytest.raises(Rejected) as raised:
        read_event(event_id, envelope)
    assert raised.value.code is Code.VALIDATION_ERROR
    return str(raised.value.details["field"])


def test_a_refund_is_read() -> None:
    event = read_event("evt_1", ENVELOPE)
    assert (event.id, event.kind, event.name) == (
        "evt_1",
        GatewayEventKind.REFUND_PROCESSED,
        "refund.processed",
    )
    assert event.refund == Refund("rfnd_1", "pay_1", Money(20_000, "INR"), RefundState.PROCESSED)
    assert (event.order_id, event.refund_id) == ("order_1", "rfnd_1")
    assert event.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert event.payment is not None
    assert (event.payment.state, event.payment.noted_user_id) == (PaymentState.CAPTURED, "ann")


@pytest.mark.parametrize("name", ["payment.authorized", "payment.captured", "payment.failed", "order.paid"])
def test_what_happens_to_a_payment_is_read(name: str) -> None:
    envelope = changed("payload.refund", ...) | {"event": name}
    event = read_event("evt_1", envelope)
    assert event.kind is GatewayEventKind(name)
    assert event.payment is not None
    assert (event.payment.id, event.refund, event.refund_id) == ("pay_1", None, "")


def test_a_payment_without_an_order() -> None:
    event = read_event("evt_1", changed("payload.payment.entity.order_id", None))
    assert event.order_id == ""


@pytest.mark.parametrize("name", ["payment.dispute.created", "unknown", "Payment.Captured", "invoice.paid"])
@pytest.mark.parametrize("payload", [None, {}, {"dispute": {"entity": {}}}, []])
def test_what_nobody_has_to_know_is_unknown_and_keeps_its_name(name: str, payload: Any) -> None:
    event = read_event("evt_1", ENVELOPE | {"event": name, "payload": payload})
    assert event == GatewayEvent("evt_1", GatewayEventKind.UNKNOWN, name, None, None, event.created_at)
    assert event.order_id == ""


@pytest.mark.parametrize("event_id", ["", " ", "evt 1", "é", "-evt", "e" * 65, "evt_1\n"])
def test_an_id_that_cannot_be_the_gateways(event_id: str) -> None:
    assert refused_field(event_id, ENVELOPE) == "x-razorpay-event-id"
    with pytest.raises(Rejected, match="x-razorpay-event-id must be the event's id"):
        read_event(event_id, ENVELOPE)


@pytest.mark.parametrize("envelope", [None, [], "text", 1, True])
def test_a_body_that_is_no_object(envelope: Any) -> None:
    assert refused_field("evt_1", envelope) == "body"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("event", ..., "event"),
        ("event", 1, "event"),
        ("event", "", "event"),
        ("event", "e" * 65, "event"),
        ("created_at", ..., "created_at"),
        ("created_at", "1767225600", "created_at"),
        ("created_at", True, "created_at"),
        ("created_at", -1, "created_at"),
        ("created_at", 10**18, "created_at"),
        ("payload", ..., "payload"),
        ("payload", [], "payload"),
        ("payload.payment", ..., "payload"),
        ("payload.refund", ..., "payload"),
        ("payload.payment.entity", "pay_1", "payload"),
        ("payload.payment.entity.id", 1, "payload"),
        ("payload.payment.entity.id", "", "payload"),
        ("payload.payment.entity.status", "new", "payload"),
        ("payload.payment.entity.status", [], "payload"),
        ("payload.payment.entity.amount", -1, "payload"),
        ("payload.payment.entity.amount", 1.5, "payload"),
        ("payload.payment.entity.amount", True, "payload"),
        ("payload.payment.entity.amount_refunded", "1", "payload"),
        ("payload.payment.entity.currency", "rupees", "payload"),
        ("payload.payment.entity.order_id", 5, "payload"),
        ("payload.payment.entity.notes", ["x"], "payload"),
        ("payload.refund.entity.payment_id", "pay_2", "payload"),
        ("payload.refund.entity.currency", "USD", "payload"),
        ("payload.refund.entity.status", "new", "payload"),
    ],
)
def test_what_the_gateway_does_not_send(path: str, value: Any, field: str) -> None:
    assert refused_field("evt_1", changed(path, value)) == field


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
PLACES = [
    "event",
    "created_at",
    "payload",
    *(f"payload.{part}" for part in ("payment", "refund", "payment.entity", "refund.entity")),
    *(f"payload.payment.entity.{name}" for name in PAYMENT),
    *(f"payload.refund.entity.{name}" for name in REFUND),
]


@given(st.sampled_from(PLACES), ANYTHING)
def test_anything_anywhere_is_read_or_refused(place: str, value: Any) -> None:
    try:
        event = read_event("evt_1", changed(place, value))
    except Rejected as refusal:
        assert refusal.code is Code.VALIDATION_ERROR
    else:
        assert isinstance(event.order_id, str)

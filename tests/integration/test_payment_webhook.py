"""The deployed payment_webhook: the stand-in's own webhooks, sent to the function's own domain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.times import from_text

from scripts.project.shop import Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.crowd import all_at_once
from tests.support.local_server import ok, wait_until
from tests.support.payments import events, movements
from tests.support.published import as_published
from tests.support.webhooks import body_of, connected, deliver, delivered, post, signed_headers

pytestmark = pytest.mark.local_only

PRICE = 50_000
HOLD_IS_OVER, GRACE_IS_OVER = 1_000.0, 2_000.0
STATUS = "booking_status"


@pytest.fixture(autouse=True)
def address(arena: Arena) -> Iterator[str]:
    """Where the webhooks go; nothing of one test is left for the next."""
    arena.clear()
    with connected(arena) as address:
        yield address
    arena.set_clock(0)
    ok(arena.local.delete("/faults"))


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with one ticket."""
    return arena.shop.create_event({"Standing": (PRICE, 1)})


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who pays and goes away."""
    return arena.shop.create_customer()


def hold(arena: Arena, customer: Customer, event: Event) -> Answer:
    wanted = {"eventId": event.id, "ticketTypeName": "Standing", "quantity": 1}
    held = arena.shop.hold(customer, wanted)
    assert held.status == 200, held
    return held


def held_back(arena: Arena, customer: Customer, held: Answer, **payment: Any) -> list[dict[str, Any]]:
    """Somebody pays for a hold, and the gateway keeps its events for itself."""
    ok(arena.local.patch("/payments/settings", {"held": True}))
    return events(arena.local, arena.shop.pay_for(customer, held, **payment))


def booking(arena: Arena, held: Answer) -> dict[str, Any]:
    [found] = [row for row in arena.shop.rows("bookings") if row["$id"] == held.data["bookingId"]]
    return found


def moved(arena: Arena, payment_id: str) -> list[str]:
    return [movement for movement, _ in movements(arena.local, payment_id)]


def settled(arena: Arena) -> None:
    """In the end the books balance."""
    arena.settle()
    assert arena.books().violations() == []


@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_a_client_that_has_gone_has_its_ticket(
    arena: Arena, customer: Customer, event: Event, status: str
) -> None:
    held = hold(arena, customer, event)
    payment = arena.shop.pay_for(customer, held, status=status)
    wait_until(lambda: booking(arena, held)["status"] == "confirmed")
    delivered(arena, payment)
    found = execute(customer.http, STATUS, {"action": "get", "bookingId": held.data["bookingId"]})
    assert found.data["status"] == "confirmed", found
    assert len(found.data["tickets"]) == 1
    assert moved(arena, payment) == ["captured"]
    again = arena.shop.book_hold(customer, held, payment)
    assert (again.status, again.body["replayed"]) == (200, True)
    settled(arena)


@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_nothing_is_lost_with_a_lost_webhook(
    arena: Arena, customer: Customer, event: Event, status: str
) -> None:
    ok(arena.local.patch("/payments/settings", {"lossRate": 1}))
    payment = arena.shop.pay_for(customer, hold(arena, customer, event), status=status)
    settled(arena)
    # Nothing has arrived: only the sweep may have found it.
    noted = {row["$id"] for row in arena.shop.rows("webhook_events")}
    assert noted <= {ids.webhook_event_id(f"sweep-{payment}")}
    assert moved(arena, payment) == (["captured"] if status == "captured" else [])
    assert len(arena.shop.rows("tickets")) == (1 if status == "captured" else 0)


@pytest.mark.parametrize(
    "change",
    [
        {"x-razorpay-signature": ""},
        {"x-razorpay-signature": "0" * 64},
        {"x-razorpay-signature": "é"},
        {"body": "another"},
    ],
)
def test_a_forged_webhook_is_refused_and_nothing_is_written(
    arena: Arena, customer: Customer, event: Event, address: str, change: dict[str, str]
) -> None:
    [genuine, *_] = held_back(arena, customer, hold(arena, customer, event))
    body = body_of(genuine)
    headers = signed_headers(arena.server.ready, genuine["id"], body)
    if "body" in change:
        body = body.replace(b'"amount":50000', b'"amount":50001')
    else:
        headers |= {name: value.encode() for name, value in change.items()}  # type: ignore[misc]
    before = arena.stamps()
    refused = post(address, body, headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "WEBHOOK_NOT_GENUINE")
    assert arena.stamps() == before


def test_without_any_header_it_is_refused(arena: Arena, address: str) -> None:
    assert post(address, b"{}", {}).json()["code"] == "WEBHOOK_NOT_GENUINE"


def test_the_answer_is_as_published_and_a_replay_does_nothing(
    arena: Arena, customer: Customer, event: Event, address: str
) -> None:
    held = hold(arena, customer, event)
    [first, *_] = held_back(arena, customer, held)
    body = body_of(first)
    headers = signed_headers(arena.server.ready, first["id"], body)
    answer = post(address, body, headers)
    assert answer.status_code == 200
    as_published(Answer(200, answer.json(), {}), "PaymentWebhookSuccess")
    assert answer.json()["data"] == {"event": first["event"], "state": "done", "result": "booked"}
    before = arena.stamps()
    for _ in range(3):
        again = post(address, body, headers).json()
        assert (again["replayed"], again["data"]["result"]) == (True, "booked")
        assert deliver(arena, first["id"]) == 200
    assert arena.stamps() == before


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """What everybody got who began at the same moment."""
    return all_at_once(len(work), lambda number: work[number]())


def test_every_event_in_any_order_twice_and_all_at_once(
    arena: Arena, customer: Customer, event: Event
) -> None:
    held = hold(arena, customer, event)
    sent = held_back(arena, customer, held)
    statuses = at_once(*(partial(deliver, arena, each["id"]) for each in (*sent, *reversed(sent))))
    assert set(statuses) == {200}
    assert booking(arena, held)["status"] == "confirmed"
    settled(arena)
    assert {row["state"] for row in arena.shop.rows("webhook_events")} == {"done"}


def test_a_refund_that_everybody_asks_for_at_once_leaves_once(
    arena: Arena, customer: Customer, event: Event
) -> None:
    held = hold(arena, customer, event)
    arena.set_clock(HOLD_IS_OVER)
    assert arena.shop.book(arena.shop.create_customer(), event, "Standing").status == 200
    sent = held_back(arena, customer, held)
    payment_id = sent[0]["paymentId"]
    client = partial(arena.shop.book_hold, customer, held, payment_id)
    at_once(*(partial(deliver, arena, each["id"]) for each in sent), arena.sweep, arena.sweep, client, client)
    settled(arena)
    assert moved(arena, payment_id) == ["captured", "refunded"]


@pytest.mark.parametrize(
    "payment",
    [{"amount": PRICE + 1}, {"amount": PRICE - 1}, {"currency": "USD"}],
    ids=["a paisa more", "a paisa less", "another currency"],
)
@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_what_is_not_exactly_the_price_is_not_kept(
    arena: Arena, customer: Customer, event: Event, payment: dict[str, Any], status: str
) -> None:
    held = hold(arena, customer, event)
    paid = {"amount": PRICE, "orderId": held.data["gatewayOrderId"], "status": status, **payment}
    payment_id = arena.shop.pay(customer, **paid)
    delivered(arena, payment_id)
    settled(arena)
    assert moved(arena, payment_id) in ([], ["captured", "refunded"])
    assert arena.shop.rows("tickets") == []


def test_a_payment_for_another_order_or_by_somebody_else_completes_nothing(
    arena: Arena, customer: Customer, event: Event
) -> None:
    other = arena.shop.create_customer()
    held = hold(arena, customer, event)
    notes = {"bookingId": held.data["bookingId"], "userId": other.user_id}
    theirs = arena.shop.pay(other, PRICE, notes=notes)
    said = arena.server.ready.razorpay
    order = ok(
        arena.local.session.post(
            f"{said['url']}/v1/orders",
            json={"amount": PRICE, "currency": "INR", "receipt": "of-another-shop"},
            auth=(said["keyId"], said["keySecret"]),
        )
    )
    strange = arena.shop.pay(customer, PRICE, orderId=order["id"])
    delivered(arena, theirs)
    delivered(arena, strange)
    assert booking(arena, held)["status"] == "held"
    settled(arena)
    assert moved(arena, theirs) == ["captured", "refunded"]
    assert moved(arena, strange) == ["captured"]
    [case] = [row for row in arena.shop.rows("rollback_reports") if row["state"] == "needs_operator"]
    assert (case["paymentId"], case["moneyAtRisk"]) == (strange, PRICE)


@pytest.mark.parametrize("late", [True, False], ids=["told last", "told first"])
def test_authorised_and_then_failed(arena: Arena, customer: Customer, event: Event, late: bool) -> None:
    """The gateway never takes an authorisation back, but its news may be as late as they like."""
    held = hold(arena, customer, event)
    [failed] = held_back(arena, customer, held, status="failed")
    ok(arena.local.patch(f"/payments/{failed['paymentId']}", {"status": "authorized"}))
    _, authorised = events(arena.local, failed["paymentId"])
    for each in (authorised, failed) if late else (failed, authorised):
        assert deliver(arena, each["id"]) == 200
        assert from_text(booking(arena, held)["heldUntil"]) == from_text(held.data["heldUntil"])
    assert booking(arena, held)["status"] == "confirmed"
    settled(arena)


def test_a_failed_payment_ends_its_hold_soon(arena: Arena, customer: Customer, event: Event) -> None:
    held = hold(arena, customer, event)
    payment_id = arena.shop.pay_for(customer, held, status="failed")
    delivered(arena, payment_id)
    assert booking(arena, held)["heldUntil"] < held.data["heldUntil"]
    arena.set_clock(400)
    other = arena.shop.create_customer()
    assert arena.shop.book(other, event, "Standing").status == 200
    settled(arena)


@pytest.mark.parametrize("gone", [False, True])
def test_captured_after_expiry(arena: Arena, customer: Customer, event: Event, gone: bool) -> None:
    held = hold(arena, customer, event)
    arena.set_clock(HOLD_IS_OVER)
    if gone:
        assert arena.shop.book(arena.shop.create_customer(), event, "Standing").status == 200
    payment_id = arena.shop.pay_for(customer, held)
    delivered(arena, payment_id)
    settled(arena)
    assert moved(arena, payment_id) == (["captured", "refunded"] if gone else ["captured"])
    assert len(arena.shop.rows("tickets")) == 1


def test_a_second_payment_for_a_booking_goes_back(arena: Arena, customer: Customer, event: Event) -> None:
    held = hold(arena, customer, event)
    first = arena.shop.pay_for(customer, held)
    delivered(arena, first)
    notes = {"bookingId": held.data["bookingId"], "userId": customer.user_id}
    second = arena.shop.pay(customer, PRICE, notes=notes)
    delivered(arena, second)
    assert (moved(arena, first), moved(arena, second)) == (["captured"], ["captured", "refunded"])
    settled(arena)


def test_money_that_nobody_claims(arena: Arena, customer: Customer, event: Event) -> None:
    payment_id = arena.shop.pay(customer, PRICE, notes={"userId": customer.user_id, "eventId": event.id})
    delivered(arena, payment_id)
    arena.sweep()
    assert moved(arena, payment_id) == ["captured"]
    arena.set_clock(GRACE_IS_OVER)
    at_once(arena.sweep, arena.sweep, arena.sweep)
    assert moved(arena, payment_id) == ["captured", "refunded"]
    refused = arena.shop.book(customer, event, "Standing", 1, payment_id)
    assert refused.code == "PAYMENT_NOT_VERIFIED"
    settled(arena)


def test_a_refund_that_fails_is_for_a_person(arena: Arena, customer: Customer, event: Event) -> None:
    ok(arena.local.patch("/payments/settings", {"refundStatus": "pending"}))
    held = hold(arena, customer, event)
    arena.set_clock(HOLD_IS_OVER)
    assert arena.shop.book(arena.shop.create_customer(), event, "Standing").status == 200
    payment_id = arena.shop.pay_for(customer, held)
    wait_until(lambda: moved(arena, payment_id) == ["captured", "refunded"])
    [entry] = [m for m in arena.ledger() if m["paymentId"] == payment_id and m["movement"] == "refunded"]
    ok(arena.local.patch(f"/payments/refunds/{entry['refundId']}", {"status": "failed"}))
    delivered(arena, payment_id)
    arena.settle()
    [case] = arena.shop.rows("rollback_reports", paymentId=payment_id)
    assert (case["state"], case["moneyAtRisk"]) == ("needs_operator", PRICE)
    [refused] = arena.shop.rows("bookings", paymentId=payment_id)
    assert refused["paymentStatus"] == "captured"
    assert arena.books().violations() == []


def test_it_answers_in_time_although_the_gateway_does_not(
    arena: Arena, customer: Customer, event: Event
) -> None:
    held = hold(arena, customer, event)
    [first, *_] = held_back(arena, customer, held)
    slow = {"kind": "delay", "seconds": 6, "path": f"/razorpay/v1/payments/{first['paymentId']}", "nth": 1}
    with arena.faults(slow):
        assert deliver(arena, first["id"]) == 200, "the gateway waits for five seconds"
        wait_until(lambda: booking(arena, held)["status"] == "confirmed", 20)
    settled(arena)


def test_a_function_that_dies_at_it_leaves_it_to_the_sweep(
    arena: Arena, customer: Customer, event: Event
) -> None:
    held = hold(arena, customer, event)
    [first, *_] = held_back(arena, customer, held)
    dies = {"kind": "kill_function_after", "method": "POST", "fromFunctions": True, "nth": 1}
    with arena.faults({**dies, "path": "/v1/tablesdb/boxoffice/tables/webhook_events/rows"}):
        assert deliver(arena, first["id"]) != 200
    assert deliver(arena, first["id"]) == 200
    assert booking(arena, held)["status"] == "held"
    arena.set_clock(130)
    arena.sweep()
    assert booking(arena, held)["status"] == "confirmed"
    settled(arena)


def test_anybody_may_execute_it_and_only_the_gateway_is_believed(
    arena: Arena, customer: Customer, event: Event
) -> None:
    [first, *_] = held_back(arena, customer, hold(arena, customer, event))
    for http in (customer.http, arena.http):
        refused = execute(http, "payment_webhook", json.dumps(first["body"]))
        assert (refused.status, refused.code) == (401, "WEBHOOK_NOT_GENUINE")
    assert arena.shop.rows("webhook_events") == []

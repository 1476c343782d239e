"""The payment stand-in's webhooks: signed, repeated, lost, doubled and mixed up as told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.support.local_server import Http, LocalServer, ok, wait_until
from tests.support.payments import PRICE, events, make
from tests.support.webhook_receiver import Received, WebhookReceiver, wait_for


@pytest.fixture
def receiver(local: Http) -> Iterator[WebhookReceiver]:
    """Somebody who takes webhooks, registered at the gateway."""
    with WebhookReceiver() as taker:
        ok(local.patch("/payments/settings", {"webhookUrl": taker.url, "retrySeconds": 0.02}))
        yield taker


def settled_events(local: Http, payment_id: str) -> list[dict[str, Any]]:
    """The events of one payment when none of them waits for a delivery any more."""

    def look() -> list[dict[str, Any]]:
        found = events(local, payment_id)
        return [] if any(event["state"] == "waiting" for event in found) else found

    return wait_until(look)


def test_a_webhook_is_signed_over_its_raw_body(
    gateway: Any, local: Http, server: LocalServer, receiver: WebhookReceiver
) -> None:
    order = gateway.order.create({"amount": PRICE, "currency": "INR"})
    payment = make(local, orderId=order["id"], notes={"name": "Ånn 🎟"})
    gateway.payment.refund(payment["id"], {})
    received = wait_for(receiver, 5)
    secret = server.ready.razorpay["webhookSecret"]
    for one in received:
        assert gateway.utility.verify_webhook_signature(one.body, one.headers["x-razorpay-signature"], secret)
    by_event = {one.json["event"]: one.json for one in received}
    assert set(by_event) == {
        "payment.authorized", "payment.captured", "order.paid", "refund.created", "refund.processed",
    }  # fmt: skip
    assert len({one.headers["x-razorpay-event-id"] for one in received}) == 5
    authorised = by_event["payment.authorized"]
    assert (authorised["entity"], authorised["contains"]) == ("event", ["payment"])
    assert authorised["payload"]["payment"]["entity"]["status"] == "authorized"
    assert by_event["order.paid"]["payload"]["order"]["entity"]["status"] == "paid"
    assert by_event["refund.processed"]["contains"] == ["refund", "payment"]


def test_a_webhook_is_repeated_until_somebody_answers_2xx(local: Http, receiver: WebhookReceiver) -> None:
    receiver.answers = [500, 404, 302, 200]
    payment = make(local, status="failed")
    received = wait_for(receiver, 4)
    assert len({one.headers["x-razorpay-event-id"] for one in received}) == 1
    assert len({one.body for one in received}) == 1
    waits = [later.at - earlier.at for earlier, later in pairwise(received)]
    assert waits[2] > waits[0]
    [event] = settled_events(local, payment["id"])
    assert (event["state"], event["attempts"]) == ("delivered", 4)


def test_a_webhook_that_nobody_takes_for_a_day_is_switched_off(
    local: Http, receiver: WebhookReceiver
) -> None:
    receiver.answers = [500]
    ok(local.patch("/payments/settings", {"retrySeconds": 3600}))
    payment = make(local, status="failed")
    wait_for(receiver, 1)
    ok(local.put("/clock", {"advanceSeconds": 25 * 3600}))
    [event] = settled_events(local, payment["id"])
    assert event["state"] == "abandoned"
    assert ok(local.get("/payments/settings"))["disabled"] is True


def test_events_that_are_held_are_delivered_in_any_order_and_number(
    local: Http, receiver: WebhookReceiver
) -> None:
    ok(local.patch("/payments/settings", {"held": True}))
    payment = make(local)
    authorised, captured = (event["id"] for event in events(local, payment["id"]))
    for event_id in (captured, authorised, captured):
        assert ok(local.post(f"/payments/events/{event_id}/deliver"))["status"] == 200
    assert [one.headers["x-razorpay-event-id"] for one in receiver.received] == [
        captured, authorised, captured,
    ]  # fmt: skip


def test_loss_and_duplication_by_chance_are_repeatable(local: Http, receiver: WebhookReceiver) -> None:
    def run() -> list[str]:
        ok(local.patch("/payments/settings", {"lossRate": 0.4, "duplicateRate": 0.4, "seed": 5}))
        made = [make(local, status="failed")["id"] for _ in range(20)]
        fate = []
        for payment_id in made:
            [event] = settled_events(local, payment_id)
            fate.append(f"{event['state']} {event['attempts']}")
        return fate

    first = run()
    assert {"lost 0", "delivered 1", "delivered 2"} == set(first)
    assert run() == first
    delivered = sum(int(fate.split()[1]) for fate in first)
    assert len(receiver.received) == 2 * delivered


def test_undelivered_webhooks_and_the_ledger_outlive_a_kill(fresh_server: LocalServer) -> None:
    local = Http(fresh_server.ready.site + "/_local", {"X-Appwrite-Key": fresh_server.ready.api_key})
    with WebhookReceiver() as taker:
        taker.answers = [500]
        ok(local.patch("/payments/settings", {"webhookUrl": taker.url, "retrySeconds": 600}))
        payment = make(local, status="authorized")
        wait_for(taker, 1)
        ledger = ok(local.get("/payments/ledger"))
        fresh_server.kill()
        taker.answers = [200]
        fresh_server.restart()
        assert ok(local.get("/payments/ledger")) == ledger
        ok(local.put("/clock", {"advanceSeconds": 3600}))
        received: list[Received] = wait_for(taker, 2)
    assert received[0].body == received[1].body
    assert received[1].json["payload"]["payment"]["entity"]["id"] == payment["id"]


def test_a_name_below_localhost_is_this_machine(local: Http, receiver: WebhookReceiver) -> None:
    name = receiver.url.replace("127.0.0.1", "hook.functions.localhost")
    ok(local.patch("/payments/settings", {"webhookUrl": name}))
    make(local, status="failed")
    [received] = wait_for(receiver, 1)
    assert received.headers["host"] == name.split("/")[2]


def test_the_stand_in_forgets_everything_on_demand(fresh_server: LocalServer) -> None:
    local = Http(fresh_server.ready.site + "/_local", {"X-Appwrite-Key": fresh_server.ready.api_key})
    make(local)
    ok(local.delete("/payments"))
    assert ok(local.get("/payments/ledger"))["movements"] == []
    assert ok(local.get("/payments/events"))["events"] == []

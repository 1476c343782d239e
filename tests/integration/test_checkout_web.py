"""From a hold to a ticket in headless Chromium: the customer pays at the checkout page, and that is all."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.project.shop import Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import wait_until
from tests.support.payments import events
from tests.support.tools import CLIENTS, node_clients, tool
from tests.support.webhooks import connected

pytestmark = pytest.mark.local_only

PRICE = 50_000


@pytest.fixture(autouse=True)
def connected_arena(arena: Arena) -> Iterator[None]:
    """Webhooks go to the deployed function."""
    arena.clear()
    with connected(arena):
        yield


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with two tickets."""
    return arena.shop.create_event({"Standing": (PRICE, 2)})


@pytest.fixture
def customer(arena: Arena) -> Customer:
    """Somebody with a browser."""
    return arena.shop.create_customer()


@pytest.fixture
def held(arena: Arena, customer: Customer, event: Event) -> Answer:
    """A hold of both tickets."""
    wanted = {"eventId": event.id, "ticketTypeName": "Standing", "quantity": 2}
    return arena.shop.hold(customer, wanted)


def at_checkout(arena: Arena, held: Answer, customer: Customer, button: str) -> dict[str, Any]:
    """What the page said to a customer who clicked that button."""
    gateway = arena.server.ready.razorpay["url"]
    wanted = {
        "chromium": tool("chromium", "chromium-browser", "google-chrome"),
        "page": f"{gateway}/checkout?order_id={held.data['gatewayOrderId']}",
        "button": button,
        "email": customer.email,
    }
    modules = str(node_clients() / "node_modules")
    done = subprocess.run(
        [tool("node"), CLIENTS / "checkout.cjs"], input=json.dumps(wanted), capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "NODE_PATH": modules},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert seen["asked"] == {"order": held.data["gatewayOrderId"], "amount": "INR 1000.00"}
    return seen


def status(customer: Customer, held: Answer) -> dict[str, Any]:
    """What `booking_status` says of the hold's booking."""
    body = {"action": "get", "bookingId": held.data["bookingId"]}
    return execute(customer.http, "booking_status", body).data


def test_a_click_is_a_ticket(arena: Arena, customer: Customer, event: Event, held: Answer) -> None:
    assert status(customer, held)["status"] == "held"
    seen = at_checkout(arena, held, customer, "pay")
    payment_id = seen["told"]["result"]["razorpay_payment_id"]
    found = wait_until(lambda: now if (now := status(customer, held))["status"] == "confirmed" else None)
    assert found is not None
    assert len(found["tickets"]) == 2
    assert {ticket["status"] for ticket in found["tickets"]} == {"valid"}
    assert {row["bookingId"] for row in arena.shop.rows("tickets")} == {held.data["bookingId"]}
    wait_until(lambda: all(each["state"] == "delivered" for each in events(arena.local, payment_id)))
    arena.settle()
    assert arena.books().violations() == []


def test_a_payment_that_fails_leaves_the_hold_to_another_attempt(
    arena: Arena, customer: Customer, event: Event, held: Answer
) -> None:
    seen = at_checkout(arena, held, customer, "fail")
    assert seen["told"]["status"] == "failed"
    wait_until(lambda: status(customer, held)["heldUntil"] < held.data["heldUntil"])
    at_checkout(arena, held, customer, "pay")
    wait_until(lambda: status(customer, held)["status"] == "confirmed")
    arena.settle()
    assert arena.books().violations() == []

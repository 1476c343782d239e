"""What a hold costs, and paying for it, counted from the server's log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from scripts.project.shop import Answer, Customer, Event, Shop
from tests.support.calls import entries_of, waves
from tests.support.local_server import Http, ok

pytestmark = pytest.mark.local_only

PRICE = 50_000

# Calls at the same time are only seen to be so when each takes a moment.
SLOWNESS = 0.25

PAPERS = ["create file", "create orders", "create tickets", "create transactions", "update bookings"]

Waves = list[list[str]]


@pytest.fixture
def cost(local: Http) -> Callable[[Callable[[], Answer]], Waves]:
    """The calls to Appwrite that a successful request costs, while every call of a function is slow."""

    def measured(ask: Callable[[], Answer]) -> Waves:
        ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "fromFunctions": True}))
        answer = ask()
        ok(local.delete("/faults"))
        assert answer.status == 200, answer.body
        entries = [entry for entry in entries_of(local, answer.execution["$id"], "") if entry["executionId"]]
        return [sorted(wave) for wave in waves(entries)]

    return measured


@pytest.fixture
def buyer(shop: Shop) -> Customer:
    """Somebody who has booked and held before, so that the functions are warm and know them."""
    customer, event = shop.create_customer(), shop.create_event({"Standing": (PRICE, 10)})
    held = shop.hold(customer, standing(event))
    assert shop.book_hold(customer, held, shop.pay_for(customer, held)).status == 200
    return customer


def standing(event: Event, quantity: int = 1) -> Mapping[str, Any]:
    return {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": quantity}


def known_event(shop: Shop, buyer: Customer) -> Event:
    """An event that both functions have sold before."""
    event = shop.create_event({"Standing": (PRICE, 20)})
    held = shop.hold(buyer, standing(event))
    assert shop.book_hold(buyer, held, shop.pay_for(buyer, held)).status == 200
    return event


def test_a_hold_takes_two_waves(shop: Shop, buyer: Customer, cost: Callable[..., Waves]) -> None:
    event = known_event(shop, buyer)
    found = cost(lambda: shop.hold(buyer, standing(event)))
    assert found == [["create bookings"], ["create claims", "update bookings"]]


def test_so_do_ten_tickets_and_limits_of_the_event(
    shop: Shop, buyer: Customer, cost: Callable[..., Waves]
) -> None:
    event = shop.create_event({"Standing": (PRICE, 20)}, holdsPerEvent=1_000)
    held = shop.hold(buyer, standing(event))
    assert shop.book_hold(buyer, held, shop.pay_for(buyer, held)).status == 200
    found = cost(lambda: shop.hold(buyer, standing(event, 10)))
    assert found == [["create bookings"], ["create claims", "update bookings"]]


def test_paying_for_it_takes_four(shop: Shop, buyer: Customer, cost: Callable[..., Waves]) -> None:
    held = shop.hold(buyer, standing(known_event(shop, buyer)))
    payment = shop.pay_for(buyer, held)
    found = cost(lambda: shop.book_hold(buyer, held, payment))
    assert found == [
        ["create leases", "read bookings", "read claims", "read outcomes"],
        PAPERS,
        ["create outcomes"],
        ["delete claims", "update bookings"],
    ]


def test_a_payment_that_has_to_be_captured_costs_no_more_of_them(
    shop: Shop, buyer: Customer, cost: Callable[..., Waves]
) -> None:
    held = shop.hold(buyer, standing(known_event(shop, buyer), 2))
    payment = shop.pay_for(buyer, held, status="authorized")
    found = cost(lambda: shop.book_hold(buyer, held, payment))
    assert len(found) == 4
    assert found[1] == sorted(["create file", *PAPERS])


def test_the_payment_is_verified_while_the_hold_is_read(shop: Shop, buyer: Customer, local: Http) -> None:
    held = shop.hold(buyer, standing(known_event(shop, buyer)))
    payment = shop.pay_for(buyer, held)
    ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "path": "*/tables/*/rows"}))
    ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "path": f"/razorpay/*/{payment}"}))
    since = int(ok(local.get("/requests", params={"since": 10**9}))["last"])
    answer = shop.book_hold(buyer, held, payment)
    first, *_ = waves(entries_of(local, answer.execution["$id"], payment, since))
    assert "read payment" in first
    assert "create leases" in first

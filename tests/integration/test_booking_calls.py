"""What a booking costs, counted from the server's log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from scripts.project.shop import Answer, Customer, Event, Shop
from tests.support.calls import entries_of, names, waves
from tests.support.local_server import Http, ok

pytestmark = pytest.mark.local_only

PRICE = 50_000
TABLES = ("bookings", "claims", "tickets", "transactions", "orders", "outcomes")

# Calls at the same time are only seen to be so when each takes a moment.
SLOWNESS = 0.25


@dataclass(frozen=True, slots=True)
class Cost:
    """An answer and the calls that it cost, in the order in which they were made."""

    answer: Answer
    appwrite: list[str]
    waves: list[list[str]]
    gateway: list[str]


@pytest.fixture
def cost(shop: Shop, local: Http) -> Callable[..., Cost]:
    """Books with a payment, while every call of a function is slow."""

    def book(customer: Customer, event: Event, quantity: int = 1, **payment: object) -> Cost:
        payment_id = shop.pay(customer, PRICE * quantity, **payment)
        ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "fromFunctions": True}))
        answer = shop.book(customer, event, "Standing", quantity, payment_id)
        ok(local.delete("/faults"))
        entries = entries_of(local, answer.execution["$id"], payment_id)
        appwrite = [entry for entry in entries if entry["executionId"]]
        gateway = [entry for entry in entries if not entry["executionId"]]
        return Cost(answer, names(appwrite), waves(appwrite), names(gateway))

    return book


def warm(shop: Shop, capacity: int) -> tuple[Customer, Event]:
    """A customer who has booked one of so many tickets before."""
    event, customer = shop.create_event({"Standing": (PRICE, capacity)}), shop.create_customer()
    assert shop.book(customer, event, "Standing").status == 200
    return customer, event


def test_one_ticket_takes_eight_calls_in_five_waves(shop: Shop, cost: Callable[..., Cost]) -> None:
    found = cost(*warm(shop, 10))
    assert found.answer.status == 200
    assert len(found.appwrite) <= 8
    assert [sorted(wave) for wave in found.waves] == [
        ["create bookings"],
        ["create claims"],
        ["create file", "create orders", "create tickets", "create transactions"],
        ["create outcomes"],
        ["update bookings"],
    ]
    assert found.gateway == ["read payment"]


def test_the_payment_is_verified_while_the_booking_begins(shop: Shop, local: Http) -> None:
    customer, event = warm(shop, 10)
    payment = shop.pay(customer, PRICE)
    ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "path": "*/tables/bookings/rows"}))
    ok(local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "path": f"/razorpay/*/{payment}"}))
    answer = shop.book(customer, event, "Standing", payment_id=payment)
    first, *_ = waves(entries_of(local, answer.execution["$id"], payment))
    assert sorted(first) == ["create bookings", "read payment"]


def test_ten_tickets_differ_by_their_images_only(shop: Shop, cost: Callable[..., Cost]) -> None:
    found = cost(*warm(shop, 20), quantity=10)
    assert found.answer.status == 200
    assert Counter(found.appwrite) == {
        **{f"create {table}": 1 for table in TABLES},
        "create file": 10,
        "update bookings": 1,
    }
    assert len(found.waves) <= 5


def test_an_authorised_payment_is_captured_by_one_more_call_to_the_gateway(
    shop: Shop, cost: Callable[..., Cost]
) -> None:
    found = cost(*warm(shop, 10), status="authorized")
    assert found.answer.status == 200
    assert len(found.appwrite) <= 8
    assert len(found.waves) <= 5
    assert found.gateway == ["read payment", "capture payment"]


@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_a_sold_out_refusal_takes_two_calls(shop: Shop, cost: Callable[..., Cost], status: str) -> None:
    found = cost(*warm(shop, 1), status=status)
    assert (found.answer.status, found.answer.code) == (409, "INSUFFICIENT_TICKETS")
    assert len(found.appwrite) <= 2, found.appwrite

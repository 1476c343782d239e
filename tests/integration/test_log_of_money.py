"""What the log tells of money is what the gateway's own ledger says, whatever has gone wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from scripts.project.shop import Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import ok, wait_until
from tests.support.webhooks import connected, delivered

pytestmark = pytest.mark.local_only

PRICE = 50_000
MOVEMENTS = {
    "captured": "payment.captured",
    "refunded": "payment.refunded",
    "refund_reversed": "refund.failed",
}

Money = Counter[tuple[str, str]]
"""How much of a currency was moved how, in minor units."""


@pytest.fixture(autouse=True)
def webhooks(arena: Arena) -> Iterator[None]:
    """The gateway tells of everything; nothing of one test is left for the next."""
    arena.clear()
    with connected(arena):
        yield
    arena.set_clock(0)
    ok(arena.local.patch("/payments/settings", {"refundStatus": "processed"}))


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event that gives back half of the price."""
    return arena.shop.create_event({"Standing": (PRICE, 10)}, refundSteps="24:50")


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who buys."""
    return arena.shop.create_customer()


class Gateway:
    """What people do at the gateway itself."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.ready = arena.server.ready.razorpay

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        auth = (self.ready["keyId"], self.ready["keySecret"])
        answer = requests.request(method, self.ready["url"] + path, json=body, auth=auth, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def refund(self, payment: str, amount: int) -> None:
        """Returns money by hand, and waits until that is known."""
        found = self.call("POST", f"/v1/payments/{payment}/refund", {"amount": amount})
        wait_until(lambda: bool(self.arena.shop.rows("transactions", refundId=found["id"])))

    def fail_refunds(self, payment: str) -> None:
        """The bank sends back what is on its way, and that is told."""
        for refund in self.call("GET", f"/v1/payments/{payment}/refunds")["items"]:
            ok(self.arena.local.patch(f"/payments/refunds/{refund['id']}", {"status": "failed"}))
        delivered(self.arena, payment)


def of_ledger(arena: Arena, payment: str) -> Money:
    moved: Money = Counter()
    for one in arena.ledger():
        if one["paymentId"] == payment:
            moved[MOVEMENTS[one["movement"]], one["currency"]] += one["amount"]
    return moved


def of_log(arena: Arena, payment: str) -> Money:
    [booking] = arena.shop.rows("bookings", paymentId=payment)
    told: Money = Counter()
    for entry in arena.shop.rows("audit_log", bookingId=booking["$id"]):
        assert entry["executionId"] or entry["actor"] == "gateway", entry
        if entry["amount"] is not None:
            told[entry["action"], entry["currency"]] += entry["amount"]
    return told


def mismatched(amount: int, currency: str) -> Callable[[Arena, Customer, Event], str]:
    def pay(arena: Arena, customer: Customer, event: Event) -> str:
        payment = arena.shop.pay(customer, amount, currency=currency)
        assert arena.shop.book(customer, event, "Standing", payment_id=payment).status == 402
        return payment

    return pay


def bought(arena: Arena, customer: Customer, event: Event, quantity: int = 2) -> tuple[str, str]:
    answer = arena.shop.book(customer, event, "Standing", quantity)
    assert answer.status == 200, answer
    [row] = arena.shop.rows("bookings", **{"$id": answer.data["bookingId"]})
    return row["$id"], row["paymentId"]


def by_hand(arena: Arena, customer: Customer, event: Event) -> str:
    """All of it but a little is returned by hand, then a ticket is cancelled, then the rest."""
    booking, payment = bought(arena, customer, event)
    Gateway(arena).refund(payment, 2 * PRICE - 100)
    answer = execute(customer.http, "cancel_booking", {"bookingId": booking, "tickets": [1]})
    assert (answer.data["refundTotal"], answer.data["refundStatus"]) == (100, "refunded")
    answer = execute(customer.http, "cancel_booking", {"bookingId": booking})
    assert (answer.data["refundTotal"], answer.data["refundStatus"]) == (0, "none")
    money = execute(customer.http, "booking_status", {"action": "transactions", "bookingId": booking}).data
    assert (money["paymentStatus"], money["refunded"]) == ("refunded", 2 * PRICE)
    return payment


def after_a_cancellation(arena: Arena, customer: Customer, event: Event) -> str:
    """Half goes back by the rules, and the other half by hand."""
    booking, payment = bought(arena, customer, event, 1)
    assert execute(customer.http, "cancel_booking", {"bookingId": booking}).data["refundTotal"] == PRICE // 2
    Gateway(arena).refund(payment, PRICE // 2)
    money = execute(customer.http, "booking_status", {"action": "transactions", "bookingId": booking}).data
    assert (money["paymentStatus"], money["refunded"]) == ("refunded", PRICE)
    return payment


def refund_that_fails(arena: Arena, customer: Customer, event: Event) -> str:
    ok(arena.local.patch("/payments/settings", {"refundStatus": "pending"}))
    booking, payment = bought(arena, customer, event)
    assert execute(customer.http, "cancel_booking", {"bookingId": booking, "tickets": [1]}).status == 200
    Gateway(arena).fail_refunds(payment)
    return payment


def rollback_that_fails(arena: Arena, customer: Customer, event: Event) -> str:
    ok(arena.local.patch("/payments/settings", {"refundStatus": "pending"}))
    payment = mismatched(PRICE - 1_000, "INR")(arena, customer, event)
    Gateway(arena).fail_refunds(payment)
    return payment


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(mismatched(PRICE - 1_000, "INR"), id="too little"),
        pytest.param(mismatched(PRICE, "USD"), id="another currency"),
        by_hand,
        after_a_cancellation,
        refund_that_fails,
        rollback_that_fails,
    ],
)
def test_the_log_says_what_the_ledger_says(
    arena: Arena, customer: Customer, event: Event, story: Callable[[Arena, Customer, Event], str]
) -> None:
    payment = story(arena, customer, event)
    arena.settle()
    assert of_log(arena, payment) == of_ledger(arena, payment)
    audited = execute(arena.http, "rollback_reports", {"action": "audit"})
    assert audited.data["violations"] == [], audited

"""kill -9 of the whole server under load: whoever was told of a ticket has it, and the books balance."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests

from scripts.appwrite_http import RefusedError
from scripts.project.shop import Answer, Customer, Event
from tests.conftest import arena_serving
from tests.support.arena import Arena
from tests.support.crowd import all_at_once
from tests.support.local_server import ok, wait_until

pytestmark = pytest.mark.local_only

CLIENTS, CAPACITY, PRICE = 64, 500, 50_000
LAST_TRIES = 4


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server that is killed and restarted, and keeps what it has written."""
    yield from arena_serving(tmp_path_factory.mktemp("power-cut") / "data")


@dataclass(slots=True)
class Buyer:
    """A customer and what was answered for each of their payments; None: nothing."""

    customer: Customer
    answers: dict[str, Answer | None] = field(default_factory=dict)


def buy_until_dark(arena: Arena, event: Event, buyer: Buyer, told: threading.Semaphore) -> None:
    """Pays and books again and again, until the server does not answer."""
    while True:
        try:
            payment = arena.shop.pay(buyer.customer, PRICE)
            buyer.answers[payment] = None
            buyer.answers[payment] = arena.shop.book(buyer.customer, event, "Standing", 1, payment)
        except (requests.RequestException, RefusedError):
            return
        told.release()


@pytest.mark.parametrize("bookings_before", [30, 150])
def test_a_power_cut_under_load_costs_nobody_a_ticket(arena: Arena, bookings_before: int) -> None:
    event = arena.shop.create_event({"Standing": (PRICE, CAPACITY)})
    buyers = [Buyer(arena.shop.create_customer()) for _ in range(CLIENTS)]
    told = threading.Semaphore(0)

    def cut() -> None:
        for _ in range(bookings_before):
            assert told.acquire(timeout=60)
        arena.server.kill()

    cutter = threading.Thread(target=cut)
    cutter.start()
    all_at_once(CLIENTS, lambda number: buy_until_dark(arena, event, buyers[number], told))
    cutter.join()
    arena.server.restart()

    arena.settle()
    for buyer in buyers:
        for payment, answer in buyer.answers.items():
            if answer is None:
                buyer.answers[payment] = ask_until_final(arena, event, buyer, payment)
    arena.settle()
    books = arena.books()
    payments = [payment for buyer in buyers for payment in buyer.answers]
    assert books.violations(presented=payments) == []
    there = {ticket["$id"]: ticket["userId"] for ticket in books.tickets if ticket["eventId"] == event.id}
    for buyer in buyers:
        for answer in buyer.answers.values():
            assert answer is not None
            if answer.body.get("success"):
                assert there.get(answer.data["ticketId"]) == buyer.customer.user_id
    assert len(there) >= bookings_before


def ask_until_final(arena: Arena, event: Event, buyer: Buyer, payment: str) -> Answer:
    """What the client learns who did not hear the answer, and asks again as the answer says."""
    for _ in range(LAST_TRIES):
        answer = arena.shop.book(buyer.customer, event, "Standing", 1, payment)
        if not answer.body.get("retryable"):
            return answer
        arena.settle()
    raise AssertionError(f"no final answer: {answer.status} {answer.body}")


def test_a_power_cut_before_the_commit_of_a_paid_booking_ends_with_the_ticket(
    arena: Arena,
) -> None:
    event = arena.shop.create_event({"Standing": (PRICE, 5)})
    buyer = Buyer(arena.shop.create_customer())
    payment = arena.shop.pay(buyer.customer, PRICE)
    errors: list[requests.RequestException] = []

    def book() -> None:
        try:
            arena.shop.book(buyer.customer, event, "Standing", 1, payment)
        except requests.RequestException as error:
            errors.append(error)

    booking = threading.Thread(target=book)
    ok(arena.local.post("/faults", {"kind": "delay", "seconds": 60, "path": "*/tables/outcomes/rows"}))
    booking.start()
    wait_until(lambda: any(arena.hits().values()))
    arena.server.kill()
    booking.join()
    assert errors
    arena.server.restart()
    assert arena.shop.rows("bookings", paymentId=payment)[0]["status"] == "pending"
    arena.settle()
    answer = ask_until_final(arena, event, buyer, payment)
    assert (answer.status, answer.body["replayed"]) == (200, True)
    assert arena.books().violations(presented=[payment]) == []

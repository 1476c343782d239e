"""Many buyers, few tickets, all at the same moment: exactly as many winners as there are tickets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from scripts.project.shop import Answer, Customer, Shop
from tests.support.books import read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok

PRICE = 50_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many buyers, each of whom wants `quantity` tickets of `capacity`, at the same moment."""

    buyers: int
    capacity: int
    quantity: int = 1
    payment: str = "captured"

    @property
    def winners(self) -> int:
        """How many get what they want."""
        return min(self.buyers, self.capacity // self.quantity)


@pytest.fixture(scope="module")
def customers(shop: Shop) -> list[Customer]:
    """Enough people for every crowd."""
    return [shop.create_customer() for _ in range(300)]


def rush(shop: Shop, customers: list[Customer], crowd: Crowd) -> tuple[str, list[Answer]]:
    """The event's id, and what each of the crowd was answered."""
    event = shop.create_event({"Standing": (PRICE, crowd.capacity)})
    buyers = customers[: crowd.buyers]
    payments = [shop.pay(buyer, PRICE * crowd.quantity, status=crowd.payment) for buyer in buyers]

    def buy(number: int) -> Answer:
        return shop.book(buyers[number], event, "Standing", crowd.quantity, payments[number])

    return event.id, all_at_once(len(buyers), buy)


@pytest.mark.parametrize(
    "crowd",
    [
        Crowd(10, 1),
        Crowd(100, 1, payment="authorized"),
        Crowd(300, 10),
        Crowd(300, 299),
        # Nobody gets a part: with three tickets each, at most two of the last are left over.
        Crowd(40, 62, quantity=3),
    ],
    ids=lambda crowd: f"{crowd.buyers} want {crowd.quantity} of {crowd.capacity}",
)
def test_exactly_as_many_win_as_there_are_tickets(
    shop: Shop, server: LocalServer, customers: list[Customer], crowd: Crowd
) -> None:
    event_id, answers = rush(shop, customers, crowd)
    codes = Counter(answer.code for answer in answers)
    assert codes == +Counter({"": crowd.winners, "INSUFFICIENT_TICKETS": crowd.buyers - crowd.winners})
    assert {answer.status for answer in answers} <= {200, 409}
    won = [ticket for answer in answers if not answer.code for ticket in answer.data["ticketIds"]]
    assert len(set(won)) == crowd.winners * crowd.quantity
    assert len(shop.rows("tickets", eventId=event_id)) == len(won)
    local = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    books = read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event_id)
    assert books.violations() == []
    assert len(books.claims) == crowd.winners * crowd.quantity


def test_one_payment_presented_by_everybody_at_once_books_once(shop: Shop, server: LocalServer) -> None:
    event, customer = shop.create_event({"Standing": (PRICE, 40)}), shop.create_customer()
    payment = shop.pay(customer, PRICE)
    answers = all_at_once(32, lambda number: shop.book(customer, event, "Standing", 1, payment))
    booked = [answer for answer in answers if answer.status == 200]
    assert {answer.code for answer in answers} <= {"", "BOOKING_IN_PROGRESS"}
    assert len([answer for answer in booked if not answer.body["replayed"]]) == 1
    assert len({answer.data["bookingId"] for answer in booked}) == 1
    assert len(shop.rows("tickets", eventId=event.id)) == 1
    again = shop.book(customer, event, "Standing", 1, payment)
    assert (again.status, again.body["replayed"]) == (200, True)

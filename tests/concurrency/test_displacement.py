"""Somebody pays for a hold while somebody of a higher tier displaces it: one of them has the seat."""

from __future__ import annotations

import pytest

from scripts.project.shop import HOLD, Answer, Customer, Shop, execute
from tests.support.books import read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok, wait_until

PRICE = 50_000
ROUNDS = 50
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A", "seats": f"1-{ROUNDS}", "category": "gold"}]}]}


@pytest.fixture(scope="module")
def ann(shop: Shop) -> Customer:
    """Who holds every seat first."""
    return shop.create_customer()


@pytest.fixture(scope="module")
def strong(shop: Shop) -> list[Customer]:
    """Who may displace her."""
    people = [shop.create_customer() for _ in range(3)]
    for one in people:
        ok(shop.http.put(f"/users/{one.user_id}/labels", {"labels": ["tier1"]}))
    return people


@pytest.fixture(scope="module")
def showtime(shop: Shop) -> str:
    """A row of seats, of an event in which holds give way at once."""
    event = shop.create_event(
        {}, conflictPolicy="priority", displaceAfterSeconds=0, holdsPerUser=ROUNDS, holdSeconds=1_800
    )
    return shop.create_showtime(event.id, PLAN, {"gold": PRICE})


def hold(customer: Customer, showtime: str, label: str) -> Answer:
    """Holds one seat."""
    return execute(customer.http, HOLD, {"showtimeId": showtime, "seats": [label]})


def is_decided(shop: Shop, booking_id: str) -> bool:
    """Whether a hold is over, or paid for."""
    return bool(shop.rows("outcomes", **{"$id": booking_id}))


def is_being_paid(shop: Shop, booking_id: str) -> bool:
    """Whether the payment of a hold has begun, at least."""
    return bool(shop.rows("leases", bookingId=booking_id)) or is_decided(shop, booking_id)


def test_a_displacer_raced_with_the_payer(
    shop: Shop, server: LocalServer, ann: Customer, strong: list[Customer], showtime: str
) -> None:
    paid = 0
    presented: list[str] = []
    for number in range(1, ROUNDS + 1):
        seat = f"A{number}"
        kept = hold(ann, showtime, seat)
        assert kept.status == 200, kept.body
        payments: list[str] = []

        def act(
            who: int,
            kept: Answer = kept,
            seat: str = seat,
            payments: list[str] = payments,
            number: int = number,
        ) -> Answer:
            # In some rounds one side waits until the other one has begun to win.
            kept_id = kept.data["bookingId"]
            if who and number % 10 == 5:
                wait_until(lambda: is_being_paid(shop, kept_id))
            if not who and number % 10 == 0:
                wait_until(lambda: is_decided(shop, kept_id))
            if who:
                return hold(strong[who - 1], showtime, seat)
            # She looks again before she pays, so that the race is close.
            for _ in range(number % 4):
                assert execute(ann.http, HOLD, {"action": "list"}).status == 200
            payments.append(shop.pay_for(ann, kept))
            return shop.book_hold(ann, kept, payments[0])

        booked, *others = all_at_once(1 + len(strong), act)
        won = [other for other in others if other.status == 200]
        assert {other.code for other in others} <= {"", "SEAT_UNAVAILABLE"}, [one.body for one in others]
        assert booked.code in ("", "HOLD_DISPLACED", "HOLD_EXPIRED"), booked.body
        assert len(won) + (booked.status == 200) == 1
        paid += booked.status == 200
        event_id = kept.data["eventId"]
        (claim,) = [one for one in shop.rows("claims", eventId=event_id) if one["label"] == seat]
        # Hers may be a new one: of the same seat, in the moment in which nobody had it.
        assert claim["bookingId"] == (won[0] if won else booked).data["bookingId"]
        presented += payments
        for winner, other in zip(strong, others, strict=True):
            if other.status == 200:
                release = {"action": "release", "bookingId": other.data["bookingId"]}
                assert execute(winner.http, HOLD, release).status == 200
    assert 0 < paid < ROUNDS
    local = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    books = read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event_id)
    assert books.violations(presented=presented) == []

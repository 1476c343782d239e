"""Hundreds of people who hold at one moment: nobody holds what there is not, or more than is allowed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from scripts.project.shop import Answer, Customer, Event, Shop
from tests.support.crowd import all_at_once

PRICE = 50_000
USERS, HOLDS_EACH = 100, 3


@pytest.fixture(scope="module")
def customers(shop: Shop) -> list[Customer]:
    """Everybody who holds."""
    return [shop.create_customer() for _ in range(USERS)]


def rush(shop: Shop, customers: list[Customer], event: Event) -> list[Answer]:
    """What everybody was answered who wanted one ticket, several times each and all at the same moment."""
    wanted: dict[str, Any] = {
        "eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1,
    }  # fmt: skip
    return all_at_once(
        len(customers) * HOLDS_EACH, lambda number: shop.hold(customers[number % len(customers)], wanted)
    )


def made(answers: list[Answer]) -> list[str]:
    """The ids of the holds that were made."""
    return [answer.data["bookingId"] for answer in answers if not answer.code]


def check_kept(shop: Shop, event: Event, of: list[str]) -> None:
    """What is claimed belongs to these holds, all of it: a unit and the places for a hold."""
    claims = shop.rows("claims", eventId=event.id)
    assert Counter(claim["bookingId"] for claim in claims if claim["ticket"]) == Counter(of)
    assert {claim["bookingId"] for claim in claims} == set(of)
    assert {row["$id"] for row in shop.rows("bookings", eventId=event.id, status="held")} == set(of)


def test_exactly_as_many_hold_as_there_are_tickets(shop: Shop, customers: list[Customer]) -> None:
    event = shop.create_event({"Standing": (PRICE, 10)})
    answers = rush(shop, customers, event)
    codes = Counter(answer.code for answer in answers)
    assert codes == {"": 10, "INSUFFICIENT_TICKETS": 290}
    assert {answer.status for answer in answers} == {200, 409}
    check_kept(shop, event, made(answers))


def test_an_event_has_no_more_holds_than_its_organiser_allows(shop: Shop, customers: list[Customer]) -> None:
    event = shop.create_event({"Standing": (PRICE, 500)}, holdsPerEvent=20, holdsPerUser=10)
    answers = rush(shop, customers, event)
    codes = Counter(answer.code for answer in answers)
    assert codes == {"": 20, "HOLD_LIMIT": 280}
    check_kept(shop, event, made(answers))


def test_a_user_has_no_more_holds_than_are_allowed(shop: Shop) -> None:
    event, customers = shop.create_event({"Standing": (PRICE, 500)}), [shop.create_customer() for _ in "1234"]
    answers = rush(shop, customers * 4, event)
    codes = Counter(answer.code for answer in answers)
    assert codes == {"": 4 * 3, "HOLD_LIMIT": 48 - 4 * 3}
    held_by = Counter(row["userId"] for row in shop.rows("bookings", eventId=event.id, status="held"))
    assert held_by == {customer.user_id: 3 for customer in customers}
    check_kept(shop, event, made(answers))

"""Administrators and buyers want the same units at the same moment: each unit goes to one of them."""

from __future__ import annotations

import json
from collections import Counter
from enum import Enum

import pytest

from scripts.project.shop import Answer, Customer, Shop, execute
from tests.support.books import read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok, wait_until

MANAGE = "manage_events"
PRICE = 50_000
ROUNDS, BUYERS, ADMINS = 2, 12, 24
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-J", "seats": "1-40", "category": "gold"}]}]}


class Late(Enum):
    """Who is late in a rush."""

    NOBODY = "nobody"
    BLOCK = "the block"
    BUYERS = "the buyers"


@pytest.fixture(scope="module")
def customers(shop: Shop) -> list[Customer]:
    """The buyers of every round."""
    return [shop.create_customer() for _ in range(BUYERS)]


def block(shop: Shop, **target: object) -> Answer:
    """One execution by a server with a key."""
    return execute(shop.http, MANAGE, {"action": "blockUnits", "reason": "Technical reasons.", **target})


def violations(shop: Shop, server: LocalServer, event_id: str) -> list[str]:
    """What is wrong with the event's books."""
    local = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    return read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event_id).violations()


def rush(shop: Shop, customers: list[Customer], wanted: int, late: Late) -> tuple[str, list[Answer], Answer]:
    """The event of four places, what its buyers were answered, and the block of some of them.

    Who is late begins when the first claim is there, and all others are still at work.
    """
    event = shop.create_event({"Standing": (PRICE, 4)})
    kind = event.kinds["Standing"].id
    payments = [shop.pay(customer, PRICE) for customer in customers]

    def act(number: int) -> Answer:
        if late is (Late.BLOCK if number == BUYERS else Late.BUYERS):
            wait_until(lambda: bool(shop.rows("claims", eventId=event.id)))
        if number == BUYERS:
            return block(shop, ticketTypeId=kind, quantity=wanted)
        return shop.book(customers[number], event, "Standing", 1, payments[number])

    *bookings, blocked = all_at_once(BUYERS + 1, act)
    return event.id, bookings, blocked


@pytest.mark.parametrize("late", Late)
@pytest.mark.parametrize("wanted", [1, 4])
def test_a_block_and_buyers_want_the_last_places(
    shop: Shop, server: LocalServer, customers: list[Customer], wanted: int, late: Late
) -> None:
    for _ in range(ROUNDS):
        event_id, bookings, blocked = rush(shop, customers, wanted, late)
        won = sum(booking.status == 200 for booking in bookings)
        assert {booking.code for booking in bookings} <= {"", "INSUFFICIENT_TICKETS"}
        assert blocked.code in ("", "INSUFFICIENT_TICKETS")
        if late is Late.BUYERS:
            assert blocked.status == 200
        if late is Late.BLOCK and wanted == 4:
            assert blocked.status == 409
        taken = wanted if blocked.status == 200 else 0
        # Nobody is refused what is free.
        assert won == 4 - taken
        states = Counter(row["state"] for row in shop.rows("claims", eventId=event_id))
        assert states["BLOCKED"] == taken
        assert sum(states.values()) == won + taken <= 4
        assert violations(shop, server, event_id) == []


def test_of_overlapping_blocks_each_is_whole_or_refused(shop: Shop, server: LocalServer) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    rows = "ABCDEFGHIJ"

    def act(number: int) -> Answer:
        # Five of ten rows, 200 seats in two calls, each block beginning with another row.
        wanted = [rows[(number + step) % 10] for step in range(5)]
        return block(shop, showtimeId=showtime, rows=[{"section": "S", "row": row} for row in wanted])

    answers = all_at_once(ADMINS, act)
    assert {answer.code for answer in answers} <= {"", "SEAT_UNAVAILABLE"}
    claims = shop.rows("claims", eventId=event.id)
    by_block = Counter(claim["bookingId"] for claim in claims)
    assert by_block == Counter({answer.data["blockId"]: 200 for answer in answers if answer.status == 200})
    assert len({claim["$id"] for claim in claims}) == len(claims)
    for answer in answers:
        if answer.status != 200:
            assert answer.body["details"]["taken"]
    if not by_block:
        # Each has stood in another one's way, and nothing of them is left.
        assert act(0).status == 200
    assert violations(shop, server, event.id) == []


def test_the_same_request_by_many_at_once_is_one_block(shop: Shop, server: LocalServer) -> None:
    event = shop.create_event({"Standing": (PRICE, 300)})
    target = {"ticketTypeId": event.kinds["Standing"].id, "quantity": 150, "requestId": f"once-{event.id}"}
    answers = all_at_once(ADMINS, lambda number: block(shop, **target))
    assert {answer.code for answer in answers} <= {"", "CONFLICT_ERROR"}
    assert len({json.dumps(answer.data) for answer in answers if answer.status == 200}) == 1
    assert len(shop.rows("claims", eventId=event.id)) == 150
    assert violations(shop, server, event.id) == []

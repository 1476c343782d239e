"""Crowds that want the same seats or times at the same moment: nobody gets a part, and nobody two of one."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from scripts.project.shop import BOOK, HOLD, Answer, Customer, Shop, execute
from tests.support.books import read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok

PRICE = 50_000
CROWD, TIMERS = 100, 64
DAY = (datetime.now(UTC) + timedelta(days=9)).date()
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-F", "seats": "1-10", "category": "gold"}]}]}
PRICES = {30: 30_000, 60: 60_000, 90: 90_000, 120: 120_000}


@pytest.fixture(scope="module")
def customers(shop: Shop) -> list[Customer]:
    """Enough people for every crowd."""
    return [shop.create_customer() for _ in range(CROWD)]


def rush(
    shop: Shop, customers: Sequence[Customer], way: str, wanted: Sequence[Mapping[str, Any]], price: int
) -> list[Answer]:
    """What each was answered who asked for a thing of their own, all at the same moment."""
    if way == HOLD:
        return all_at_once(len(wanted), lambda at: execute(customers[at].http, HOLD, wanted[at]))
    paid = [
        {**one, "paymentId": shop.pay(customer, price * len(one.get("seats", "1")))}
        for one, customer in zip(wanted, customers, strict=False)
    ]
    return all_at_once(len(wanted), lambda at: execute(customers[at].http, BOOK, paid[at]))


def violations(shop: Shop, server: LocalServer, event_id: str) -> list[str]:
    """What is wrong with the event's books."""
    local = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    return read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event_id).violations()


def claims_by_booking(shop: Shop, event_id: str) -> dict[str, list[str]]:
    """The labels of what each booking has, as many times as it has claims."""
    found: dict[str, list[str]] = {}
    for row in shop.rows("claims", eventId=event_id):
        if row["ticket"]:
            found.setdefault(row["bookingId"], []).append(row["unit"])
    return found


@pytest.mark.parametrize("way", [HOLD, BOOK])
def test_a_hundred_want_one_slot_and_one_gets_it(shop: Shop, customers: list[Customer], way: str) -> None:
    service = shop.create_service(prices=json.dumps({"60": PRICE}))
    wanted = {"serviceId": service, "startsAt": f"{DAY}T10:00:00Z", "duration": 60}
    answers = rush(shop, customers, way, [wanted] * CROWD, PRICE)
    assert Counter(answer.code for answer in answers) == {"": 1, "SLOT_UNAVAILABLE": CROWD - 1}
    (units,) = claims_by_booking(shop, service).values()
    assert sorted(units) == ["1000-1", "1015-1", "1030-1", "1045-1"]
    for answer in answers:
        if answer.code:
            assert answer.status == 409
            assert len(answer.body["details"]["alternatives"]) == 2


@pytest.mark.parametrize("way", [HOLD, BOOK])
def test_a_hundred_want_three_neighbours_of_sixty_seats(
    shop: Shop, server: LocalServer, customers: list[Customer], way: str
) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    chance = random.Random(7)
    wanted = []
    for _ in range(CROWD):
        row, first = chance.choice("ABCDEF"), chance.randint(1, 8)
        wanted.append({"showtimeId": showtime, "seats": [f"{row}{first + step}" for step in range(3)]})
    answers = rush(shop, customers, way, wanted, PRICE)
    assert {answer.code for answer in answers} == {"", "SEAT_UNAVAILABLE"}
    assert {answer.status for answer in answers} == {200, 409}
    won = {
        answer.data["bookingId"]: sorted(f"s.{label.lower()}" for label in one["seats"])
        for one, answer in zip(wanted, answers, strict=True)
        if not answer.code
    }
    # Every winner has all three, every loser nothing, and no seat is there twice.
    assert {booking: sorted(units) for booking, units in claims_by_booking(shop, event.id).items()} == won
    taken = {unit for units in won.values() for unit in units}
    assert len(taken) == 3 * len(won)
    for one, answer in zip(wanted, answers, strict=True):
        if answer.code:
            told = answer.body["details"]["seats"]
            assert told
            assert set(told) <= set(one["seats"])
            assert {f"s.{label.lower()}" for label in told} <= taken
            assert answer.body["details"]["conflict"]["kind"] in ("HOLD_CONFLICT", "BOOKING_CONFLICT")
            # Nobody is refused what is free.
            assert {f"s.{label.lower()}" for label in one["seats"]} & taken
    if way == BOOK:
        assert violations(shop, server, event.id) == []


def test_the_best_seats_go_to_as_many_as_there_are(
    shop: Shop, server: LocalServer, customers: list[Customer]
) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    wanted = {"showtimeId": showtime, "quantity": 2}
    paid = [{**wanted, "paymentId": shop.pay(customer, 2 * PRICE)} for customer in customers[:40]]
    answers = all_at_once(len(paid), lambda at: execute(customers[at].http, BOOK, paid[at]))
    assert Counter(answer.code for answer in answers) == {"": 30, "INSUFFICIENT_TICKETS": 10}
    units = [unit for found in claims_by_booking(shop, event.id).values() for unit in found]
    assert len(units) == len(set(units)) == 60
    assert violations(shop, server, event.id) == []


@pytest.mark.parametrize("way", [HOLD, BOOK])
def test_times_of_any_length_never_overlap(shop: Shop, customers: list[Customer], way: str) -> None:
    hours = {day: ["08:00-20:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    service = shop.create_service(
        hours=json.dumps(hours), durations=list(PRICES), step=15, bufferAfter=15,
        prices=json.dumps({str(minutes): PRICE for minutes in PRICES}),
    )  # fmt: skip
    chance = random.Random(11)
    opens = datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=UTC)
    wanted: list[dict[str, Any]] = []
    for _ in range(TIMERS):
        duration = chance.choice(list(PRICES))
        starts = opens + timedelta(minutes=15 * chance.randint(0, (720 - duration) // 15))
        wanted.append({"serviceId": service, "startsAt": starts.isoformat(), "duration": duration})
    answers = rush(shop, customers, way, wanted, PRICE)
    assert {answer.code for answer in answers} == {"", "SLOT_UNAVAILABLE"}
    won: list[tuple[datetime, datetime]] = []
    lost: list[tuple[datetime, datetime]] = []
    for one, answer in zip(wanted, answers, strict=True):
        begins = datetime.fromisoformat(one["startsAt"])
        # The pause belongs to the booking before it.
        (lost if answer.code else won).append((begins, begins + timedelta(minutes=one["duration"] + 15)))
    won.sort()
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(won))
    # Nobody is refused a time that is free.
    for begins, ends in lost:
        assert any(begins < other_ends and other_begins < ends for other_begins, other_ends in won)
    claims = shop.rows("claims", eventId=service)
    assert len({row["$id"] for row in claims}) == len(claims)
    quanta = sum((ends - begins) // timedelta(minutes=15) for begins, ends in won)
    assert sum(row["ticket"] == 1 for row in claims) == quanta


def test_a_place_for_two_at_a_time_is_given_to_two_at_every_moment(
    shop: Shop, customers: list[Customer]
) -> None:
    service = shop.create_service(capacity=2, durations=[30, 60], step=30, prices='{"30": 100, "60": 100}')
    chance = random.Random(5)
    wanted: list[dict[str, Any]] = [
        {"serviceId": service, "duration": duration, "startsAt": f"{DAY}T{hour:02}:{minute:02}:00Z"}
        for duration, hour, minute in (
            (chance.choice([30, 60]), chance.choice([9, 10]), chance.choice([0, 30])) for _ in range(TIMERS)
        )
    ]
    answers = rush(shop, customers, BOOK, wanted, 100)
    assert {answer.code for answer in answers} == {"", "SLOT_UNAVAILABLE"}
    busy: Counter[datetime] = Counter()
    for one, answer in zip(wanted, answers, strict=True):
        if not answer.code:
            begins = datetime.fromisoformat(one["startsAt"])
            busy.update(begins + timedelta(minutes=at) for at in range(0, one["duration"], 15))
    assert max(busy.values()) == 2

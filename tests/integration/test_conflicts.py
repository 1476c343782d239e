"""Why somebody is refused: the kind of the conflict, how long to wait, and from which picture was chosen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.pools import Unit, seat_pool, slot_pool

from scripts.project.shop import AVAILABILITY, Answer, Customer, Shop, execute

PRICE = 50_000
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A", "seats": "1-4", "category": "gold"}]}]}
DAY = (datetime.now(UTC) + timedelta(days=9)).date()
KINDS = ("seats", "crowd", "time")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of which there is one left: how it is asked for, what shows it, and its unit."""

    event_id: str
    wanted: Mapping[str, Any]
    picture: Mapping[str, Any]
    unit: Unit


@pytest.fixture(params=KINDS)
def thing(request: pytest.FixtureRequest, shop: Shop) -> Thing:
    """A seat, a place in the crowd, and a time."""
    if request.param == "seats":
        event = shop.create_event({})
        showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
        wanted = {"showtimeId": showtime, "seats": ["A1"]}
        return Thing(event.id, wanted, {"showtimeId": showtime}, Unit(seat_pool(showtime), "s.a1"))
    if request.param == "crowd":
        event = shop.create_event({"Standing": (PRICE, 1)})
        kind = event.kinds["Standing"].id
        tickets = {"eventId": event.id, "ticketTypeId": kind, "quantity": 1}
        return Thing(event.id, tickets, {"eventId": event.id}, Unit(ids.pool_id(kind), "1"))
    service = shop.create_service(prices=json.dumps({"60": PRICE}))
    time = {"serviceId": service, "startsAt": f"{DAY}T09:00:00Z", "duration": 60}
    day = {"serviceId": service, "day": DAY.isoformat(), "duration": 60}
    return Thing(service, time, day, Unit(slot_pool(service, DAY), "0915-1"))


@pytest.fixture(params=[*KINDS, "crowd, twice", "time, twice"])
def items(request: pytest.FixtureRequest, shop: Shop) -> Sequence[Mapping[str, Any]]:
    """More than there is of something."""
    wanted: dict[str, Any]
    kind, _, twice = request.param.partition(", ")
    if kind == "seats":
        event = shop.create_event({})
        showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
        wanted, there = {"showtimeId": showtime, "category": "gold"}, 4
    elif kind == "crowd":
        event = shop.create_event({"Standing": (PRICE, 5)})
        wanted, there = {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id}, 5
    else:
        service = shop.create_service(prices=json.dumps({"60": PRICE}))
        wanted, there = {"serviceId": service, "startsAt": f"{DAY}T09:00:00Z", "duration": 60}, 1
    if twice:
        return [{**wanted, "quantity": there}, {**wanted, "quantity": 1}]
    return [{**wanted, "quantity": there + 1}]


Take = Callable[[Mapping[str, Any]], Answer]


@pytest.fixture(params=["hold", "book"])
def take(request: pytest.FixtureRequest, shop: Shop) -> Take:
    """Somebody new asks for a thing, once by holding it and once by booking it."""

    def ask(wanted: Mapping[str, Any]) -> Answer:
        customer = shop.create_customer()
        if request.param == "hold":
            return shop.hold(customer, wanted)
        return shop.book_things(customer, wanted, PRICE)

    return ask


@pytest.fixture(scope="module")
def rival(shop: Shop) -> Customer:
    """Somebody who is in the way."""
    return shop.create_customer()


def conflict(answer: Answer) -> dict[str, Any]:
    """What a refusal says of the conflict."""
    assert answer.status == 409, answer.body
    found: dict[str, Any] = answer.body["details"]["conflict"]
    return found


def claim(shop: Shop, thing: Thing, state: str, until: datetime | None) -> None:
    """Somebody's claim on the unit, without a booking."""
    shop.create_row("claims", thing.unit.claim_id, {
        "poolId": thing.unit.pool, "unit": thing.unit.name, "eventId": thing.event_id, "state": state,
        "bookingId": f"bk-{thing.unit.pool}",
        "reservedUntil": until.isoformat(timespec="milliseconds") if until else None,
    })  # fmt: skip


def version(shop: Shop, thing: Thing) -> str:
    """The version of what a guest sees, who is the first to look."""
    (pool,) = execute(shop.http, AVAILABILITY, thing.picture).data["pools"]
    return str(pool["version"])


def test_a_hold_in_the_way_says_when_it_ends(shop: Shop, thing: Thing, take: Take) -> None:
    held = shop.hold(shop.create_customer(), thing.wanted)
    assert held.status == 200, held.body
    found = conflict(take(thing.wanted))
    assert (found["kind"], found["retryable"]) == ("HOLD_CONFLICT", True)
    ends = datetime.fromisoformat(found["holdEndsAt"])
    assert abs(ends - datetime.fromisoformat(held.data["heldUntil"])) < timedelta(seconds=1)
    assert abs(found["retryAfter"] - (ends - datetime.now(UTC)).total_seconds()) < 30


def test_a_booking_in_the_way_stays_there(shop: Shop, rival: Customer, thing: Thing, take: Take) -> None:
    assert shop.book_things(rival, thing.wanted, PRICE).status == 200
    assert execute(shop.http, "sweep", {}).status == 200
    found = conflict(take(thing.wanted))
    assert found == {
        "kind": "BOOKING_CONFLICT", "retryable": False, "retryAfter": None, "holdEndsAt": None,
        "suggestedAction": "Choose something else.",
    }  # fmt: skip


def test_what_was_paid_a_moment_ago_is_no_hold(shop: Shop, rival: Customer, thing: Thing, take: Take) -> None:
    held = shop.hold(rival, thing.wanted)
    assert shop.book_hold(rival, held, shop.pay_for(rival, held)).status == 200
    found = conflict(take(thing.wanted))
    assert (found["kind"], found["retryable"], found["holdEndsAt"]) == ("BOOKING_CONFLICT", False, None)


@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("is_paid", [False, True])
def test_nobody_is_in_the_way_of_what_there_is_not(
    shop: Shop, items: Sequence[Mapping[str, Any]], is_paid: bool, is_held: bool
) -> None:
    if is_held:
        assert shop.hold(shop.create_customer(), {**items[0], "quantity": 1}).status == 200
    customer = shop.create_customer()
    wanted, price = {"items": items}, PRICE * sum(item["quantity"] for item in items)
    for _ in range(2):
        answer = shop.book_things(customer, wanted, price) if is_paid else shop.hold(customer, wanted)
        assert (answer.status, answer.body["retryable"]) == (409, False), answer.body
        assert answer.code in ("INSUFFICIENT_TICKETS", "SLOT_UNAVAILABLE")
        assert "conflict" not in answer.body["details"]
        assert " in all." in answer.body["error"] or " at any time." in answer.body["error"]


def test_what_is_just_being_wound_up_may_be_asked_for_again(shop: Shop, thing: Thing, take: Take) -> None:
    # Its function has died, and the sweep has not been there yet.
    claim(shop, thing, "RESERVED", datetime.now(UTC) - timedelta(seconds=1))
    found = conflict(take(thing.wanted))
    assert (found["kind"], found["retryable"], found["holdEndsAt"]) == ("CACHE_CONFLICT", True, None)


def test_whoever_has_chosen_from_an_old_picture_is_told_so(
    shop: Shop, rival: Customer, thing: Thing, take: Take
) -> None:
    old = version(shop, thing)
    assert shop.book_things(rival, thing.wanted, PRICE).status == 200
    answer = take({**thing.wanted, "availabilityVersion": old})
    assert conflict(answer)["kind"] == "VERSION_CONFLICT"
    assert conflict(answer)["suggestedAction"] == "Read the availability again and choose from it."
    current = answer.body["details"]["version"]
    assert current != old
    again = take({**thing.wanted, "availabilityVersion": current})
    assert conflict(again)["kind"] in ("HOLD_CONFLICT", "BOOKING_CONFLICT")


def test_an_old_picture_is_no_reason_to_refuse_what_is_free(shop: Shop, thing: Thing, take: Take) -> None:
    assert take({**thing.wanted, "availabilityVersion": "a" * 16}).status == 200


def test_what_is_no_version_is_refused(take: Take, thing: Thing) -> None:
    answer = take({**thing.wanted, "availabilityVersion": "latest"})
    assert (answer.code, answer.body["details"]["field"]) == ("VALIDATION_ERROR", "availabilityVersion")

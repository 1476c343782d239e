"""Times of a service, held and booked through executions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from boxoffice.domain.pools import slot_pool

from scripts.project.shop import AVAILABILITY, Answer, Customer, Shop, execute

HALF, HOUR, LONG = 60_000, 100_000, 140_000
BERLIN = ZoneInfo("Europe/Berlin")
DAY = (datetime.now(UTC) + timedelta(days=9)).date()
STUDIO: dict[str, Any] = {
    "durations": [30, 60, 90], "step": 30, "prices": json.dumps({"30": HALF, "60": HOUR, "90": LONG}),
}  # fmt: skip


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


Take = Callable[[dict[str, Any], int], Answer]


@pytest.fixture(params=["hold", "book"])
def take(request: pytest.FixtureRequest, shop: Shop) -> Take:
    """Somebody new asks for a time, once by holding it and once by booking it."""

    def ask(wanted: dict[str, Any], amount: int) -> Answer:
        customer = shop.create_customer()
        if request.param == "hold":
            return shop.hold(customer, wanted)
        return shop.book_things(customer, wanted, amount)

    return ask


def at(clock: str, day: date = DAY, zone: ZoneInfo | None = None, fold: int = 0) -> str:
    """A time of a day, in UTC unless a zone is given."""
    local = datetime.combine(day, time.fromisoformat(clock)).replace(fold=fold)
    return local.replace(tzinfo=zone or UTC).isoformat()


def slot(service: str, starts_at: str, duration: int = 60, quantity: int = 1) -> dict[str, Any]:
    """The request for a time."""
    return {"serviceId": service, "startsAt": starts_at, "duration": duration, "quantity": quantity}


def refusal(answer: Answer, code: str) -> dict[str, Any]:
    """The details of a refusal."""
    assert answer.code == code, answer.body
    details: dict[str, Any] = answer.body["details"]
    return details


def moments(texts: list[str]) -> list[datetime]:
    """What the texts say."""
    return [datetime.fromisoformat(text) for text in texts]


def test_a_time_is_booked_by_its_quanta(shop: Shop, customer: Customer) -> None:
    service = shop.create_service(**STUDIO)
    booked = shop.book_things(customer, slot(service, at("09:30"), 90), LONG)
    assert booked.status == 200, booked.body
    (ticket,) = booked.data["tickets"]
    assert datetime.fromisoformat(ticket["startsAt"]) == datetime.fromisoformat(at("09:30"))
    assert (ticket["ticketTypeName"], ticket["seat"]) == ("A studio", None)
    claims = shop.rows("claims", bookingId=booked.data["bookingId"])
    assert sorted(row["$id"] for row in claims) == [
        f"{slot_pool(service, DAY)}.{name}-1" for name in ("0930", "0945", "1000", "1015", "1030", "1045")
    ]
    (row,) = shop.rows("tickets", bookingId=booked.data["bookingId"])
    ends = datetime.fromisoformat(row["endsAt"]) - datetime.fromisoformat(row["startsAt"])
    assert ends == timedelta(minutes=90)


def test_a_hold_of_a_time_becomes_a_booking(shop: Shop, customer: Customer) -> None:
    service = shop.create_service(**STUDIO)
    held = shop.hold(customer, slot(service, at("10:00"), 60))
    assert held.data["totalAmount"] == HOUR
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    assert (booked.status, booked.data["bookingId"]) == (200, held.data["bookingId"])
    claims = shop.rows("claims", bookingId=held.data["bookingId"])
    assert sorted((row["unit"], row["ticket"]) for row in claims) == [
        ("1000-1", 1), ("1015-1", 1), ("1030-1", 1), ("1045-1", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("clock", "duration", "price"), [("09:00", 60, HOUR), ("10:00", 30, HALF)])
def test_what_overlaps_is_refused_however_long_it_is(
    shop: Shop, customer: Customer, take: Take, clock: str, duration: int, price: int
) -> None:
    service = shop.create_service(**STUDIO)
    assert shop.book_things(customer, slot(service, at("09:30"), 90), LONG).status == 200
    details = refusal(take(slot(service, at(clock), duration), price), "SLOT_UNAVAILABLE")
    assert (details["available"], details["requested"]) == (0, 1)
    assert details["conflict"]["kind"] in ("BOOKING_CONFLICT", "HOLD_CONFLICT")
    first = details["alternatives"][0]
    instead = take(slot(service, first, duration), price)
    assert instead.status == 200, instead.body


def test_the_nearest_times_are_offered_instead(shop: Shop, customer: Customer, take: Take) -> None:
    service = shop.create_service(**STUDIO)
    assert shop.book_things(customer, slot(service, at("10:00"), 30), HALF).status == 200
    details = refusal(take(slot(service, at("10:00"), 30), HALF), "SLOT_UNAVAILABLE")
    offered = moments(details["alternatives"])
    assert offered == moments([at("09:30"), at("10:30"), at("09:00")])


def test_times_that_only_touch_are_both_booked(shop: Shop, take: Take) -> None:
    service = shop.create_service(**STUDIO)
    for clock, duration, price in (("09:30", 30, HALF), ("09:00", 30, HALF), ("10:00", 90, LONG)):
        assert take(slot(service, at(clock), duration), price).status == 200


def test_the_pause_after_a_booking_is_claimed_too(shop: Shop, take: Take) -> None:
    service = shop.create_service(**STUDIO, bufferAfter=15)
    assert take(slot(service, at("09:00"), 30), HALF).status == 200
    refusal(take(slot(service, at("09:30"), 30), HALF), "SLOT_UNAVAILABLE")
    assert take(slot(service, at("10:00"), 30), HALF).status == 200


def test_as_many_as_the_service_has_room_for(shop: Shop, take: Take) -> None:
    service = shop.create_service(**STUDIO, capacity=3)
    assert take(slot(service, at("09:00"), 60, quantity=2), 2 * HOUR).status == 200
    details = refusal(take(slot(service, at("09:30"), 30, quantity=2), 2 * HALF), "SLOT_UNAVAILABLE")
    assert (details["available"], details["requested"]) == (1, 2)
    assert datetime.fromisoformat(details["alternatives"][0]) == datetime.fromisoformat(at("10:00"))
    assert take(slot(service, at("09:30"), 30), HALF).status == 200
    refusal(take(slot(service, at("09:30"), 90), LONG), "SLOT_UNAVAILABLE")


def test_two_places_at_one_time_are_two_tickets(shop: Shop, customer: Customer) -> None:
    service = shop.create_service(**STUDIO, capacity=3)
    booked = shop.book_things(customer, slot(service, at("09:00"), 30, quantity=2), 2 * HALF)
    assert [ticket["number"] for ticket in booked.data["tickets"]] == [1, 2]
    claims = shop.rows("claims", bookingId=booked.data["bookingId"])
    lanes = {ticket: {row["unit"] for row in claims if row["ticket"] == ticket} for ticket in (1, 2)}
    assert [len(units) for units in lanes.values()] == [2, 2]
    assert not lanes[1] & lanes[2]


def test_more_than_one_booking_can_have_is_refused_whatever_it_is_made_of(shop: Shop, take: Take) -> None:
    service = shop.create_service(granularity=5, capacity=10)
    for quantities in ((5, 5), (9,)):
        items = [slot(service, at(f"{9 + hour:02}:00"), 60, many) for hour, many in enumerate(quantities)]
        details = refusal(take({"items": items}, 1_000_000), "INVALID_QUANTITY")
        assert details["field"] == "quantity"
        assert "payment" not in details
    assert take(
        {"items": [slot(service, at("09:00"), 60, 4), slot(service, at("10:00"), 60, 4)]}, 800_000
    ).data


@pytest.mark.parametrize("starts_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", 5])
def test_a_time_at_the_end_of_time_is_none(shop: Shop, take: Take, starts_at: Any) -> None:
    answer = take(slot(shop.create_service(), starts_at), 100_000)
    assert (answer.status, refusal(answer, "VALIDATION_ERROR")["field"]) == (400, "startsAt")


def test_after_midnight_the_other_times_of_the_evening_are_offered(shop: Shop, take: Take) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    week = {name: ["22:00-02:00"] for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    service = shop.create_service(zone=zone.key, hours=json.dumps(week))
    last = slot(service, at("01:00", zone=zone))
    assert take(last, 100_000).data
    details = refusal(take(last, 100_000), "SLOT_UNAVAILABLE")
    offered = [moment.astimezone(zone) for moment in moments(details["alternatives"])]
    assert [f"{moment:%H:%M}" for moment in offered] == ["00:00", "23:00", "22:00"]


def test_a_time_that_is_no_slot(shop: Shop, take: Take) -> None:
    service = shop.create_service(**STUDIO)
    for clock in ("09:10", "08:30", "12:00"):
        assert refusal(take(slot(service, at(clock), 30), HALF), "SLOT_UNAVAILABLE")["available"] == 0
    details = refusal(take(slot(service, at("09:00"), 45), HALF), "VALIDATION_ERROR")
    assert (details["field"], details["allowed"]) == ("duration", [30, 60, 90])
    without_zone = slot(service, at("09:00").removesuffix("+00:00"), 30)
    assert refusal(take(without_zone, HALF), "VALIDATION_ERROR")["field"] == "startsAt"


def test_a_time_that_is_over(shop: Shop, take: Take) -> None:
    service = shop.create_service(**STUDIO)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    refusal(take(slot(service, at("09:00", yesterday), 30), HALF), "EVENT_PAST")


def test_a_service_that_is_not_published_or_does_not_exist(shop: Shop, take: Take) -> None:
    draft = shop.create_service(**STUDIO, status="draft")
    refusal(take(slot(draft, at("09:00"), 30), HALF), "EVENT_NOT_PUBLISHED")
    assert refusal(take(slot("nothing", at("09:00"), 30), HALF), "NOT_FOUND_ERROR")["field"] == "serviceId"


def test_a_service_has_the_rules_of_its_event(shop: Shop, customer: Customer) -> None:
    event = shop.create_event({"Standing": (50_000, 5)}, feeFixed=1_000, feePer="order")
    service = shop.create_service(**STUDIO, eventId=event.id)
    booked = shop.book_things(customer, slot(service, at("09:00"), 30), HALF + 1_000)
    assert (booked.data["eventId"], booked.data["totalAmount"]) == (event.id, HALF + 1_000)
    (row,) = shop.rows("bookings", **{"$id": booked.data["bookingId"]})
    assert datetime.fromisoformat(row["startsAt"]) == datetime.fromisoformat(at("09:00"))
    items = [slot(service, at("10:00"), 30), {"ticketTypeName": "Standing", "quantity": 1}]
    both = shop.book_things(customer, {"eventId": event.id, "items": items}, HALF + 50_000 + 1_000)
    assert [ticket["ticketTypeName"] for ticket in both.data["tickets"]] == ["A studio", "Standing"]


def test_a_service_of_its_own_is_its_own_event(shop: Shop, customer: Customer) -> None:
    service = shop.create_service(**STUDIO)
    booked = shop.book_things(customer, slot(service, at("09:00"), 30), HALF)
    assert booked.data["eventId"] == service
    other = shop.create_service(**STUDIO)
    items = [slot(service, at("10:00"), 30), slot(other, at("10:00"), 30)]
    refused = shop.book_things(customer, {"items": items}, 2 * HALF)
    assert refusal(refused, "VALIDATION_ERROR")["field"] == "items"


def day_of_change(month: int) -> date:
    """The next last Sunday of a month, when clocks are changed in Berlin; not sooner than in two days."""
    soonest = datetime.now(UTC).date() + timedelta(days=2)
    for year in (soonest.year, soonest.year + 1):
        last = date(year, month, 31)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday >= soonest:
            return sunday
    raise AssertionError("there is one every year")


def night_studio(shop: Shop) -> str:
    """Open from one to four in the night, on Berlin's clocks."""
    hours = {day: ["01:00-04:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    return shop.create_service(**STUDIO, zone="Europe/Berlin", hours=json.dumps(hours))


def test_the_hour_that_happens_twice_is_sold_twice(shop: Shop, take: Take) -> None:
    service, day = night_studio(shop), day_of_change(10)
    first, second = (at("02:30", day, BERLIN, fold=fold) for fold in (0, 1))
    assert datetime.fromisoformat(second) - datetime.fromisoformat(first) == timedelta(hours=1)
    for starts_at in (first, second):
        assert take(slot(service, starts_at, 30), HALF).status == 200
        refusal(take(slot(service, starts_at, 30), HALF), "SLOT_UNAVAILABLE")


def test_the_hour_that_does_not_happen_is_not_sold(shop: Shop, take: Take) -> None:
    service, day = night_studio(shop), day_of_change(3)
    # On that day the clocks go from 02:00 to 03:00.
    assert take(slot(service, at("01:30", day, BERLIN), 60), HOUR).status == 200
    refusal(take(slot(service, at("03:00", day, BERLIN), 30), HALF), "SLOT_UNAVAILABLE")
    assert take(slot(service, at("03:30", day, BERLIN), 30), HALF).status == 200


def test_what_availability_shows_can_be_held_and_nothing_else(shop: Shop, customer: Customer) -> None:
    service = shop.create_service(**STUDIO, bufferBefore=15)
    assert shop.book_things(customer, slot(service, at("10:00"), 60), HOUR).status == 200
    query = {"serviceId": service, "day": DAY.isoformat(), "duration": 30}
    (shown,) = execute(customer.http, AVAILABILITY, query).data["pools"]
    free = set(moments([one["startsAt"] for one in shown["slots"]]))
    every = moments([at(clock) for clock in ("09:00", "09:30", "10:00", "10:30", "11:00", "11:30")])
    for starts_at in every:
        single = shop.hold(shop.create_customer(), slot(service, starts_at.isoformat(), 30))
        assert (single.status == 200) == (starts_at in free), (starts_at, single.body)
        if single.status == 200:
            owner = shop.rows("bookings", **{"$id": single.data["bookingId"]})[0]["userId"]
            release = {"action": "release", "bookingId": single.data["bookingId"], "userId": owner}
            assert execute(shop.http, "hold_tickets", release).status == 200

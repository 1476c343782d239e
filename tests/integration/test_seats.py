"""Seats, held and booked through executions: by name, or the best that are left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.project.shop import Answer, Customer, Event, Shop, execute
from tests.support.local_server import ok

GOLD, SIDE, STANDING = 90_000, 60_000, 50_000
PLAN = {
    "sections": [
        {
            "id": "S",
            "rows": [{"rows": "A-B", "seats": "1-6", "category": "gold"},
                     {"rows": "C", "seats": "1-4", "category": "side"},
                     {"rows": "D", "seats": "1-2", "category": "unpriced"}],
            "disabled": ["A6"], "wheelchair": ["C1"],
        }
    ]
}  # fmt: skip
PRICES = {"gold": GOLD, "side": SIDE}


@dataclass(frozen=True, slots=True)
class Hall:
    """An event with a crowd that stands, and with a showtime that sells seats."""

    event: Event
    showtime: str

    def seats(self, *labels: str) -> dict[str, Any]:
        """The request for these seats."""
        return {"showtimeId": self.showtime, "seats": list(labels)}

    def best(self, quantity: int, category: str = "gold") -> dict[str, Any]:
        """The request for the best seats."""
        return {"showtimeId": self.showtime, "quantity": quantity, "category": category}


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


@pytest.fixture
def hall(shop: Shop) -> Hall:
    """Ten gold seats of two rows, A6 being disabled, and four at the side, C1 being for wheelchairs."""
    event = shop.create_event({"Standing": (STANDING, 20)}, holdsPerUser=50)
    return Hall(event, shop.create_showtime(event.id, PLAN, PRICES))


Take = Callable[[dict[str, Any], int], Answer]


@pytest.fixture(params=["hold", "book"])
def take(request: pytest.FixtureRequest, shop: Shop, customer: Customer) -> Take:
    """Asks for things, once by holding them and once by booking them."""

    def ask(wanted: dict[str, Any], amount: int) -> Answer:
        if request.param == "hold":
            return shop.hold(customer, wanted)
        return shop.book_things(customer, wanted, amount)

    return ask


def claimed(shop: Shop, hall: Hall) -> dict[str, str]:
    """The seats that are taken, and by which booking."""
    claims = shop.rows("claims", eventId=hall.event.id)
    return {row["label"]: row["bookingId"] for row in claims if row["ticket"]}


def seats_of(answer: Answer) -> list[str | None]:
    """The seat of each ticket of a booking."""
    return [ticket["seat"] for ticket in answer.data["tickets"]]


def block(shop: Shop, hall: Hall, *labels: str) -> None:
    wanted = {"action": "blockUnits", "showtimeId": hall.showtime, "seats": labels, "reason": "Broken."}
    assert execute(shop.http, "manage_events", wanted).status == 200


def refusal(answer: Answer, code: str) -> dict[str, Any]:
    """The details of a refusal."""
    assert answer.code == code, answer.body
    details: dict[str, Any] = answer.body["details"]
    return details


def test_every_ticket_has_its_seat(shop: Shop, customer: Customer, hall: Hall) -> None:
    booked = shop.book_things(customer, hall.seats("B2", "A3", "A4"), 3 * GOLD)
    assert booked.status == 200, booked.body
    assert seats_of(booked) == ["B2", "A3", "A4"]
    assert {ticket["ticketTypeName"] for ticket in booked.data["tickets"]} == {"gold"}
    rows = shop.rows("tickets", bookingId=booked.data["bookingId"])
    assert {row["$id"]: (row["seat"], row["unit"]) for row in rows} == {
        ticket["ticketId"]: (ticket["seat"], f"s.{ticket['seat'].lower()}")
        for ticket in booked.data["tickets"]
    }
    assert claimed(shop, hall) == dict.fromkeys(["A3", "A4", "B2"], booked.data["bookingId"])


def test_a_hold_of_seats_becomes_a_booking_of_the_same_seats(
    shop: Shop, customer: Customer, hall: Hall
) -> None:
    held = shop.hold(customer, hall.seats("A2", "A1"))
    assert held.data["items"][0]["seats"] == ["A2", "A1"]
    assert held.data["totalAmount"] == 2 * GOLD
    before = claimed(shop, hall)
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    assert seats_of(booked) == ["A2", "A1"]
    assert claimed(shop, hall) == before == dict.fromkeys(["A1", "A2"], held.data["bookingId"])


def test_all_of_the_seats_or_none(shop: Shop, hall: Hall, take: Take) -> None:
    assert shop.book_things(shop.create_customer(), hall.seats("A2", "A3"), 2 * GOLD).status == 200
    before = claimed(shop, hall)
    details = refusal(take(hall.seats("A1", "A2", "A3"), 3 * GOLD), "SEAT_UNAVAILABLE")
    assert details["seats"] == ["A2", "A3"]
    assert details["conflict"]["kind"] in ("BOOKING_CONFLICT", "HOLD_CONFLICT")
    assert claimed(shop, hall) == before


def test_what_is_offered_instead_is_free_and_near(
    shop: Shop, customer: Customer, hall: Hall, take: Take
) -> None:
    assert shop.book_things(shop.create_customer(), hall.seats("A2", "A3"), 2 * GOLD).status == 200
    answer = take(hall.seats("A2", "A3"), 2 * GOLD)
    details = refusal(answer, "SEAT_UNAVAILABLE")
    assert "A2 and A3 are already taken" in answer.body["error"]
    # Beside them, or in the row behind them.
    assert details["alternatives"]["A2"][0] == "A1"
    assert details["alternatives"]["A3"][0] == "A4"
    assert set(details["alternatives"]["A2"]) <= {"A1", "A4", "B1", "B2", "B3"}
    assert details["together"] == ["A4", "A5"]
    instead = shop.book_things(customer, hall.seats(*details["together"]), 2 * GOLD)
    assert seats_of(instead) == details["together"]


def test_seats_that_are_not_for_sale_are_named_with_the_reason(shop: Shop, hall: Hall, take: Take) -> None:
    details = refusal(take(hall.seats("A1", "A6", "Z9", "a1"), 4 * GOLD), "INVALID_SEAT")
    assert details["seats"] == [
        {"seat": "A6", "reason": "disabled"},
        {"seat": "Z9", "reason": "unknown"},
        {"seat": "A1", "reason": "repeated"},
    ]
    block(shop, hall, "B1", "B2")
    details = refusal(take(hall.seats("B2", "B3"), 2 * GOLD), "INVALID_SEAT")
    assert details["seats"] == [{"seat": "B2", "reason": "blocked"}]
    assert claimed(shop, hall).keys() & {"A1", "B3"} == set()


def test_a_wish_that_contradicts_itself_is_refused(shop: Shop, hall: Hall, take: Take) -> None:
    wanted = hall.seats("A1")
    assert refusal(take({**wanted, "quantity": 3}, GOLD), "INVALID_QUANTITY")["field"] == "quantity"
    for contradiction in ({"eventId": "nosuchevent"}, {"ticketTypeId": "standing"}):
        details = refusal(take({**wanted, **contradiction}, GOLD), "VALIDATION_ERROR")
        assert details["field"] in contradiction
    twice = take(hall.seats("A1", "A1"), 2 * GOLD)
    assert refusal(twice, "INVALID_SEAT")["field"] == "seats"
    assert "named twice" in twice.body["error"]
    old_form = {"eventId": hall.event.id, "category": "Music", "ticketTypeName": "Standing", "quantity": "1"}
    assert take({**wanted, **old_form}, GOLD).status == 200


def test_seats_without_a_price_are_not_for_sale(hall: Hall, take: Take) -> None:
    assert refusal(take(hall.seats("D1"), GOLD), "INVALID_SEAT")["category"] == "unpriced"
    assert refusal(take(hall.best(1, "unpriced"), GOLD), "INVALID_SEAT")["category"] == "unpriced"


def test_labels_as_an_old_form_sends_them(shop: Shop, customer: Customer, hall: Hall) -> None:
    wanted = {"showtimeId": hall.showtime, "seats": " a1, A2 ", "quantity": "2", "pricePerTicket": "1"}
    assert seats_of(shop.book_things(customer, wanted, 2 * GOLD)) == ["A1", "A2"]


def test_the_best_seats_are_together(shop: Shop, customer: Customer, hall: Hall) -> None:
    held = shop.hold(customer, hall.best(3))
    (item,) = held.data["items"]
    numbers = sorted(int(label[1:]) for label in item["seats"])
    assert {label[0] for label in item["seats"]} == {"A"}
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert (item["name"], item["quantity"], held.data["totalAmount"]) == ("gold", 3, 3 * GOLD)
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    assert sorted(filter(None, seats_of(booked))) == sorted(item["seats"])


def test_without_enough_seats_together_the_closest_split(shop: Shop, customer: Customer, hall: Hall) -> None:
    taken = hall.seats("A2", "A5", "B1", "B2", "B5", "B6")
    assert shop.book_things(shop.create_customer(), taken, 6 * GOLD).status == 200
    # Left are A1, A3 A4 and B3 B4: the two pairs are behind each other.
    booked = shop.book_things(customer, hall.best(4), 4 * GOLD)
    assert sorted(filter(None, seats_of(booked))) == ["A3", "A4", "B3", "B4"]
    details = refusal(shop.hold(customer, hall.best(2)), "INSUFFICIENT_TICKETS")
    assert (details["available"], details["requested"]) == (1, 2)


def test_wheelchair_seats_are_only_given_to_those_who_name_them(
    shop: Shop, customer: Customer, hall: Hall
) -> None:
    assert sorted(shop.hold(customer, hall.best(3, "side")).data["items"][0]["seats"]) == ["C2", "C3", "C4"]
    refusal(shop.hold(customer, hall.best(1, "side")), "INSUFFICIENT_TICKETS")
    assert seats_of(shop.book_things(customer, hall.seats("C1"), SIDE)) == ["C1"]


def test_which_best_seats_has_to_be_said_where_there_are_several_categories(hall: Hall, take: Take) -> None:
    details = refusal(take({"showtimeId": hall.showtime, "quantity": 2}, GOLD), "VALIDATION_ERROR")
    assert (details["field"], details["allowed"]) == ("category", ["gold", "side", "unpriced"])
    assert refusal(take(hall.best(1, "none"), GOLD), "VALIDATION_ERROR")["field"] == "category"


def test_every_category_has_its_price(shop: Shop, customer: Customer, hall: Hall) -> None:
    booked = shop.book_things(customer, hall.seats("A1", "C2", "A2"), 2 * GOLD + SIDE)
    assert sorted(filter(None, seats_of(booked))) == ["A1", "A2", "C2"]
    assert booked.data["totalAmount"] == 2 * GOLD + SIDE
    (order,) = shop.rows("orders", bookingId=booked.data["bookingId"])
    lines = [(line["label"], line["quantity"], line["amount"]) for line in json.loads(order["lines"])]
    assert lines == [("gold", 2, 2 * GOLD), ("side", 1, SIDE)]


def test_a_crowd_that_stands_beside_the_seats_in_one_booking(
    shop: Shop, customer: Customer, hall: Hall
) -> None:
    behind = shop.create_kind(hall.event.id, "Behind the stage", 20_000, 5, showtimeId=hall.showtime)
    items = [hall.seats("A1"), {"ticketTypeId": behind.id, "quantity": 2}, hall.best(1, "side")]
    wanted = {"eventId": hall.event.id, "items": items}
    booked = shop.book_things(customer, wanted, GOLD + 40_000 + SIDE)
    assert booked.status == 200, booked.body
    assert seats_of(booked)[:3] == ["A1", None, None]
    assert str(seats_of(booked)[3]).startswith("C")
    names = [ticket["ticketTypeName"] for ticket in booked.data["tickets"]]
    assert names == ["gold", "Behind the stage", "Behind the stage", "side"]
    starts = {ticket["startsAt"] for ticket in booked.data["tickets"]}
    assert len(starts) == 1


def test_what_is_short_in_one_item_refuses_all(shop: Shop, customer: Customer, hall: Hall) -> None:
    kind = shop.create_kind(hall.event.id, "Box", 20_000, 1)
    items = [hall.seats("A1", "A2"), {"ticketTypeId": kind.id, "quantity": 2}]
    refused = shop.hold(customer, {"eventId": hall.event.id, "items": items})
    assert refusal(refused, "INSUFFICIENT_TICKETS")["available"] == 1
    assert claimed(shop, hall) == {}


def test_an_event_without_seats_is_booked_as_before(shop: Shop, customer: Customer, hall: Hall) -> None:
    booked = shop.book(customer, hall.event, "Standing", 2)
    assert seats_of(booked) == [None, None]
    assert booked.data["ticketTypeId"] == hall.event.kinds["Standing"].id
    refused = shop.hold(customer, {"showtimeId": hall.event.id, "quantity": 1})
    assert refusal(refused, "NOT_FOUND_ERROR")["field"] == "showtimeId"


def test_a_showtime_that_is_not_published_or_has_no_hall(shop: Shop, take: Take) -> None:
    event = shop.create_event({})
    draft = shop.create_showtime(event.id, PLAN, PRICES, status="draft")
    refusal(take({"showtimeId": draft, "seats": ["A1"]}, GOLD), "EVENT_NOT_PUBLISHED")
    bare = shop.create_showtime(event.id, PLAN, PRICES, venueId=None)
    details = refusal(take({"showtimeId": bare, "seats": ["A1"]}, GOLD), "NOT_FOUND_ERROR")
    assert details["field"] == "showtimeId"


def test_a_seat_that_was_given_back_can_be_held_at_once(shop: Shop, customer: Customer, hall: Hall) -> None:
    first = shop.hold(shop.create_customer(), hall.seats("A1"))
    refusal(shop.hold(customer, hall.seats("A1")), "SEAT_UNAVAILABLE")
    path = f"/tablesdb/boxoffice/tables/bookings/rows/{first.data['bookingId']}"
    owner = ok(shop.http.get(path))["userId"]
    released = execute(
        shop.http,
        "hold_tickets",
        {"action": "release", "bookingId": first.data["bookingId"], "userId": owner},
    )
    assert released.status == 200, released.body
    assert shop.hold(customer, hall.seats("A1")).status == 200

"""Holds over HTTP: who may do what with them, and how many there may be."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.project.shop import BOOK, HOLD, Answer, Customer, Event, Shop, execute
from tests.integration.holds import PRICE, ask, held, paid, wanted
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, RefusedError, ok
from tests.support.published import as_published
from tests.support.target import Target


@pytest.fixture(scope="module")
def bob(shop: Shop) -> Customer:
    """Somebody else."""
    return shop.create_customer("Bob")


@pytest.fixture(scope="module")
def ada(shop: Shop) -> Customer:
    """An administrator."""
    ada = shop.create_customer("Ada")
    member = {"userId": ada.user_id, "roles": ["owner"], "url": "http://localhost"}
    ok(shop.http.post("/teams/admins/memberships", member))
    return ada


def booking_of(shop: Shop, hold: Answer) -> dict[str, Any]:
    (row,) = shop.rows("bookings", **{"$id": hold.data["bookingId"]})
    return row


class TestHolding:
    def test_units_are_kept_for_a_quarter_of_an_hour_at_the_catalogues_price(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        data = held(ann, event, 2, pricePerTicket=1, totalAmountPaid="1").data
        assert (data["status"], data["totalAmount"], data["currency"]) == ("held", 2 * PRICE, "INR")
        left = datetime.fromisoformat(data["heldUntil"]) - datetime.now(UTC)
        assert timedelta(minutes=14) < left <= timedelta(minutes=15)
        assert [(item["name"], item["quantity"]) for item in data["items"]] == [("Standing", 2)]
        claims = shop.rows("claims", bookingId=data["bookingId"])
        assert sorted(claim["ticket"] for claim in claims) == [0, 1, 2]
        assert {claim["state"] for claim in claims} == {"RESERVED"}

    def test_several_kinds_are_held_together_or_not_at_all(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        items = [wanted(event, 2), wanted(event, 1, "Balcony")]
        both = ask(ann.http, eventId=event.id, items=items)
        assert both.data["totalAmount"] == 4 * PRICE
        too_many = [wanted(event, 1), wanted(event, 4, "Balcony")]
        refused = ask(ann.http, eventId=event.id, items=too_many)
        assert (refused.status, refused.code) == (409, "INSUFFICIENT_TICKETS")
        assert len(shop.rows("bookings", userId=ann.user_id)) == 1
        assert len(shop.rows("claims", eventId=event.id)) == 4

    def test_a_request_id_that_was_used_for_other_things_is_refused(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        first = held(ann, event, 1, requestId="cart-17")
        other = ask(ann.http, **wanted(event, 2, requestId="cart-17"))
        assert (other.status, other.code) == (400, "VALIDATION_ERROR")
        assert other.body["details"]["field"] == "requestId"
        again = held(ann, event, 1, requestId="cart-17")
        assert (again.body["replayed"], again.data["bookingId"]) == (True, first.data["bookingId"])

    @pytest.mark.parametrize("price", [1, 99])
    def test_what_costs_less_than_can_be_paid_is_refused(self, shop: Shop, ann: Customer, price: int) -> None:
        refused = ask(ann.http, **wanted(shop.create_event({"Standing": (price, 2)})))
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        assert (refused.body["retryable"], refused.body["details"]["least"]) == (False, 100)
        assert "INR 1.00" in refused.body["error"]
        assert shop.rows("bookings", userId=ann.user_id) == []

    def test_what_is_held_is_sold_to_nobody_else_and_the_refusal_says_until_when(
        self, shop: Shop, ann: Customer, bob: Customer
    ) -> None:
        event = shop.create_event({"Standing": (PRICE, 2)})
        hold = held(ann, event, 2)
        refused = as_published(shop.book(bob, event, "Standing"))
        assert (refused.status, refused.code) == (409, "INSUFFICIENT_TICKETS")
        conflict = refused.body["details"]["conflict"]
        assert conflict["kind"] == "HOLD_CONFLICT"
        assert 800 < conflict["retryAfter"] <= 900
        ends = datetime.fromisoformat(conflict["holdEndsAt"])
        assert ends == datetime.fromisoformat(hold.data["heldUntil"])

    def test_the_same_request_is_the_same_hold_however_often_and_at_once(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        body = wanted(event, 2, requestId="cart-1")
        answers = all_at_once(8, lambda number: ask(ann.http, **body))
        assert {answer.code for answer in answers} <= {"", "BOOKING_IN_PROGRESS"}
        made = [answer for answer in answers if not answer.code]
        again = ask(ann.http, **body)
        assert {answer.data["bookingId"] for answer in (*made, again)} == {again.data["bookingId"]}
        assert sum(not answer.body["replayed"] for answer in made) == 1
        assert again.body["replayed"]
        assert again.data["gatewayOrderId"]
        assert len(shop.rows("bookings", userId=ann.user_id)) == 1
        assert len(shop.rows("claims", eventId=event.id)) == 3

    def test_another_users_request_with_the_same_name_is_another_hold(
        self, ann: Customer, bob: Customer, event: Event
    ) -> None:
        mine, theirs = (held(one, event, 1, requestId="cart-2") for one in (ann, bob))
        assert mine.data["bookingId"] != theirs.data["bookingId"]
        ask(bob.http, action="release", bookingId=theirs.data["bookingId"])

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"action": "keep"}, "action"),
            ({"action": 1}, "action"),
            ({"action": "extend"}, "bookingId"),
            ({"action": "release", "bookingId": ""}, "bookingId"),
            ({"quantity": 1}, "eventId"),
            ({"eventId": "ev", "quantity": 1}, "ticketTypeId"),
            ({"items": []}, "items"),
            ({"eventId": "ev", "ticketTypeId": "tt", "quantity": 1, "requestId": "x" * 200}, "requestId"),
        ],
    )
    def test_a_wrong_request_is_told_its_field(self, ann: Customer, body: dict[str, Any], field: str) -> None:
        answer = ask(ann.http, **body)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
        assert answer.body["details"]["field"] == field


class TestWho:
    def test_a_guest_is_not_let_in(self, target: Target, event: Event) -> None:
        with pytest.raises(RefusedError):
            execute(target.guest(), HOLD, wanted(event))

    def test_nobody_holds_for_somebody_else(
        self, ann: Customer, bob: Customer, ada: Customer, event: Event
    ) -> None:
        for caller in (bob, ada):
            refused = ask(caller.http, **wanted(event, userId=ann.user_id))
            assert (refused.status, refused.code) == (403, "PERMISSION_ERROR")
        assert ask(ann.http, action="list").data["holds"] == []

    def test_a_server_holds_for_the_user_that_it_names(self, shop: Shop, ann: Customer, event: Event) -> None:
        refused = ask(shop.http, **wanted(event))
        assert refused.code == "VALIDATION_ERROR"
        hold = ask(shop.http, **wanted(event, userId=ann.user_id))
        (listed,) = ask(ann.http, action="list").data["holds"]
        assert listed["bookingId"] == hold.data["bookingId"]
        body = {"bookingId": hold.data["bookingId"], "paymentId": shop.pay_for(ann, hold)}
        assert as_published(execute(shop.http, BOOK, {**body, "userId": ann.user_id})).status == 200

    @pytest.mark.parametrize("who", ["bob", "ada"])
    @pytest.mark.parametrize("action", ["extend", "release"])
    def test_somebody_elses_hold_is_not_there(
        self, shop: Shop, ann: Customer, event: Event, request: pytest.FixtureRequest, who: str, action: str
    ) -> None:
        other: Customer = request.getfixturevalue(who)
        hold = held(ann, event)
        before = booking_of(shop, hold)
        refused = ask(other.http, action=action, bookingId=hold.data["bookingId"])
        unknown = ask(other.http, action=action, bookingId="bk-unknown")
        assert (refused.status, refused.code) == (404, "NOT_FOUND_ERROR")
        assert refused.body["error"] == unknown.body["error"]
        assert booking_of(shop, hold) == before

    def test_nor_can_it_be_paid_by_naming_it(
        self, shop: Shop, local: Http, ann: Customer, bob: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        for payment in (shop.pay_for(ann, hold, status="authorized"), shop.pay(bob, PRICE)):
            refused = as_published(shop.book_hold(bob, hold, payment))
            assert (refused.status, refused.code) == (404, "NOT_FOUND_ERROR")
        assert shop.rows("leases", bookingId=hold.data["bookingId"]) == []
        assert paid(shop, ann, hold).status == 200


class TestOpenHolds:
    def test_they_are_listed_the_first_to_end_first(self, ann: Customer, event: Event) -> None:
        first, second = held(ann, event), held(ann, event, 2)
        listed = ask(ann.http, action="list").data["holds"]
        assert [hold["bookingId"] for hold in listed] == [first.data["bookingId"], second.data["bookingId"]]
        assert listed[1]["totalAmount"] == 2 * PRICE
        assert listed[1]["gatewayOrderId"] == second.data["gatewayOrderId"]

    def test_released_units_are_anybodys_and_the_place_for_a_hold_is_free(
        self, shop: Shop, ann: Customer, bob: Customer
    ) -> None:
        event = shop.create_event({"Standing": (PRICE, 2)}, holdsPerUser=1)
        hold = held(ann, event, 2)
        for _ in range(2):
            released = ask(ann.http, action="release", bookingId=hold.data["bookingId"])
            assert (released.status, released.data["status"]) == (200, "cancelled")
        assert shop.rows("claims", eventId=event.id) == []
        assert ask(ann.http, action="list").data["holds"] == []
        assert held(bob, event, 2).data["status"] == "held"
        assert ask(ann.http, action="extend", bookingId=hold.data["bookingId"]).code == "HOLD_EXPIRED"

    def test_a_user_has_three(self, shop: Shop, ann: Customer, event: Event) -> None:
        kept = [held(ann, event) for _ in range(3)]
        refused = ask(ann.http, **wanted(event))
        assert (refused.status, refused.code) == (409, "HOLD_LIMIT")
        assert {"scope": "user", "allowed": 3}.items() <= refused.body["details"].items()
        assert paid(shop, ann, kept[0]).status == 200
        assert held(ann, event)

    def test_an_event_has_as_many_as_its_organiser_allows(
        self, shop: Shop, ann: Customer, bob: Customer
    ) -> None:
        event = shop.create_event({"Standing": (PRICE, 10)}, holdsPerEvent=2, holdsPerUser=2, holdSeconds=60)
        data = held(ann, event).data
        assert datetime.fromisoformat(data["heldUntil"]) < datetime.now(UTC) + timedelta(seconds=61)
        held(ann, event)
        refused = ask(bob.http, **wanted(event))
        assert (refused.status, refused.code) == (409, "HOLD_LIMIT")
        assert {"scope": "event", "allowed": 2}.items() <= refused.body["details"].items()
        assert as_published(shop.book(bob, event, "Standing")).status == 200
        ask(ann.http, action="release", bookingId=data["bookingId"])
        other = held(bob, event)
        ask(bob.http, action="release", bookingId=other.data["bookingId"])


def test_a_request_without_a_hold_is_what_it_always_was(shop: Shop, ann: Customer, event: Event) -> None:
    hold = held(ann, event)
    legacy: Mapping[str, str] = {
        "userId": ann.user_id, "eventId": event.id, "eventName": event.name, "ticketTypeName": "Standing",
        "quantity": "2", "pricePerTicket": "500.00", "totalAmountPaid": "1000.00", "ticketId": "",
        "paymentId": shop.pay(ann, 2 * PRICE), "bookingId": "", "qrCodeFileId": secrets.token_hex(4),
    }  # fmt: skip
    answer = as_published(execute(ann.http, BOOK, legacy))
    assert (answer.status, answer.data["quantity"]) == (200, 2)
    assert answer.data["bookingId"] != hold.data["bookingId"]
    assert booking_of(shop, hold)["status"] == "held"

"""Administrators take units off the market, over HTTP; strangers may not, and buyers cannot have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.appwrite_http import RefusedError
from scripts.project.shop import AVAILABILITY, BOOK, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import Http, ok, wait_until
from tests.support.published import as_published

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

MANAGE, HOLD = "manage_events", "hold_tickets"
PRICE = 50_000
CLAIMS = "/v1/tablesdb/boxoffice/tables/claims/rows"
PLAN = {
    "sections": [
        {"id": "S", "rows": [{"rows": "A-D", "seats": "1-50", "category": "gold"}], "disabled": ["A50"]}
    ]
}
REASON = "The orchestra needs the row."


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with nothing sold."""
    return arena.shop.create_event({"Standing": (PRICE, 10)})


@pytest.fixture
def showtime(arena: Arena, event: Event) -> str:
    """A hall with 199 seats that are sold."""
    return arena.shop.create_showtime(event.id, PLAN, {"gold": PRICE})


def ask(http: Http, action: str, **body: Any) -> Answer:
    """One execution."""
    return as_published(execute(http, MANAGE, {"action": action, **body}), "ManageSuccess")


def blocked(arena: Arena) -> list[dict[str, Any]]:
    """The claims of blocks."""
    return arena.shop.rows("claims", state="BLOCKED")


def test_a_row_of_seats(arena: Arena, admin: Customer, showtime: str) -> None:
    row = [{"section": "S", "row": "A"}]
    made = ask(admin.http, "blockUnits", showtimeId=showtime, rows=row, seats=["B1"], reason=REASON).data
    assert (made["state"], made["wanted"], made["units"]) == ("done", 50, 50)
    assert made["target"] == {"showtimeId": showtime, "rows": row, "seats": ["B1"]}
    assert (made["reason"], made["blockedBy"]) == (REASON, admin.user_id)
    guest = Http.guest(arena.http.endpoint, arena.shop.project_id)
    (pool,) = execute(guest, AVAILABILITY, {"showtimeId": showtime}).data["pools"]
    assert pool["seats"]["blocked"] == 50
    seen = ok(guest.get("/tablesdb/boxoffice/tables/claims/rows"))["rows"]
    assert len(seen) > 0
    assert REASON not in json.dumps(seen)
    (entry,) = arena.shop.rows("audit_log")
    assert (entry["action"], entry["actor"], entry["reason"]) == ("units.blocked", admin.user_id, REASON)
    assert entry["executionId"]


def test_what_somebody_has_is_listed_and_nothing_changes(
    arena: Arena, admin: Customer, showtime: str
) -> None:
    assert ask(admin.http, "blockUnits", showtimeId=showtime, seats=["A1"], reason=REASON).status == 200
    answer = ask(admin.http, "blockUnits", showtimeId=showtime, sections=["S"], reason=REASON)
    assert (answer.status, answer.code) == (409, "SEAT_UNAVAILABLE")
    assert answer.body["details"]["taken"] == [{"unit": "A1", "state": "blocked"}]
    assert len(blocked(arena)) == 1


def test_places_that_buyers_want(arena: Arena, admin: Customer, customer: Customer, event: Event) -> None:
    kind = event.kinds["Standing"].id
    assert arena.shop.book(customer, event, "Standing", 4).status == 200
    too_many = ask(admin.http, "blockUnits", ticketTypeId=kind, quantity=7, reason=REASON)
    assert (too_many.code, too_many.body["details"]["available"]) == ("INSUFFICIENT_TICKETS", 6)
    block = ask(admin.http, "blockUnits", ticketTypeId=kind, quantity=6, reason=REASON).data
    assert arena.shop.book(customer, event, "Standing").code == "INSUFFICIENT_TICKETS"
    freed = ask(admin.http, "unblockUnits", blockId=block["blockId"], reason="They came by bus.").data
    assert freed == {"units": 6, "blockIds": [block["blockId"]], "notBlocked": []}
    arena.settle()
    # A function that has just refused a buyer remembers for some seconds that it was sold out.
    wait_until(lambda: arena.shop.book(customer, event, "Standing", 6).status == 200, seconds=10)
    arena.settle()
    assert arena.books().violations() == []


def test_a_services_time(arena: Arena, admin: Customer) -> None:
    service = arena.shop.create_service()
    period = {"from": "2030-01-07T09:00:00Z", "to": "2030-01-07T11:00:00Z"}
    assert ask(admin.http, "blockUnits", serviceId=service, **period, reason=REASON).data["units"] == 8
    day = {"serviceId": service, "day": "2030-01-07", "duration": 60}
    (pool,) = execute(arena.http, AVAILABILITY, day).data["pools"]
    assert [slot["startsAt"][11:16] for slot in pool["slots"]] == ["11:00"]
    assert ask(admin.http, "unblockUnits", serviceId=service, **period, reason=REASON).data["units"] == 8
    assert blocked(arena) == []


def test_some_seats_of_a_block(arena: Arena, admin: Customer, showtime: str) -> None:
    block = ask(admin.http, "blockUnits", showtimeId=showtime, seats=["A1", "A2"], reason=REASON).data
    freed = ask(admin.http, "unblockUnits", showtimeId=showtime, seats=["A2", "A3"], reason=REASON).data
    assert freed == {"units": 1, "blockIds": [block["blockId"]], "notBlocked": ["A3"]}
    (listed,) = ask(admin.http, "listBlocks").data["blocks"]
    assert (listed["units"], listed["wanted"], listed["labels"]) == (1, 2, ["A1"])


def test_blocks_are_listed_page_by_page(arena: Arena, admin: Customer, event: Event, showtime: str) -> None:
    made = [
        ask(admin.http, "blockUnits", showtimeId=showtime, seats=[f"A{n}"], reason=f"Because {n}.").data
        for n in range(1, 4)
    ]
    first = ask(admin.http, "listBlocks", eventId=event.id, limit=2).data
    second = ask(admin.http, "listBlocks", eventId=event.id, limit=2, cursor=first["cursor"]).data
    assert [*first["blocks"], *second["blocks"]] == made[::-1]
    assert second["cursor"] is None
    assert ask(admin.http, "listBlocks", eventId="another").data == {"blocks": [], "cursor": None}


def test_a_block_whose_function_dies_is_completed_by_the_sweep(
    arena: Arena, admin: Customer, showtime: str
) -> None:
    wanted = {"showtimeId": showtime, "sections": ["S"], "reason": REASON, "requestId": "req-0001"}
    with arena.faults(
        {"kind": "kill_function_before", "functionId": MANAGE, "method": "POST", "path": CLAIMS, "nth": 2}
    ):
        assert execute(admin.http, MANAGE, {"action": "blockUnits", **wanted}).body == {}
    assert len(blocked(arena)) == 100
    assert ask(admin.http, "blockUnits", **wanted).code == "CONFLICT_ERROR"
    arena.settle()
    assert len(blocked(arena)) == 199
    again = ask(admin.http, "blockUnits", **wanted).data
    assert (again["state"], again["units"]) == ("done", 199)
    assert len(arena.shop.rows("audit_log", action="units.blocked")) == 1


def test_a_lost_answer_blocks_once(arena: Arena, admin: Customer, event: Event) -> None:
    wanted = {
        "ticketTypeId": event.kinds["Standing"].id, "quantity": 3, "reason": REASON, "requestId": "req-0002",
    }  # fmt: skip
    with arena.faults(
        {"kind": "drop_reply", "functionId": MANAGE, "method": "POST", "path": CLAIMS, "nth": 1}
    ):
        first = ask(admin.http, "blockUnits", **wanted)
    assert first.status == 200
    assert ask(admin.http, "blockUnits", **wanted).data == first.data
    assert len(blocked(arena)) == 3


def held(arena: Arena, customer: Customer, showtime: str, *labels: str) -> dict[str, Any]:
    """A hold of these seats."""
    return execute(customer.http, HOLD, {"showtimeId": showtime, "seats": list(labels)}).data


def pay(arena: Arena, customer: Customer, hold: dict[str, Any]) -> Answer:
    """Completes a hold."""
    payment = arena.shop.pay(customer, hold["totalAmount"], orderId=hold["gatewayOrderId"])
    return execute(customer.http, BOOK, {"bookingId": hold["bookingId"], "paymentId": payment})


def booked(arena: Arena, customer: Customer, showtime: str, *labels: str) -> str:
    """The id of a confirmed booking of these seats."""
    hold = held(arena, customer, showtime, *labels)
    assert pay(arena, customer, hold).status == 200
    return str(hold["bookingId"])


def seats_of(arena: Arena, booking_id: str) -> dict[int, str]:
    """The labels of the claimed seats by ticket, which must be those on the tickets."""
    claims = arena.shop.rows("claims", bookingId=booking_id)
    labels = {claim["ticket"]: claim["label"] for claim in claims if claim["ticket"]}
    tickets = arena.shop.rows("tickets", bookingId=booking_id)
    assert not tickets or {ticket["number"]: ticket["seat"] for ticket in tickets} == labels
    return labels


class TestMoving:
    def test_a_booking(self, arena: Arena, admin: Customer, customer: Customer, showtime: str) -> None:
        booking = booked(arena, customer, showtime, "A1", "A2")
        wanted = {"bookingId": booking, "tickets": {"1": "C7", "2": "C8"}, "reason": REASON}
        moved = ask(admin.http, "moveBooking", **wanted).data
        assert moved["tickets"] == [
            {"number": 1, "oldSeat": "A1", "newSeat": "C7"},
            {"number": 2, "oldSeat": "A2", "newSeat": "C8"},
        ]
        assert seats_of(arena, booking) == {1: "C7", 2: "C8"}
        (notice,) = arena.shop.rows("outbox")
        assert (notice["userId"], notice["kind"], notice["state"]) == (
            customer.user_id, "booking.moved", "waiting",
        )  # fmt: skip
        assert ask(admin.http, "moveBooking", **wanted).data["moveId"] is None
        # A function that knows of the old seats forgets them after some seconds.
        left = {"showtimeId": showtime, "seats": ["A1"]}
        wait_until(lambda: execute(customer.http, HOLD, left).status == 200, seconds=10)
        arena.settle()
        (entry,) = arena.shop.rows("audit_log", action="units.moved")
        assert (entry["actor"], entry["bookingId"], entry["reason"]) == (admin.user_id, booking, REASON)

    def test_a_hold_that_is_paid_afterwards(
        self, arena: Arena, admin: Customer, customer: Customer, showtime: str
    ) -> None:
        hold = held(arena, customer, showtime, "A1", "A2")
        wanted = {"bookingId": hold["bookingId"], "tickets": {"2": "D4"}, "reason": REASON}
        assert ask(admin.http, "moveBooking", **wanted).status == 200
        assert pay(arena, customer, hold).status == 200
        assert seats_of(arena, hold["bookingId"]) == {1: "A1", 2: "D4"}

    def test_a_party_by_one_seat(
        self, arena: Arena, admin: Customer, customer: Customer, showtime: str
    ) -> None:
        booking = booked(arena, customer, showtime, "A1", "A2")
        wanted = {"bookingId": booking, "tickets": {"1": "A2", "2": "A3"}, "reason": REASON}
        assert ask(admin.http, "moveBooking", **wanted).status == 200
        assert seats_of(arena, booking) == {1: "A2", 2: "A3"}
        exchange = {**wanted, "tickets": {"1": "A3", "2": "A2"}}
        refused = ask(admin.http, "moveBooking", **exchange)
        assert (refused.status, refused.code) == (409, "SEAT_UNAVAILABLE")
        assert "change places" in refused.body["error"]

    def test_a_hold_is_shown_with_its_new_seats(
        self, arena: Arena, admin: Customer, customer: Customer, showtime: str
    ) -> None:
        booking = held(arena, customer, showtime, "C1")["bookingId"]
        moved = ask(admin.http, "moveBooking", bookingId=booking, tickets={"1": "C5"}, reason=REASON)
        assert moved.status == 200
        (listed,) = execute(customer.http, HOLD, {"action": "list"}).data["holds"]
        assert listed["items"][0]["seats"] == ["C5"]
        for action in ("extend", "release"):
            answer = execute(customer.http, HOLD, {"action": action, "bookingId": booking})
            assert answer.data["items"][0]["seats"] == ["C5"]

    def test_onto_a_seat_that_somebody_has(
        self, arena: Arena, admin: Customer, customer: Customer, showtime: str
    ) -> None:
        booking = booked(arena, customer, showtime, "A1")
        held(arena, arena.shop.create_customer(), showtime, "B1")
        answer = ask(admin.http, "moveBooking", bookingId=booking, tickets={"1": "B1"}, reason=REASON)
        assert (answer.status, answer.code) == (409, "SEAT_UNAVAILABLE")
        assert answer.body["details"]["alternatives"]["B1"]
        assert seats_of(arena, booking) == {1: "A1"}

    @pytest.mark.parametrize("table", ["claims", "outcomes", "outbox", "audit_log"])
    @pytest.mark.parametrize("kind", ["kill_function_before", "kill_function_after"])
    def test_one_whose_function_dies_is_finished_by_the_sweep(
        self, arena: Arena, admin: Customer, customer: Customer, showtime: str, table: str, kind: str
    ) -> None:
        booking = booked(arena, customer, showtime, "A1")
        path = f"/v1/tablesdb/boxoffice/tables/{table}/rows"
        with arena.faults({"kind": kind, "functionId": MANAGE, "method": "POST", "path": path, "nth": 1}):
            wanted = {"bookingId": booking, "tickets": {"1": "C1"}, "reason": REASON}
            assert execute(admin.http, MANAGE, {"action": "moveBooking", **wanted}).body == {}
        arena.settle()
        assert seats_of(arena, booking) == {1: "C1"}
        assert len(arena.shop.rows("outbox")) == 1

    def test_a_stranger_moves_nothing(self, arena: Arena, customer: Customer, showtime: str) -> None:
        booking = booked(arena, customer, showtime, "A1")
        answer = ask(customer.http, "moveBooking", bookingId=booking, tickets={"1": "C1"}, reason=REASON)
        assert (answer.status, answer.code) == (403, "PERMISSION_ERROR")
        assert seats_of(arena, booking) == {1: "A1"}


class TestWhoMayAsk:
    def test_a_server_with_a_key(self, arena: Arena) -> None:
        assert ask(arena.http, "listBlocks").data == {"blocks": [], "cursor": None}

    @pytest.mark.parametrize("action", ["blockUnits", "unblockUnits", "listBlocks", "nonsense"])
    def test_a_user_may_nothing(self, arena: Arena, customer: Customer, showtime: str, action: str) -> None:
        answer = ask(customer.http, action, showtimeId=showtime, seats=["A1"], reason=REASON)
        assert (answer.status, answer.code) == (403, "PERMISSION_ERROR")
        assert blocked(arena) == []

    def test_a_header_makes_nobody_an_administrator(self, admin: Customer, customer: Customer) -> None:
        spoofed = {"X-Appwrite-User-Id": admin.user_id, "X-Appwrite-Trigger": "schedule"}
        answer = execute(customer.http, MANAGE, {"action": "listBlocks"}, headers=spoofed)
        assert answer.status in (401, 403)

    def test_a_guest_is_not_even_heard(self, arena: Arena) -> None:
        with pytest.raises(RefusedError):
            ask(Http.guest(arena.http.endpoint, arena.shop.project_id), "listBlocks")


@pytest.mark.parametrize(
    "body, field",
    [
        ({"action": "blockUnits", "reason": REASON}, "showtimeId"),
        ({"action": "blockUnits", "reason": REASON, "showtimeId": "s"}, "showtimeId"),
        ({"action": "blockUnits", "reason": REASON, "showtimeId": "s", "seats": []}, "seats"),
        ({"action": "blockUnits", "reason": REASON, "ticketTypeId": "t", "quantity": 0}, "quantity"),
        ({"action": "blockUnits", "reason": REASON, "ticketTypeId": "t", "quantity": 1_001}, "quantity"),
        (
            {"action": "blockUnits", "reason": REASON, "ticketTypeId": "t", "quantity": 1, "showtimeId": "s"},
            "showtimeId",
        ),
        (
            {"action": "blockUnits", "reason": REASON, "ticketTypeId": "t", "quantity": 1, "seats": ["A1"]},
            "showtimeId",
        ),
        ({"action": "blockUnits", "showtimeId": "s", "seats": ["A1"]}, "reason"),
        ({"action": "unblockUnits", "blockId": "bl-1"}, "reason"),
        ({"action": "unblockUnits", "reason": REASON}, "blockId"),
        ({"action": "unblockUnits", "reason": REASON, "blockId": "bl-1", "seats": ["A1"]}, "blockId"),
        ({"action": "moveBooking", "reason": REASON, "bookingId": "bk-1"}, "tickets"),
        ({"action": "moveBooking", "reason": REASON, "bookingId": "bk-1", "tickets": {}}, "tickets"),
        ({"action": "moveBooking", "reason": REASON, "bookingId": "bk-1", "tickets": {"0": "A1"}}, "tickets"),
        ({"action": "moveBooking", "bookingId": "bk-1", "tickets": {"1": "A1"}}, "reason"),
        ({"action": "listBlocks", "cursor": "bl-nothing"}, "cursor"),
        ({"action": "listBlocks", "limit": 51}, "limit"),
        (
            {
                "action": "blockUnits",
                "reason": REASON,
                "serviceId": "s",
                "from": "0001-01-01T00:00:00+14:00",
                "to": "2030-01-01T00:00:00Z",
            },
            "from",
        ),
        ({"action": "dropEverything"}, "action"),
    ],
)
def test_bad_input_is_refused(arena: Arena, body: dict[str, Any], field: str) -> None:
    answer = execute(arena.http, MANAGE, body)
    assert (answer.status, answer.code, answer.body["details"]["field"]) == (400, "VALIDATION_ERROR", field)

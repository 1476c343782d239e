"""The deployed `booking_status`, and the log that administrators read, as everybody who may ask them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.appwrite_http import RefusedError
from scripts.project.shop import DATABASE, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.calls import entries_of, waves
from tests.support.local_server import Http, ok
from tests.support.published import as_published
from tests.support.tables import at_once

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000
STATUS = "booking_status"
TABLES = f"/tablesdb/{DATABASE}/tables"

# Calls at the same time are only seen to be so when each takes a moment.
SLOWNESS = 0.25


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


@pytest.fixture(scope="module")
def stranger(arena: Arena) -> Customer:
    """Somebody else."""
    return arena.shop.create_customer("Mallory")


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with nothing sold."""
    return arena.shop.create_event({"Standing": (PRICE, 20)})


@pytest.fixture
def booked(arena: Arena, customer: Customer, event: Event) -> dict[str, Any]:
    """What the customer was told of two tickets."""
    return arena.shop.book(customer, event, "Standing", 2).data


def ask(http: Http, **body: Any) -> Answer:
    """One execution, whose answer has its published form."""
    return as_published(execute(http, STATUS, body), "BookingStatusSuccess")


def read_log(http: Http, **body: Any) -> list[dict[str, Any]]:
    """A page of the log."""
    answer = as_published(execute(http, "rollback_reports", {"action": "log", **body}), "ReportsSuccess")
    entries: list[dict[str, Any]] = answer.data["entries"]
    return entries


def test_an_owner_sees_the_booking_with_everything(customer: Customer, booked: dict[str, Any]) -> None:
    data = ask(customer.http, action="get", bookingId=booked["bookingId"]).data
    assert (data["status"], data["paymentStatus"], data["total"]) == ("confirmed", "captured", 2 * PRICE)
    assert [ticket["ticketId"] for ticket in data["tickets"]] == booked["ticketIds"]
    assert [ticket["qrCodeFileId"] for ticket in data["tickets"]] == booked["qrCodeFileIds"]
    assert data["order"]["orderId"] == booked["orderId"]
    assert [one["transactionId"] for one in data["transactions"]] == [booked["transactionId"]]


def test_a_reference_is_read_as_people_type_it(customer: Customer, booked: dict[str, Any]) -> None:
    reference = str(booked["reference"])
    typed = f" {reference[:4].lower()}-{reference[4:]} "
    assert ask(customer.http, action="get", reference=typed).data["bookingId"] == booked["bookingId"]
    answer = ask(customer.http, action="get", reference="O" + reference[1:])
    assert (answer.code, answer.body["details"]["positions"]) == ("VALIDATION_ERROR", [1])


@pytest.mark.parametrize("action", ["get", "history", "transactions"])
class TestWhoMayAsk:
    def test_its_owner_an_administrator_and_a_server_with_a_key(
        self, arena: Arena, customer: Customer, admin: Customer, booked: dict[str, Any], action: str
    ) -> None:
        for http in (customer.http, admin.http, arena.http):
            assert (
                ask(http, action=action, bookingId=booked["bookingId"]).data["reference"]
                == booked["reference"]
            )

    def test_to_a_stranger_it_is_as_if_there_were_none(
        self, stranger: Customer, booked: dict[str, Any], action: str
    ) -> None:
        asked = (
            {"bookingId": booked["bookingId"]},
            {"bookingId": "bk-there-is-none"},
            {"reference": booked["reference"]},
            {"reference": "22222222"},
        )
        answers = [ask(stranger.http, action=action, **wanted) for wanted in asked]
        assert {answer.status for answer in answers} == {404}
        bodies = [{**answer.body, "executionId": ""} for answer in answers]
        assert bodies == [bodies[0]] * 4

    def test_a_header_makes_nobody_the_owner(
        self, stranger: Customer, customer: Customer, booked: dict[str, Any], action: str
    ) -> None:
        spoofed = {"X-Appwrite-User-Id": customer.user_id}
        body = {"action": action, "bookingId": booked["bookingId"]}
        assert execute(stranger.http, STATUS, body, headers=spoofed).status in (401, 404)

    def test_a_guest_is_not_even_heard(self, arena: Arena, booked: dict[str, Any], action: str) -> None:
        guest = Http.guest(arena.http.endpoint, arena.shop.project_id)
        with pytest.raises(RefusedError) as refused:
            ask(guest, action=action, bookingId=booked["bookingId"])
        assert refused.value.status == 401


def test_lists_are_ones_own_unless_one_administrates(
    arena: Arena, customer: Customer, stranger: Customer, admin: Customer, event: Event
) -> None:
    made = [arena.shop.book(customer, event, "Standing").data["bookingId"] for _ in range(3)]
    other = arena.shop.book(stranger, event, "Standing").data["bookingId"]
    first = ask(customer.http, action="list", limit=2).data
    second = ask(customer.http, action="list", limit=2, cursor=first["cursor"]).data
    assert [one["bookingId"] for one in first["bookings"] + second["bookings"]] == made[::-1]
    assert second["cursor"] is None
    assert ask(stranger.http, action="list", userId=customer.user_id).code == "PERMISSION_ERROR"
    assert ask(stranger.http, action="list", eventId=event.id).code == "PERMISSION_ERROR"
    assert ask(stranger.http, action="list", cursor=made[0]).code == "VALIDATION_ERROR"
    for http in (admin.http, arena.http):
        of_event = ask(http, action="list", eventId=event.id, status="confirmed").data["bookings"]
        assert {one["bookingId"] for one in of_event} == {*made, other}
        assert len(ask(http, action="list", userId=stranger.user_id).data["bookings"]) == 1
    assert ask(arena.http, action="list").code == "VALIDATION_ERROR"


def test_the_history_is_whole_before_and_after_the_sweep(
    arena: Arena, customer: Customer, admin: Customer, booked: dict[str, Any]
) -> None:
    before = ask(customer.http, action="history", bookingId=booked["bookingId"]).data["entries"]
    assert [entry["action"] for entry in before] == ["booking.begun", "payment.captured", "booking.confirmed"]
    assert {(entry["by"], entry["actor"], entry["executionId"]) for entry in before} == {
        ("customer", None, None)
    }
    arena.settle()
    assert len(arena.shop.rows("audit_log")) == 3
    assert ask(customer.http, action="history", bookingId=booked["bookingId"]).data["entries"] == before
    exactly = ask(admin.http, action="history", reference=booked["reference"]).data["entries"]
    assert {entry["actor"] for entry in exactly} == {customer.user_id}


def test_what_the_sweep_has_finished_is_told_to_be_its_work(
    arena: Arena, customer: Customer, admin: Customer, event: Event
) -> None:
    fault = {"kind": "kill_function_after", "method": "POST", "path": f"/v1{TABLES}/claims/rows"}
    with arena.faults({**fault, "fromFunctions": True, "nth": 1}):
        assert arena.shop.book(customer, event, "Standing").body == {}
    (row,) = arena.shop.rows("bookings")
    arena.set_clock(125)
    swept = arena.sweep()
    assert swept.data["finished"] == 1
    story = ask(customer.http, action="history", bookingId=row["$id"]).data["entries"]
    assert [(entry["action"], entry["by"]) for entry in story] == [
        ("booking.begun", "customer"),
        ("payment.captured", "system"),
        ("booking.confirmed", "system"),
    ]
    exactly = ask(admin.http, action="history", bookingId=row["$id"]).data["entries"]
    assert exactly[0]["executionId"] == row["executionId"]
    assert {entry["executionId"] for entry in exactly[1:]} == {swept.execution["$id"]}
    assert {entry["actor"] for entry in exactly[1:]} == {"sweep"}


def test_a_hold_says_until_when_and_what_became_of_it(
    arena: Arena, customer: Customer, stranger: Customer, event: Event
) -> None:
    tickets = [{"ticketTypeId": event.kinds["Standing"].id, "quantity": 2}]
    held = execute(customer.http, "hold_tickets", {"action": "hold", "eventId": event.id, "items": tickets})
    assert held.status == 200, held
    wanted = {"bookingId": held.data["bookingId"]}
    shown = ask(customer.http, action="get", **wanted).data
    assert (shown["status"], shown["tickets"], shown["quantity"]) == ("held", [], 2)
    assert datetime.fromisoformat(shown["heldUntil"]) > datetime.now(UTC)
    assert len(ask(customer.http, action="list", status="held").data["bookings"]) == 1
    assert ask(stranger.http, action="get", **wanted).status == 404
    arena.settle()
    assert ask(customer.http, action="get", **wanted).data["status"] == "expired"
    story = ask(customer.http, action="history", **wanted).data["entries"]
    assert [(entry["action"], entry["by"]) for entry in story] == [
        ("booking.held", "customer"),
        ("booking.expired", "system"),
    ]
    assert execute(arena.http, "rollback_reports", {"action": "audit"}).data["balanced"]


def test_money_of_a_booking_that_was_rolled_back(
    arena: Arena, customer: Customer, admin: Customer, event: Event
) -> None:
    payment = arena.shop.pay(customer, PRICE)
    refuse = {
        "kind": "refuse",
        "status": 400,
        "method": "POST",
        "path": f"/v1{TABLES}/outcomes/rows",
        "nth": 1,
    }
    with arena.faults(refuse):
        assert arena.shop.book(customer, event, "Standing", 1, payment).code == "BOOKING_ERROR"
    (booking,) = arena.shop.rows("bookings")
    arena.settle()
    money = ask(customer.http, action="transactions", bookingId=booking["$id"]).data
    assert (money["paymentStatus"], money["transactions"]) == ("refunded", [])
    story = {entry["action"]: entry for entry in read_log(admin.http, bookingId=booking["$id"])}
    assert set(story) == {"booking.begun", "booking.rolled_back", "payment.captured", "payment.refunded"}
    assert (story["payment.refunded"]["amount"], story["payment.refunded"]["currency"]) == (PRICE, "INR")


def test_the_log_is_read_by_actor_and_period(
    arena: Arena, customer: Customer, stranger: Customer, admin: Customer, event: Event
) -> None:
    for buyer in (customer, stranger):
        assert arena.shop.book(buyer, event, "Standing").status == 200
    arena.settle()
    assert len(read_log(admin.http)) == 6
    assert {entry["actor"] for entry in read_log(arena.http, actor=customer.user_id)} == {customer.user_id}
    newest = read_log(admin.http, limit=2)
    older = read_log(admin.http, cursor=newest[-1]["entryId"])
    times = [entry["at"] for entry in newest + older]
    assert (len(times), times) == (6, sorted(times, reverse=True))
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert read_log(admin.http, **{"from": tomorrow}) == []
    refused = execute(customer.http, "rollback_reports", {"action": "log"})
    assert (refused.status, refused.code) == (403, "PERMISSION_ERROR")


def test_after_the_event_its_bookings_say_whether_anybody_came(
    arena: Arena, customer: Customer, event: Event
) -> None:
    came, stayed = (arena.shop.book(customer, event, "Standing", 2).data for _ in range(2))
    arena.settle()
    over = {"overAt": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds")}
    for booking in (came, stayed):
        ok(arena.http.patch(f"{TABLES}/bookings/rows/{booking['bookingId']}", {"data": over}))
    admitted = {"bookingId": came["bookingId"], "kind": "admitted", "by": "gina"}
    arena.shop.create_row("checkins", came["ticketIds"][1], admitted)
    assert arena.sweep().data["closed"] == 2
    arena.settle()
    shown = ask(customer.http, action="get", bookingId=came["bookingId"]).data
    assert (shown["status"], [ticket["status"] for ticket in shown["tickets"]]) == (
        "completed",
        ["valid", "admitted"],
    )
    story = ask(customer.http, action="history", bookingId=stayed["bookingId"]).data["entries"]
    assert (story[-1]["action"], story[-1]["by"]) == ("booking.no_show", "system")
    assert execute(arena.http, "rollback_reports", {"action": "audit"}).data["balanced"]


def test_what_was_given_back_is_told_ticket_by_ticket(
    arena: Arena, customer: Customer, admin: Customer
) -> None:
    event = arena.shop.create_event({"Standing": (PRICE, 20)}, refundSteps="0:50")
    booked = arena.shop.book(customer, event, "Standing", 2).data
    arena.settle()
    wanted = {"bookingId": booked["bookingId"], "tickets": [2], "reason": "ill"}
    assert execute(customer.http, "cancel_booking", wanted).status == 200
    shown = ask(customer.http, action="get", bookingId=booked["bookingId"]).data
    assert [ticket["status"] for ticket in shown["tickets"]] == ["valid", "cancelled"]
    assert [bool(ticket["code"]) for ticket in shown["tickets"]] == [True, False]
    (given_back,) = shown["cancellations"]
    assert (given_back["tickets"], given_back["refund"], given_back["state"]) == ([2], PRICE // 2, "done")
    story = ask(customer.http, action="history", bookingId=booked["bookingId"]).data["entries"]
    arena.settle()
    assert ask(customer.http, action="history", bookingId=booked["bookingId"]).data["entries"] == story
    last = {entry["action"]: entry for entry in story[-2:]}
    assert (last["ticket.cancelled"]["subject"], last["ticket.cancelled"]["reason"]) == (
        booked["ticketIds"][1],
        "ill",
    )
    money = last["payment.refunded"]
    assert (money["before"], money["after"], money["amount"]) == (
        "captured",
        "partially_refunded",
        PRICE // 2,
    )
    logged = read_log(admin.http, bookingId=booked["bookingId"])
    assert {entry["action"] for entry in logged} == {entry["action"] for entry in story}
    assert all(entry["executionId"] for entry in logged if entry["action"] in last)


def test_a_look_takes_two_waves_of_calls(
    arena: Arena, customer: Customer, stranger: Customer, booked: dict[str, Any]
) -> None:
    for http in (customer.http, stranger.http):
        ask(http, action="list")
        ok(arena.local.post("/faults", {"kind": "delay", "seconds": SLOWNESS, "fromFunctions": True}))
        answer = ask(http, action="get", bookingId=booked["bookingId"])
        ok(arena.local.delete("/faults"))
        calls = entries_of(arena.local, answer.execution["$id"], "")
        assert len(waves([entry for entry in calls if entry["executionId"]])) == 2


def test_many_sweeps_at_one_moment_write_one_log(
    arena: Arena, customer: Customer, stranger: Customer, event: Event
) -> None:
    for buyer in (customer, stranger):
        for _ in range(6):
            assert arena.shop.book(buyer, event, "Standing").status == 200
    over = {"overAt": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="milliseconds")}
    for booking in arena.shop.rows("bookings"):
        ok(arena.http.patch(f"{TABLES}/bookings/rows/{booking['$id']}", {"data": over}))
    swept = at_once(arena.server, 8, lambda http, _: execute(http, "sweep", {}))
    assert {answer.status for answer in swept} == {200}
    arena.settle()
    written = Counter((entry["bookingId"], entry["action"]) for entry in arena.shop.rows("audit_log"))
    assert set(written.values()) == {1}
    assert Counter(action for _, action in written) == {
        "booking.begun": 12,
        "payment.captured": 12,
        "booking.confirmed": 12,
        "booking.no_show": 12,
    }
    assert arena.books().violations() == []


@pytest.mark.parametrize(
    "body", ["", "[]", "{", "{}", '{"action": "get"}', '{"action": "get", "reference": "\\u0000"}', "\x00"]
)
def test_bad_input_is_refused(customer: Customer, body: str) -> None:
    answer = execute(customer.http, STATUS, body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")

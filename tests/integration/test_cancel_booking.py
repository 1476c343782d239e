"""The deployed `cancel_booking`: who may, what goes back, and what the payment stand-in has moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.appwrite_http import Http, RefusedError, ok
from scripts.project.shop import DATABASE, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import wait_until
from tests.support.published import as_published

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000
CANCEL = "cancel_booking"
ROWS = "/v1/tablesdb/boxoffice/tables/{}/rows"
AFTER_THE_LEASE = 125.0
DAY = timedelta(days=1)


@pytest.fixture
def event(arena: Arena) -> Event:
    """A month ahead: everything goes back until a week before, half until a day before."""
    return arena.shop.create_event({"Standing": (PRICE, 3)}, refundSteps="168:100 24:50")


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


def book(arena: Arena, customer: Customer, event: Event, quantity: int = 3) -> dict[str, Any]:
    """The data of a booking."""
    answer = arena.shop.book(customer, event, "Standing", quantity)
    assert answer.status == 200, answer
    return answer.data


def cancel(http: Http, **body: Any) -> Answer:
    """One execution, whose answer has the published form."""
    return as_published(execute(http, CANCEL, body), "CancelBookingSuccess")


def starts_in(arena: Arena, event: Event, time: timedelta) -> None:
    """Moves the event before anybody asks for it: a warm function would remember it for ten seconds."""
    starts = (datetime.now(UTC) + time).isoformat(timespec="milliseconds")
    row = f"/tablesdb/{DATABASE}/tables/events/rows/{event.id}"
    ok(arena.http.patch(row, {"data": {"startsAt": starts}}))


def admit(arena: Arena, ticket_id: str, booking_id: str) -> None:
    """What the gate writes."""
    columns = {"bookingId": booking_id, "kind": "admitted", "by": "gate"}
    arena.shop.create_row("checkins", ticket_id, columns)


def refunds(arena: Arena) -> list[int]:
    """Every refund that the payment stand-in has made."""
    return [entry["amount"] for entry in arena.ledger() if entry["movement"] == "refunded"]


def test_one_of_three_is_given_back_and_somebody_else_buys_it(
    arena: Arena, customer: Customer, event: Event
) -> None:
    before = len(refunds(arena))
    booked = book(arena, customer, event)
    planned = cancel(customer.http, bookingId=booked["bookingId"], tickets=[2], dryRun=True)
    assert planned.data["message"] == "This would cancel 1 ticket and give back INR 500.00."
    assert arena.shop.rows("cancellations") == []
    answer = cancel(customer.http, bookingId=booked["bookingId"], tickets=[2], reason="Ill")
    assert answer.data["tickets"] == planned.data["tickets"]
    assert answer.data["tickets"][0]["ticketId"] == booked["ticketIds"][1]
    assert (answer.data["status"], answer.data["refundStatus"]) == ("confirmed", "refunded")
    assert (answer.data["refundTotal"], answer.data["currency"]) == (PRICE, "INR")
    assert refunds(arena)[before:] == [PRICE]
    # The process that has sold the last one remembers that for a few seconds.
    other = arena.shop.create_customer()
    wait_until(lambda: arena.shop.book(other, event, "Standing", 1).status == 200, every=0.5)
    (booking,) = arena.shop.rows("bookings", userId=customer.user_id)
    assert (booking["status"], booking["paymentStatus"]) == ("confirmed", "partially_refunded")
    (order,) = arena.shop.rows("orders", userId=customer.user_id)
    assert (order["status"], order["refunded"]) == ("partially_cancelled", PRICE)
    arena.settle()
    assert arena.books(event.id).violations() == []


def test_the_rest_by_its_reference_and_the_same_again(arena: Arena, customer: Customer, event: Event) -> None:
    before = len(refunds(arena))
    booked = book(arena, customer, event)
    cancel(customer.http, bookingId=booked["bookingId"], ticketIds=[booked["ticketIds"][0]])
    typed = f" {booked['reference'][:4].lower()}-{booked['reference'][4:]}"
    answer = cancel(customer.http, reference=typed)
    assert (answer.data["status"], answer.body["replayed"]) == ("cancelled", False)
    again = cancel(customer.http, reference=typed)
    assert (again.data, again.body["replayed"]) == (answer.data, True)
    assert sum(refunds(arena)[before:]) == 3 * PRICE
    (booking,) = arena.shop.rows("bookings")
    assert (booking["status"], booking["paymentStatus"]) == ("cancelled", "refunded")
    arena.settle()
    assert arena.books(event.id).violations() == []
    log = {row["action"] for row in arena.shop.rows("audit_log", bookingId=booked["bookingId"])}
    assert {"booking.cancelled", "ticket.cancelled", "payment.refunded"} <= log


def test_the_later_the_less_and_for_the_organiser_everything(
    arena: Arena, customer: Customer, admin: Customer, event: Event
) -> None:
    starts_in(arena, event, 2 * DAY)
    booked = book(arena, customer, event)
    for_owner = cancel(admin.http, bookingId=booked["bookingId"], tickets=[1], userId=customer.user_id)
    assert for_owner.data["refundTotal"] == PRICE // 2
    for_organiser = cancel(admin.http, bookingId=booked["bookingId"], tickets=[2])
    assert (for_organiser.data["refundTotal"], for_organiser.data["byOrganiser"]) == (PRICE, True)
    by_owner = cancel(customer.http, bookingId=booked["bookingId"], tickets=[3])
    assert by_owner.data["refundTotal"] == PRICE // 2
    (booking,) = arena.shop.rows("bookings")
    assert (booking["status"], booking["paymentStatus"]) == ("cancelled", "partially_refunded")
    arena.settle()
    assert arena.books(event.id).violations() == []


def test_a_used_ticket_is_kept(arena: Arena, customer: Customer, event: Event) -> None:
    booked = book(arena, customer, event)
    admit(arena, booked["ticketIds"][0], booked["bookingId"])
    answer = cancel(customer.http, bookingId=booked["bookingId"])
    assert (answer.status, answer.code) == (409, "NOT_CANCELLABLE")
    assert answer.body["details"]["tickets"] == [1]
    assert arena.shop.rows("cancellations") == []


def test_what_died_after_the_tickets_were_won_is_finished_by_the_sweep(
    arena: Arena, customer: Customer, event: Event
) -> None:
    booked = book(arena, customer, event)
    before = len(refunds(arena))
    fault = {"kind": "kill_function_after", "method": "POST", "path": ROWS.format("checkins"), "nth": 1}
    with arena.faults({**fault, "fromFunctions": True}):
        assert execute(customer.http, CANCEL, {"bookingId": booked["bookingId"]}).body == {}
    assert len(refunds(arena)) == before
    arena.set_clock(AFTER_THE_LEASE)
    assert arena.sweep().data["cancellationsFinished"] == 1
    assert refunds(arena)[before:] == [3 * PRICE]
    arena.set_clock(0)
    answer = cancel(customer.http, bookingId=booked["bookingId"])
    assert (answer.data["refundStatus"], answer.body["replayed"]) == ("refunded", True)
    arena.settle()
    assert arena.books(event.id).violations() == []


def test_money_that_the_gateway_refuses_becomes_a_case(
    arena: Arena, customer: Customer, admin: Customer, event: Event
) -> None:
    booked = book(arena, customer, event)
    refused = {"kind": "refuse", "status": 400, "path": "/razorpay/v1/payments/*/refund"}
    with arena.faults(refused):
        answer = cancel(customer.http, bookingId=booked["bookingId"])
        assert (answer.data["refundStatus"], answer.data["status"]) == ("pending", "cancelled")
        for hours in range(1, 10):
            arena.set_clock(hours * 3_600 * 3)
            arena.sweep()
    (case,) = execute(admin.http, "rollback_reports", {"action": "list", "state": "needs_operator"}).data[
        "reports"
    ]
    assert (case["failedStep"], case["moneyAtRisk"]) == ("refund", 3 * PRICE)
    body = {"action": "retry", "reportId": case["reportId"]}
    assert execute(admin.http, "rollback_reports", body).status == 200
    arena.sweep()
    again = cancel(customer.http, bookingId=booked["bookingId"])
    assert again.data["refundStatus"] == "refunded"
    got = execute(admin.http, "rollback_reports", {"action": "get", "reportId": case["reportId"]}).data
    assert (got["state"], got["moneyAtRisk"]) == ("complete", 0)


def test_an_event_that_is_cancelled_gives_everything_back(arena: Arena, admin: Customer) -> None:
    event = arena.shop.create_event({"Standing": (PRICE, 100)})
    customers = [arena.shop.create_customer() for _ in range(4)]
    booked = [book(arena, customer, event, 2) for customer in customers for _ in range(3)]
    admit(arena, booked[0]["ticketIds"][0], booked[0]["bookingId"])
    before = len(refunds(arena))
    row = f"/tablesdb/{DATABASE}/tables/events/rows/{event.id}"
    ok(arena.http.patch(row, {"data": {"status": "cancelled"}}))
    assert arena.sweep().data["calledOff"] == 12
    progress = execute(admin.http, "rollback_reports", {"action": "calledOff", "eventId": event.id}).data
    assert progress == {
        "eventId": event.id, "isCancelled": True, "left": 1, "cancelled": 11, "refundsDone": 12,
        "refundsOpen": 0, "needsOperator": 0,
    }  # fmt: skip
    assert refunds(arena)[before:] == [PRICE] + [2 * PRICE] * 11 or sum(refunds(arena)[before:]) == 23 * PRICE
    assert arena.sweep().data["calledOff"] == 0
    arena.settle()
    assert arena.books(event.id).violations() == []


class TestWhoMay:
    def test_a_stranger_learns_nothing(self, arena: Arena, customer: Customer, event: Event) -> None:
        booked, stranger = book(arena, customer, event), arena.shop.create_customer()
        real = cancel(stranger.http, bookingId=booked["bookingId"])
        unknown = cancel(stranger.http, bookingId="bk-unknown")
        assert (real.status, real.code) == (404, "NOT_FOUND_ERROR")
        assert real.body["error"] == unknown.body["error"]
        named = cancel(stranger.http, bookingId=booked["bookingId"], userId=customer.user_id)
        assert named.code == "NOT_FOUND_ERROR"
        spoofed = execute(
            stranger.http,
            CANCEL,
            {"bookingId": booked["bookingId"]},
            headers={"X-Appwrite-User-Id": customer.user_id},
        )
        assert spoofed.code in ("NOT_FOUND_ERROR", "UNAUTHENTICATED")
        assert arena.shop.rows("cancellations") == []

    def test_a_server_with_a_key_cancels_for_the_organiser_or_the_owner(
        self, arena: Arena, customer: Customer, event: Event
    ) -> None:
        booked = book(arena, customer, event)
        assert cancel(arena.http, bookingId=booked["bookingId"], tickets=[1]).data["byOrganiser"]
        mine = cancel(arena.http, bookingId=booked["bookingId"], tickets=[2], userId=customer.user_id)
        assert not mine.data["byOrganiser"]
        wrong = cancel(arena.http, bookingId=booked["bookingId"], tickets=[3], userId="somebody")
        assert wrong.code == "NOT_FOUND_ERROR"

    def test_a_guest_is_not_even_heard(self, arena: Arena) -> None:
        with pytest.raises(RefusedError):
            execute(Http.guest(arena.http.endpoint, arena.shop.project_id), CANCEL, {"bookingId": "bk-1"})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"bookingId": "bk-1", "reference": "7K3MPQ2X"},
        {"reference": "7K3MPQ2O"},
        {"bookingId": "bk-1", "ticket": [1]},
        {"bookingId": "bk-1", "tickets": []},
        {"bookingId": "bk-1", "tickets": [1, 1]},
        {"bookingId": "bk-1", "tickets": [0]},
        {"bookingId": "bk-1", "tickets": ["1"]},
        {"bookingId": "bk-1", "tickets": [True]},
        {"bookingId": "bk-1", "tickets": 1},
        {"bookingId": "bk-1", "tickets": [1], "ticketIds": ["tk-1"]},
        {"bookingId": "bk-1", "dryRun": "yes"},
        {"bookingId": "bk-1", "reason": ""},
        {"bookingId": "../x"},
    ],
)
def test_bad_input_is_refused(arena: Arena, body: dict[str, Any]) -> None:
    answer = cancel(arena.http, **body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    field = answer.body["details"]["field"]
    assert field in answer.body["error"]
    if "ticket" in body:
        assert field == "ticket"

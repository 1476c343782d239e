"""The deployed `rollback_reports`: what administrators see of rollbacks, and do about them."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.appwrite_http import RefusedError
from scripts.project.shop import BOOK, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import Http, ok

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000
OUTCOMES = "/v1/tablesdb/boxoffice/tables/outcomes/rows"
REPORTS = "/v1/tablesdb/boxoffice/tables/rollback_reports/rows"


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with nothing sold."""
    return arena.shop.create_event({"Standing": (PRICE, 10)})


def ask(http: Http, **body: Any) -> Answer:
    """One execution."""
    return execute(http, "rollback_reports", body)


def roll_back(arena: Arena, customer: Customer, event: Event, stuck: bool = False) -> str:
    """The id of the report on a booking whose last step failed; when it is stuck, the refund failed too."""
    payment = arena.shop.pay(customer, PRICE)
    faults = [{"kind": "refuse", "status": 400, "method": "POST", "path": OUTCOMES, "nth": 1}]
    if stuck:
        faults.append({"kind": "refuse", "status": 400, "path": f"/razorpay/v1/payments/{payment}/refund"})
    with arena.faults(*faults):
        arena.shop.book(customer, event, "Standing", 1, payment)
    (booking,) = arena.shop.rows("bookings", paymentId=payment)
    (report,) = arena.shop.rows("rollback_reports", bookingId=booking["$id"])
    return str(report["$id"])


def test_an_administrator_lists_and_reads_reports(
    arena: Arena, admin: Customer, customer: Customer, event: Event
) -> None:
    done, stuck = roll_back(arena, customer, event), roll_back(arena, customer, event, stuck=True)
    listed = ask(admin.http, action="list").data["reports"]
    assert [report["reportId"] for report in listed] == [stuck, done]
    assert [report["state"] for report in listed] == ["retrying", "complete"]
    only = ask(admin.http, action="list", state="complete", eventId=event.id, userId=customer.user_id)
    assert [report["reportId"] for report in only.data["reports"]] == [done]
    first = ask(admin.http, action="list", limit=1).data
    assert first["cursor"] == stuck
    second = ask(admin.http, action="list", limit=1, cursor=first["cursor"]).data
    assert [report["reportId"] for report in second["reports"]] == [done]
    full = ask(admin.http, action="get", reportId=stuck).data
    assert (full["failedStep"], full["moneyAtRisk"], full["userId"]) == ("outcome", PRICE, customer.user_id)
    assert full["booking"]["paymentStatus"] == "captured"
    statuses = {undo["step"]: undo["status"] for undo in full["undos"]}
    assert (statuses["payment"], statuses["claims"], statuses["ticket"]) == ("failed", "undone", "undone")
    assert all(undo["attempts"] >= 1 and undo["durationMs"] >= 0 for undo in full["undos"])


def test_what_cannot_be_undone_becomes_a_case_that_is_settled_by_hand(
    arena: Arena, admin: Customer, customer: Customer, event: Event
) -> None:
    report = roll_back(arena, customer, event, stuck=True)
    (payment,) = [row["paymentId"] for row in arena.shop.rows("rollback_reports")]
    with arena.faults(
        {"kind": "refuse", "status": 400, "path": f"/razorpay/v1/payments/{payment}/refund"},
    ):
        for minutes in range(10, 1_000, 100):
            arena.set_clock(minutes * 60)
            arena.sweep()
    case = ask(admin.http, action="get", reportId=report).data
    assert (case["state"], case["attempts"]) == ("needs_operator", 8)
    assert ask(admin.http, action="metrics").data["manualCases"] == 1
    assert arena.books().violations([payment]) == []
    settled = ask(admin.http, action="settle", reportId=report, reason="Paid back in cash.").data
    assert (settled["state"], settled["settledBy"]) == ("settled", admin.user_id)
    assert settled["settleReason"] == "Paid back in cash."
    (entry,) = arena.shop.rows("audit_log", actor=admin.user_id)
    assert (entry["actor"], entry["action"], entry["subject"]) == (admin.user_id, "report.settled", report)
    assert entry["executionId"]
    again = ask(admin.http, action="settle", reportId=report, reason="Once more.")
    assert (again.status, again.code) == (409, "INVALID_STATUS_TRANSITION")


def test_a_case_can_be_tried_again(arena: Arena, admin: Customer, customer: Customer, event: Event) -> None:
    report = roll_back(arena, customer, event, stuck=True)
    assert ask(admin.http, action="retry", reportId=report).data["state"] == "retrying"
    arena.set_clock(200)
    assert arena.sweep().data["undone"] == 1
    full = ask(admin.http, action="get", reportId=report).data
    assert (full["state"], full["moneyAtRisk"], full["booking"]["paymentStatus"]) == (
        "complete",
        0,
        "refunded",
    )


def test_the_figures_of_a_period(arena: Arena, admin: Customer, customer: Customer, event: Event) -> None:
    for _ in range(3):
        assert arena.shop.book(customer, event, "Standing").status == 200
    roll_back(arena, customer, event)
    figures = ask(admin.http, action="metrics", **{"from": "2020-01-01T00:00:00Z"}).data
    assert (figures["bookings"], figures["successRate"], figures["rollbackRate"]) == (4, 0.75, 0.25)
    assert figures["errors"] == {"BOOKING_ERROR": 1}
    times = figures["executionTime"]
    assert 0 < times["p50"] <= times["p95"] <= times["p99"]
    assert ask(admin.http, action="metrics", to="2020-01-01T00:00:00Z").data["bookings"] == 0


def test_the_conflicts_of_a_period(arena: Arena, admin: Customer, customer: Customer, event: Event) -> None:
    assert arena.shop.book(customer, event, "Standing").status == 200
    for number, kind in enumerate(["HOLD_CONFLICT", "HOLD_CONFLICT", "BOOKING_CONFLICT"]):
        counted = {"batch": "b", "eventId": event.id, "kind": kind, "resolution": "refused", "count": 20}
        arena.shop.create_row("conflict_log", f"cl-{number}", {**counted, "units": '{"A1":20}'})
    arena.sweep()
    found = ask(admin.http, action="conflicts", eventId=event.id).data
    counts = {each["kind"]: (each["count"], each["perBooking"]) for each in found["kinds"] if each["count"]}
    assert counts == {"HOLD_CONFLICT": (40, 40.0), "BOOKING_CONFLICT": (20, 20.0)}
    assert (found["hotUnits"][0]["unit"], found["hotUnits"][0]["count"]) == ("A1", 40)
    assert len(found["recommendations"]) == 2
    assert ask(admin.http, action="conflicts", to="2020-01-01T00:00:00Z").data["recommendations"] == []


def test_a_report_that_the_database_refuses_is_written_by_the_sweep(
    arena: Arena, admin: Customer, customer: Customer, event: Event
) -> None:
    payment = arena.shop.pay(customer, PRICE)
    with arena.faults(
        {"kind": "refuse", "status": 400, "method": "POST", "path": OUTCOMES, "nth": 1},
        {"kind": "refuse", "status": 503, "method": "POST", "path": REPORTS},
    ):
        answer = arena.shop.book(customer, event, "Standing", 1, payment)
    assert answer.code == "BOOKING_ERROR"
    path = f"/functions/{BOOK}/executions/{answer.execution['$id']}"
    assert '"event":"rollback.report_refused"' in ok(arena.http.get(path))["errors"]
    assert ask(admin.http, action="list").data["reports"] == []
    arena.set_clock(200)
    arena.sweep()
    assert [report["state"] for report in ask(admin.http, action="list").data["reports"]] == ["complete"]


def test_the_audit_names_what_is_wrong(
    arena: Arena, admin: Customer, customer: Customer, event: Event
) -> None:
    assert arena.shop.book(customer, event, "Standing").status == 200
    assert ask(admin.http, action="audit").data["balanced"] is True
    (order,) = arena.shop.rows("orders")
    ok(arena.http.delete(f"/tablesdb/boxoffice/tables/orders/rows/{order['$id']}"))
    result = ask(admin.http, action="audit").data
    assert (result["balanced"], result["cursor"]) == (False, None)
    assert [violation["rule"] for violation in result["violations"]] == ["papers"]
    assert result["violations"][0]["rows"] == [order["bookingId"]]


class TestWhoMayAsk:
    def test_a_server_with_a_key(self, arena: Arena) -> None:
        assert ask(arena.http, action="list").data == {"reports": [], "cursor": None}

    @pytest.mark.parametrize(
        "action", ["list", "get", "metrics", "conflicts", "retry", "settle", "audit", "nonsense"]
    )
    def test_a_user_may_nothing(self, customer: Customer, action: str) -> None:
        answer = ask(customer.http, action=action, reportId="rr-1", reason="because")
        assert (answer.status, answer.code) == (403, "PERMISSION_ERROR")

    def test_a_header_makes_nobody_an_administrator(self, admin: Customer, customer: Customer) -> None:
        spoofed = {"X-Appwrite-User-Id": admin.user_id, "X-Appwrite-Trigger": "schedule"}
        answer = execute(customer.http, "rollback_reports", {"action": "list"}, headers=spoofed)
        assert answer.status in (401, 403)

    def test_a_guest_is_not_even_heard(self, arena: Arena) -> None:
        with pytest.raises(RefusedError):
            ask(Http.guest(arena.http.endpoint, arena.shop.project_id), action="list")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"action": "list", "limit": "many"}', "\x00", "{}"])
def test_bad_input_is_refused(arena: Arena, body: str) -> None:
    answer = execute(arena.http, "rollback_reports", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")

"""Who gives way to whom, over HTTP: priorities, administrators' decisions, and holders who are asked."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.appwrite_http import RefusedError
from scripts.project.shop import BOOK, HOLD, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import Http, ok, wait_until
from tests.support.published import as_published

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

MANAGE = "manage_events"
HOLD_FORM, MANAGE_FORM = "HoldTicketsSuccess", "ManageSuccess"
PRICE = 50_000
OUTCOMES = "/v1/tablesdb/boxoffice/tables/outcomes/rows"
REASON = "They asked first."


@pytest.fixture(scope="module")
def ann(arena: Arena) -> Customer:
    """Somebody without a label."""
    return arena.shop.create_customer("Ann")


@pytest.fixture(scope="module")
def gold(arena: Arena) -> Customer:
    """Somebody of the second tier."""
    gold = arena.shop.create_customer("Gold")
    ok(arena.http.put(f"/users/{gold.user_id}/labels", {"labels": ["tier2"]}))
    return gold


def event_with(arena: Arena, **columns: Any) -> Event:
    """An event with one place."""
    return arena.shop.create_event({"Standing": (PRICE, 1)}, **columns)


def hold(customer: Customer, event: Event, **more: Any) -> Answer:
    kind = event.kinds["Standing"].id
    wanted = {"eventId": event.id, "ticketTypeId": kind, "quantity": 1, **more}
    return as_published(execute(customer.http, HOLD, wanted), HOLD_FORM)


def manage(admin: Customer, action: str, **fields: Any) -> Answer:
    return as_published(execute(admin.http, MANAGE, {"action": action, **fields}), MANAGE_FORM)


def holder(arena: Arena) -> str:
    """Who has the place."""
    (claim,) = [one for one in arena.shop.rows("claims") if one["ticket"]]
    (booking,) = arena.shop.rows("bookings", **{"$id": claim["bookingId"]})
    return str(booking["userId"])


def mailed(arena: Arena, customer: Customer) -> list[str]:
    """The subjects of the e-mails that have reached somebody."""
    deliveries = ok(arena.local.get("/outbox"))["deliveries"]
    return [one["data"]["subject"] for one in deliveries if one["userId"] == customer.user_id]


class TestPriority:
    def test_a_higher_tier_gets_the_place_and_the_other_one_an_email(
        self, arena: Arena, ann: Customer, gold: Customer
    ) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=0)
        weak = hold(ann, event)
        assert hold(gold, event).status == 200
        assert holder(arena) == gold.user_id
        before = len(mailed(arena, ann))
        assert execute(arena.http, "sweep", {}).data["noticesSent"] == 1
        wait_until(lambda: mailed(arena, ann)[before:] == ["Your reservation has ended"])
        assert execute(arena.http, "sweep", {}).data["noticesSent"] == 0
        paid = arena.shop.pay_for(ann, weak)
        too_late = arena.shop.book_hold(ann, weak, paid)
        assert (too_late.status, too_late.code) == (410, "HOLD_DISPLACED")
        arena.settle()
        assert arena.books(event.id).violations(presented=[paid]) == []

    def test_within_the_grace_the_answer_says_when(self, arena: Arena, ann: Customer, gold: Customer) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=600)
        hold(ann, event)
        refused = hold(gold, event)
        assert (refused.status, refused.code) == (409, "INSUFFICIENT_TICKETS")
        assert refused.body["details"]["possibleAt"]
        arena.set_clock(601)
        assert hold(gold, event).status == 200

    def test_labels_of_ones_own_making_are_none(self, arena: Arena, ann: Customer) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=0)
        hold(ann, event)
        mallory = arena.shop.create_customer("tier9")
        ok(mallory.http.patch("/account/prefs", {"prefs": {"labels": ["tier9"], "tier": 9}}))
        with pytest.raises(RefusedError):
            ok(mallory.http.put(f"/users/{mallory.user_id}/labels", {"labels": ["tier9"]}))
        kind = event.kinds["Standing"].id
        wanted = {"eventId": event.id, "ticketTypeId": kind, "quantity": 1}
        answer = execute(mallory.http, HOLD, {**wanted, "tier": 9, "labels": ["tier9"]})
        assert (answer.status, holder(arena)) == (409, ann.user_id)

    def test_what_is_paid_never_moves(self, arena: Arena, ann: Customer, gold: Customer) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=0)
        weak = hold(ann, event)
        paid = arena.shop.pay_for(ann, weak)
        assert hold(gold, event).status == 409
        assert arena.shop.book_hold(ann, weak, paid).status == 200
        assert hold(gold, event).status == 409

    @pytest.mark.parametrize("kind", ["kill_function_before", "kill_function_after"])
    def test_a_displacer_that_dies(self, arena: Arena, ann: Customer, gold: Customer, kind: str) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=0)
        hold(ann, event)
        with arena.faults({"kind": kind, "functionId": HOLD, "method": "POST", "path": OUTCOMES, "nth": 1}):
            wanted = {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1}
            assert execute(gold.http, HOLD, wanted).body == {}
        assert hold(gold, event).status == 200
        assert holder(arena) == gold.user_id
        arena.settle()
        assert arena.books(event.id).violations() == []
        assert len(arena.shop.rows("outbox", kind="hold.displaced")) == 1

    def test_a_direct_booking(self, arena: Arena, ann: Customer, gold: Customer) -> None:
        event = event_with(arena, conflictPolicy="priority", displaceAfterSeconds=0)
        hold(ann, event)
        assert arena.shop.book(gold, event, "Standing").status == 200
        arena.settle()
        assert arena.books(event.id).violations() == []


class TestAdministratorsDecide:
    def test_granted(self, arena: Arena, ann: Customer, gold: Customer, admin: Customer) -> None:
        event = event_with(arena, conflictPolicy="admin_decides")
        weak = hold(ann, event)
        parked = hold(gold, event)
        assert (parked.status, parked.code, parked.body["retryAfter"]) == (409, "CONFLICT_ERROR", 60)
        case_id = parked.body["details"]["caseId"]
        (case,) = manage(admin, "listCases", eventId=event.id).data["cases"]
        assert (case["caseId"], case["state"], case["userId"]) == (case_id, "open", gold.user_id)
        assert case["inTheWay"] == [weak.data["bookingId"]]
        decided = manage(admin, "decideCase", caseId=case_id, decision="grant", reason=REASON).data
        assert (decided["state"], decided["decidedBy"], holder(arena)) == (
            "granted", admin.user_id, gold.user_id,
        )  # fmt: skip
        for request in ({}, {"requestId": "the-same-again"}):
            again = hold(gold, event, **request)
            assert (again.status, again.code, again.body["retryable"]) == (
                409, "INVALID_STATUS_TRANSITION", False,
            )  # fmt: skip
            assert again.body["details"] == {
                "caseId": case_id, "case": "granted", "bookingId": decided["bookingId"],
            }  # fmt: skip
        paid = arena.shop.pay(gold, PRICE, orderId=order_of(arena, decided["bookingId"]))
        body = {"bookingId": decided["bookingId"], "paymentId": paid}
        assert execute(gold.http, BOOK, body).status == 200
        arena.settle()
        assert arena.books(event.id).violations() == []
        assert {one["state"] for one in arena.shop.rows("outbox")} == {"sent"}

    def test_refused(self, arena: Arena, ann: Customer, gold: Customer, admin: Customer) -> None:
        event = event_with(arena, conflictPolicy="admin_decides")
        hold(ann, event)
        case_id = hold(gold, event).body["details"]["caseId"]
        refused = manage(admin, "decideCase", caseId=case_id, decision="refuse", reason=REASON).data
        assert (refused["state"], holder(arena)) == ("refused", ann.user_id)
        again = hold(gold, event)
        assert (again.code, again.body["details"]["case"]) == ("INSUFFICIENT_TICKETS", "refused")
        other = manage(admin, "decideCase", caseId=case_id, decision="grant", reason=REASON)
        assert other.code == "INVALID_STATUS_TRANSITION"
        (entry,) = arena.shop.rows("audit_log", subject=case_id)
        assert (entry["action"], entry["actor"], entry["reason"]) == ("case.refused", admin.user_id, REASON)


class TestConfirmToKeep:
    def test_whoever_answers_keeps_it(self, arena: Arena, ann: Customer, admin: Customer) -> None:
        event = event_with(arena)
        kept = hold(ann, event)
        booking_id, old_end = kept.data["bookingId"], kept.data["heldUntil"]
        asked = manage(admin, "askToConfirm", bookingIds=[booking_id], seconds=60, reason=REASON).data
        assert (asked["asked"], asked["notAsked"]) == ([booking_id], [])
        (listed,) = execute(ann.http, HOLD, {"action": "list"}).data["holds"]
        assert listed["heldUntil"] < old_end
        answer = as_published(
            execute(ann.http, HOLD, {"action": "confirm", "bookingId": booking_id}), HOLD_FORM
        )
        assert answer.data["heldUntil"] == old_end

    def test_whoever_does_not_loses_it(
        self, arena: Arena, ann: Customer, gold: Customer, admin: Customer
    ) -> None:
        event = event_with(arena)
        booking_id = hold(ann, event).data["bookingId"]
        manage(admin, "askToConfirm", bookingIds=[booking_id], seconds=60, reason=REASON)
        arena.set_clock(61)
        late = execute(ann.http, HOLD, {"action": "confirm", "bookingId": booking_id})
        assert (late.status, late.code) == (410, "HOLD_EXPIRED")
        arena.settle()
        assert arena.books(event.id).violations() == []


class TestWhoMayDecide:
    @pytest.mark.parametrize("action", ["listCases", "decideCase", "askToConfirm"])
    def test_a_user_may_not(self, ann: Customer, action: str) -> None:
        fields = {"caseId": "cs-1", "decision": "grant", "reason": REASON, "bookingIds": ["bk-1"]}
        answer = execute(ann.http, MANAGE, {"action": action, **fields})
        assert (answer.status, answer.code) == (403, "PERMISSION_ERROR")

    def test_somebody_elses_hold_cannot_be_confirmed(
        self, arena: Arena, ann: Customer, gold: Customer
    ) -> None:
        booking_id = hold(ann, event_with(arena)).data["bookingId"]
        answer = execute(gold.http, HOLD, {"action": "confirm", "bookingId": booking_id})
        assert (answer.status, answer.code) == (404, "NOT_FOUND_ERROR")

    @pytest.mark.parametrize("table", ["cases", "outbox"])
    def test_nobody_reads_what_is_between_organisers_and_others(
        self, arena: Arena, ann: Customer, gold: Customer, table: str
    ) -> None:
        event = event_with(arena, conflictPolicy="admin_decides")
        hold(ann, event)
        hold(gold, event)
        guest = Http.guest(arena.http.endpoint, arena.shop.project_id)
        for http in (ann.http, gold.http, guest):
            assert ok(http.get(f"/tablesdb/boxoffice/tables/{table}/rows"))["rows"] == []


@pytest.mark.parametrize(
    "body, field",
    [
        ({"action": "listCases", "state": "lost"}, "state"),
        ({"action": "listCases", "cursor": "cs-nothing"}, "cursor"),
        ({"action": "decideCase", "caseId": "cs-1", "decision": "perhaps", "reason": REASON}, "decision"),
        ({"action": "decideCase", "caseId": "cs-1", "decision": "grant"}, "reason"),
        ({"action": "askToConfirm", "bookingIds": [], "reason": REASON}, "bookingIds"),
        ({"action": "askToConfirm", "bookingIds": ["bk-1"], "seconds": 29, "reason": REASON}, "seconds"),
    ],
)
def test_bad_input_is_refused(arena: Arena, body: dict[str, Any], field: str) -> None:
    answer = execute(arena.http, MANAGE, body)
    assert (answer.status, answer.code, answer.body["details"]["field"]) == (400, "VALIDATION_ERROR", field)


def order_of(arena: Arena, booking_id: str) -> str:
    """The order of a hold."""
    (booking,) = arena.shop.rows("bookings", **{"$id": booking_id})
    return str(booking["gatewayOrderId"])

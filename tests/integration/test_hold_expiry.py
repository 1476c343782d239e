"""The end of a hold: whoever wants the units has them in the same call, and nobody pays for nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from boxoffice.domain import ids

from scripts.project.shop import BOOK, HOLD, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.local_server import ok
from tests.support.published import as_published

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000
MINUTE = 60.0
AT_THE_END = 15 * MINUTE + 2
REFUNDED = ["captured", "refunded"]


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with one ticket."""
    return arena.shop.create_event({"Standing": (PRICE, 1)})


@pytest.fixture
def ann(arena: Arena) -> Customer:
    """Somebody who holds."""
    return arena.shop.create_customer("Ann")


@pytest.fixture
def bob(arena: Arena) -> Customer:
    """Somebody who wants the same."""
    return arena.shop.create_customer("Bob")


def wanted(event: Event, quantity: int = 1) -> dict[str, Any]:
    return {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": quantity}


def held(arena: Arena, customer: Customer, event: Event, quantity: int = 1) -> Answer:
    answer = as_published(arena.shop.hold(customer, wanted(event, quantity)), "HoldTicketsSuccess")
    assert answer.status == 200, answer.body
    return answer


def paid(arena: Arena, customer: Customer, hold: Answer, payment: str) -> Answer:
    return as_published(arena.shop.book_hold(customer, hold, payment))


def end(arena: Arena, customer: Customer, hold: Answer, action: str) -> Answer:
    return execute(customer.http, HOLD, {"action": action, "bookingId": hold.data["bookingId"]})


def movements(arena: Arena, payment: str) -> list[str]:
    """What became of a payment's money."""
    return [entry["movement"] for entry in arena.ledger() if entry["paymentId"] == payment]


def outcome(arena: Arena, hold: Answer) -> str:
    (row,) = arena.shop.rows("outcomes", **{"$id": hold.data["bookingId"]})
    return str(row["outcome"])


def forget(arena: Arena) -> None:
    """The process of `hold_tickets` ends; the next one remembers nothing."""
    fault = {"kind": "kill_function_before", "path": "*/tables/bookings/rows", "nth": 1}
    with arena.faults({**fault, "fromFunctions": True}):
        assert execute(arena.shop.create_customer().http, HOLD, {"action": "list"}).body == {}


def balanced(arena: Arena, *payments: str) -> None:
    """The books, once the sweep has nothing left to do."""
    arena.settle()
    assert arena.books().violations(list(payments)) == []


class TestSomebodyElseWantsTheUnits:
    def test_until_the_end_they_are_kept(
        self, arena: Arena, ann: Customer, bob: Customer, event: Event
    ) -> None:
        held(arena, ann, event)
        arena.set_clock(15 * MINUTE - 30)
        assert arena.shop.book(bob, event, "Standing").code == "INSUFFICIENT_TICKETS"

    def test_from_then_on_they_are_booked_in_one_call_without_a_sweep(
        self, arena: Arena, ann: Customer, bob: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold)
        arena.set_clock(AT_THE_END)
        assert as_published(arena.shop.book(bob, event, "Standing")).status == 200
        assert outcome(arena, hold) == "EXPIRED"
        late = paid(arena, ann, hold, payment)
        assert (late.status, late.code) == (410, "HOLD_EXPIRED")
        assert late.body["details"]["payment"] == "refunded"
        assert movements(arena, payment) == REFUNDED
        again = paid(arena, ann, hold, payment)
        assert (again.code, again.body["replayed"]) == ("HOLD_EXPIRED", True)
        assert movements(arena, payment) == REFUNDED
        balanced(arena, payment)

    def test_or_held_in_one_call(self, arena: Arena, ann: Customer, bob: Customer, event: Event) -> None:
        hold = held(arena, ann, event)
        # This machine's clock does not move, and a process trusts its own memory for a few seconds.
        forget(arena)
        arena.set_clock(AT_THE_END)
        taken = arena.shop.hold(bob, wanted(event))
        assert (taken.status, taken.data["status"]) == (200, "held")
        assert outcome(arena, hold) == "EXPIRED"

    def test_what_was_only_authorised_is_never_taken(
        self, arena: Arena, ann: Customer, bob: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold, status="authorized")
        arena.set_clock(AT_THE_END)
        assert arena.shop.book(bob, event, "Standing").status == 200
        assert paid(arena, ann, hold, payment).code == "HOLD_EXPIRED"
        assert movements(arena, payment) == []


class TestItsOwnerComesLate:
    @pytest.mark.parametrize("status", ["captured", "authorized"])
    def test_and_nobody_has_ended_it(self, arena: Arena, ann: Customer, event: Event, status: str) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold, status=status)
        arena.set_clock(AT_THE_END)
        answer = paid(arena, ann, hold, payment)
        assert (answer.status, answer.data["bookingId"]) == (200, hold.data["bookingId"])
        assert outcome(arena, hold) == "CONFIRMED"
        balanced(arena, payment)

    @pytest.mark.parametrize("status", ["captured", "authorized"])
    def test_and_the_sweep_has_ended_it_but_the_units_are_free(
        self, arena: Arena, ann: Customer, event: Event, status: str
    ) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold, status=status)
        arena.set_clock(AT_THE_END)
        assert arena.sweep().data["expired"] == 1
        answer = paid(arena, ann, hold, payment)
        assert (answer.status, answer.data["bookingId"]) == (200, ids.booking_id(payment))
        assert answer.data["totalAmount"] == hold.data["totalAmount"]
        assert paid(arena, ann, hold, payment).body["replayed"]
        assert movements(arena, payment) == ["captured"]
        other = arena.shop.pay(ann, PRICE, status="authorized")
        assert paid(arena, ann, hold, other).code == "INVALID_STATUS_TRANSITION"
        assert movements(arena, other) == []
        balanced(arena, payment)

    def test_after_giving_it_back_and_the_units_are_free(
        self, arena: Arena, ann: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold)
        assert end(arena, ann, hold, "release").status == 200
        assert paid(arena, ann, hold, payment).status == 200
        balanced(arena, payment)

    def test_the_price_is_the_one_that_was_promised(self, arena: Arena, ann: Customer, event: Event) -> None:
        hold = held(arena, ann, event)
        payment = arena.shop.pay_for(ann, hold)
        kind = event.kinds["Standing"].id
        ok(arena.http.patch(f"/tablesdb/boxoffice/tables/ticket_types/rows/{kind}", {"data": {"price": 1}}))
        arena.set_clock(AT_THE_END)
        arena.sweep()
        assert paid(arena, ann, hold, payment).data["totalAmount"] == PRICE

    def test_paid_and_never_came_back(self, arena: Arena, ann: Customer, event: Event) -> None:
        payment = arena.shop.pay_for(ann, held(arena, ann, event))
        balanced(arena, payment)
        (ticket,) = arena.shop.rows("tickets", userId=ann.user_id)
        assert ticket["status"] == "valid"
        assert movements(arena, payment) == ["captured"]


class TestExtending:
    def test_a_whole_while_from_now_and_never_longer_than_half_an_hour(
        self, arena: Arena, ann: Customer, bob: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        began = datetime.fromisoformat(hold.data["heldUntil"]) - timedelta(minutes=15)
        arena.set_clock(10 * MINUTE)
        longer = end(arena, ann, hold, "extend").data
        assert abs(_until(longer) - began - timedelta(minutes=25)) < timedelta(seconds=5)
        arena.set_clock(20 * MINUTE)
        assert arena.shop.book(bob, event, "Standing").code == "INSUFFICIENT_TICKETS"
        longest = end(arena, ann, hold, "extend").data
        assert abs(_until(longest) - began - timedelta(minutes=30)) < timedelta(seconds=5)
        refused = end(arena, ann, hold, "extend")
        assert (refused.status, refused.code) == (409, "HOLD_LIMIT")
        arena.set_clock(30 * MINUTE + 5)
        assert end(arena, ann, hold, "extend").code == "HOLD_EXPIRED"
        forget(arena)
        assert arena.shop.hold(bob, wanted(event)).status == 200

    def test_what_has_ended_is_neither_listed_nor_extended_and_may_be_given_back(
        self, arena: Arena, ann: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        arena.set_clock(AT_THE_END)
        assert end(arena, ann, hold, "list").data["holds"] == []
        assert end(arena, ann, hold, "extend").code == "HOLD_EXPIRED"
        assert end(arena, ann, hold, "release").data["status"] == "cancelled"
        balanced(arena)


class TestTheSweep:
    def test_many_holds_end_in_no_more_calls_than_few(self, arena: Arena, ann: Customer) -> None:
        event = arena.shop.create_event({"Standing": (PRICE, 80)}, holdsPerUser=80)
        costs = []
        for many in (5, 40):
            for _ in range(many):
                held(arena, ann, event)
            arena.set_clock(AT_THE_END)
            since = arena.last_request()
            assert arena.sweep().data["expired"] == many
            costs.append(len([entry for entry in arena.requests(since=since) if entry["executionId"]]))
            assert arena.shop.rows("claims", eventId=event.id) == []
            arena.set_clock(0)
        assert costs[1] <= costs[0] + 2, costs
        balanced(arena)

    def test_an_order_that_is_paid_later_is_still_noticed(
        self, arena: Arena, ann: Customer, bob: Customer, event: Event
    ) -> None:
        hold = held(arena, ann, event)
        arena.set_clock(AT_THE_END)
        arena.sweep()
        assert arena.shop.book(bob, event, "Standing").status == 200
        payment = arena.shop.pay_for(ann, hold)
        balanced(arena, payment)
        assert movements(arena, payment) == REFUNDED


def test_a_payer_that_died_is_brought_to_an_end(arena: Arena, ann: Customer, event: Event) -> None:
    hold = held(arena, ann, event)
    payment = arena.shop.pay_for(ann, hold)
    fault = {"kind": "kill_function_after", "method": "POST", "path": "*/tables/leases/rows", "nth": 1}
    with arena.faults({**fault, "fromFunctions": True}):
        assert arena.shop.book_hold(ann, hold, payment).body == {}
    assert paid(arena, ann, hold, payment).code == "BOOKING_IN_PROGRESS"
    assert end(arena, ann, hold, "release").code == "BOOKING_IN_PROGRESS"
    balanced(arena, payment)
    answer = execute(ann.http, BOOK, {"bookingId": hold.data["bookingId"], "paymentId": payment})
    assert (answer.status, answer.body["replayed"]) == (200, True)


def _until(data: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(data["heldUntil"])

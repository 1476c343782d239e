"""Looking at bookings over the fakes: what is shown, to whom, and in how many calls."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.contract import status_answers as answers
from boxoffice.contract.status_request import BookingStatusRequest, ListBookings
from boxoffice.domain import ids
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus, Outcome, decided_status
from boxoffice.identity import API_KEY
from boxoffice.lookup import look
from boxoffice.lookup.look import Filter, Wanted
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.fakes import FakeUsers
from tests.unit.shop import ANN, BOB, PRICE, Shop, broken
from tests.unit.world import Killed

BOOKING = ids.booking_id("pay_1")
BY_ID = Wanted(BOOKING, None)
ADA = Caller("ada", Account("ada", "ada@example.com", ""))
SERVER = Caller(API_KEY, None)


def sold(quantity: int = 1) -> Shop:
    shop = Shop()
    shop.users = FakeUsers(admins=["ada"])
    shop.gateway.pay("pay_1", PRICE * quantity)
    shop.booked("pay_1", quantity)
    shop.world.calls.clear()
    return shop


def got(shop: Shop, asker: Caller = ANN, wanted: Wanted = BY_ID) -> dict[str, Any]:
    data: dict[str, Any] = answers.details(asyncio.run(look.get_booking(shop.desk(), asker, wanted)))["data"]
    return data


def listed(
    shop: Shop, asker: Caller = ANN, cursor: str = "", limit: int = 25, **wanted: Any
) -> dict[str, Any]:
    found = asyncio.run(look.list_bookings(shop.desk(), asker, Filter(**wanted), cursor, limit))
    data: dict[str, Any] = answers.page(found)["data"]
    return data


def told(shop: Shop, asker: Caller = ANN) -> list[dict[str, Any]]:
    found = asyncio.run(look.tell_history(shop.desk(), asker, BY_ID))
    entries: list[dict[str, Any]] = answers.history(found)["data"]["entries"]
    return entries


def refused(ask: Any) -> Rejected:
    with pytest.raises(Rejected) as error:
        ask()
    return error.value


class TestOneBooking:
    def test_it_is_shown_with_everything(self) -> None:
        shop = sold(2)
        data = got(shop)
        assert (data["status"], data["paymentStatus"], data["total"]) == ("confirmed", "captured", 2 * PRICE)
        assert [(ticket["number"], ticket["status"]) for ticket in data["tickets"]] == [
            (1, "valid"),
            (2, "valid"),
        ]
        assert all(ticket["code"] and ticket["qrCodeFileId"] for ticket in data["tickets"])
        assert sum(line["amount"] for line in data["lines"]) == 2 * PRICE
        assert [(one["kind"], one["amount"]) for one in data["transactions"]] == [("sale", 2 * PRICE)]
        assert data["order"]["status"] == "placed"

    def test_by_its_reference(self) -> None:
        shop = sold()
        reference = shop.rows.all(Table.BOOKINGS)[0]["reference"]
        assert got(shop, wanted=Wanted(None, reference))["bookingId"] == BOOKING

    def test_what_was_decided_counts_before_the_row_says_so(self) -> None:
        shop = sold()
        row = shop.rows.tables[Table.BOOKINGS][BOOKING]
        row.update(status="pending", paymentStatus="none")
        data = got(shop)
        assert (data["status"], data["paymentStatus"]) == ("confirmed", "captured")
        assert data["tickets"]

    def test_tickets_that_may_still_be_undone_are_not_shown(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", Killed)
        with pytest.raises(Killed):
            shop.book()
        assert shop.rows.all(Table.TICKETS)
        data = got(shop)
        assert (data["status"], data["tickets"], data["order"], data["transactions"]) == (
            "pending",
            [],
            None,
            [],
        )

    def test_a_booking_that_failed_says_why_and_where_the_money_is(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put orders", broken)
        shop.failed()
        data = got(shop)
        assert (data["status"], data["paymentStatus"], data["failureCode"]) == (
            "rolled_back",
            "refunded",
            "BOOKING_ERROR",
        )
        assert data["tickets"] == []

    def test_a_cancelled_ticket_is_worth_nothing_and_one_that_was_used_says_so(self) -> None:
        shop = sold(3)
        for number, kind in ((1, "admitted"), (2, "cancelled")):
            row = {"bookingId": BOOKING, "kind": kind, "by": "x"}
            shop.rows.seed(Table.CHECKINS, ids.ticket_id(BOOKING, number), **row)
        tickets = got(shop)["tickets"]
        assert [ticket["status"] for ticket in tickets] == ["admitted", "cancelled", "valid"]
        assert [bool(ticket["code"]) for ticket in tickets] == [True, False, True]

    def test_what_was_given_back_is_shown_and_what_was_refused_is_not(self) -> None:
        shop = sold()
        row = {
            "bookingId": BOOKING, "userId": "ann", "eventId": "concert", "tickets": "[1]", "actor": "ann",
            "refund": PRICE, "currency": "INR", "refundLines": "[]", "attempt": "a",
            "leaseUntil": to_text(shop.now),
        }  # fmt: skip
        for name, state in (("ca-1", "refused"), ("ca-2", "needs_operator")):
            shop.rows.seed(Table.CANCELLATIONS, name, state=state, **row)
        (shown,) = got(shop)["cancellations"]
        assert (shown["cancellationId"], shown["tickets"], shown["state"]) == ("ca-2", [1], "in_progress")

    def test_a_hold_says_how_long(self) -> None:
        shop = sold()
        until = to_text(shop.now + timedelta(minutes=15))
        shop.rows.tables[Table.OUTCOMES].clear()
        shop.rows.tables[Table.BOOKINGS][BOOKING].update(status="held", paymentStatus="none", heldUntil=until)
        data = got(shop)
        assert (data["status"], data["heldUntil"]) == ("held", "2030-01-01T12:15:00Z")
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "confirmed"
        assert got(shop)["heldUntil"] is None

    def test_the_money_alone(self) -> None:
        shop = sold(2)
        shown = asyncio.run(look.get_booking(shop.desk(), ANN, BY_ID))
        data = answers.money(shown)["data"]
        assert (data["total"], data["refunded"], data["paymentStatus"]) == (2 * PRICE, 0, "captured")
        assert len(data["transactions"]) == 1

    @pytest.mark.parametrize(
        ("status", "outcome", "shown"),
        [
            ("pending", None, "pending"),
            ("pending", "CONFIRMED", "confirmed"),
            ("pending", "ROLLED_BACK", "rolled_back"),
            ("held", "EXPIRED", "expired"),
            ("held", "CONFIRMED", "confirmed"),
            ("completed", "CONFIRMED", "completed"),
            ("cancelled", "CONFIRMED", "cancelled"),
        ],
    )
    def test_the_outcome_counts_until_the_row_follows(
        self, status: str, outcome: str | None, shown: str
    ) -> None:
        assert decided_status(BookingStatus(status), outcome and Outcome(outcome)) == shown


class TestWhoMaySeeIt:
    def test_its_owner_an_administrator_and_a_server(self) -> None:
        shop = sold()
        assert {got(shop, asker)["bookingId"] for asker in (ANN, ADA, SERVER)} == {BOOKING}

    @pytest.mark.parametrize("read", [got, lambda shop, asker, wanted=BY_ID: told(shop, asker)])
    def test_somebody_elses_and_none_at_all_are_the_same(self, read: Any) -> None:
        theirs = refused(lambda: read(sold(), BOB))
        none = refused(lambda: read(Shop(), BOB))
        assert theirs.code is none.code is Code.NOT_FOUND_ERROR
        assert (theirs.message, theirs.details) == (none.message, none.details)

    def test_and_they_cost_the_same_calls(self) -> None:
        shop, empty = sold(), Shop()
        refused(lambda: got(shop, BOB))
        refused(lambda: got(empty, BOB))
        assert shop.world.calls == empty.world.calls

    def test_a_reference_is_guarded_like_an_id(self) -> None:
        shop = sold()
        reference = shop.rows.all(Table.BOOKINGS)[0]["reference"]
        by_reference = Wanted(None, reference)
        assert refused(lambda: got(shop, BOB, by_reference)).code is Code.NOT_FOUND_ERROR

    def test_without_the_guard_a_stranger_sees_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def anybody(*_: object) -> bool:
            return True

        monkeypatch.setattr(look, "_may_see_all", anybody)
        assert got(sold(), BOB)["tickets"]

    def test_one_call_and_then_six_at_once(self) -> None:
        shop = sold()
        got(shop)
        assert shop.world.calls[0] == "find bookings"
        assert sorted(shop.world.calls[1:]) == [
            "find cancellations",
            "find checkins",
            "find orders",
            "find outcomes",
            "find tickets",
            "find transactions",
        ]


class TestLists:
    def shop(self) -> Shop:
        """Ann has five bookings, Bob has one."""
        shop = Shop(capacity=20)
        shop.users = FakeUsers(admins=["ada"])
        for number in range(1, 6):
            shop.gateway.pay(f"pay_{number}", PRICE)
            shop.booked(f"pay_{number}")
            shop.now += timedelta(seconds=1)
        shop.gateway.pay("pay_bob", PRICE, email="bob@example.com")
        shop.booked("pay_bob", caller=BOB)
        return shop

    def ids_of(self, data: dict[str, Any]) -> list[str]:
        return [booking["bookingId"] for booking in data["bookings"]]

    def test_ones_own_the_newest_first_a_page_at_a_time(self) -> None:
        shop = self.shop()
        expected = [ids.booking_id(f"pay_{number}") for number in (5, 4, 3, 2, 1)]
        first = listed(shop, limit=2)
        second = listed(shop, cursor=first["cursor"], limit=2)
        third = listed(shop, cursor=second["cursor"], limit=2)
        assert [*self.ids_of(first), *self.ids_of(second), *self.ids_of(third)] == expected
        assert third["cursor"] is None

    def test_an_administrator_names_a_user_or_an_event(self) -> None:
        shop = self.shop()
        assert len(listed(shop, ADA, user_id="bob")["bookings"]) == 1
        assert len(listed(shop, ADA, event_id="concert")["bookings"]) == 6
        assert listed(shop, ADA)["bookings"] == []
        assert len(listed(shop, SERVER, user_id="ann", event_id="concert")["bookings"]) == 5

    def test_a_user_names_nobody_else(self) -> None:
        shop = self.shop()
        for wanted in ({"user_id": "ann"}, {"event_id": "concert"}, {"user_id": "ann", "event_id": "x"}):
            error = refused(lambda wanted=wanted: listed(shop, BOB, **wanted))
            assert error.code is Code.PERMISSION_ERROR
        assert len(listed(shop, BOB, user_id="bob", event_id="concert")["bookings"]) == 1

    def test_a_server_says_whose(self) -> None:
        assert refused(lambda: listed(self.shop(), SERVER)).details == {"field": "userId"}

    def test_a_cursor_that_is_not_ones_own_is_refused_like_one_that_does_not_exist(self) -> None:
        shop = self.shop()
        theirs = refused(lambda: listed(shop, cursor=ids.booking_id("pay_bob")))
        none = refused(lambda: listed(shop, cursor="bk-none"))
        assert (theirs.code, theirs.message) == (none.code, none.message)
        assert theirs.code is Code.VALIDATION_ERROR

    def test_a_status_is_the_decided_one(self) -> None:
        shop = self.shop()
        behind, open_one = ids.booking_id("pay_2"), ids.booking_id("pay_3")
        shop.rows.tables[Table.BOOKINGS][behind]["status"] = "pending"
        shop.rows.tables[Table.BOOKINGS][open_one]["status"] = "pending"
        del shop.rows.tables[Table.OUTCOMES][open_one]
        confirmed = listed(shop, status=BookingStatus.CONFIRMED)
        assert behind in self.ids_of(confirmed)
        assert open_one not in self.ids_of(confirmed)
        assert self.ids_of(listed(shop, status=BookingStatus.PENDING)) == [open_one]
        assert listed(shop, status=BookingStatus.NO_SHOW)["bookings"] == []

    def test_it_takes_one_call_and_a_second_one_when_something_is_undecided(self) -> None:
        shop = self.shop()
        shop.world.calls.clear()
        listed(shop)
        assert shop.world.calls == ["find bookings"]
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "pending"
        listed(shop)
        assert shop.world.calls == ["find bookings", "find bookings", "find outcomes"]


class TestHistory:
    def test_the_owner_learns_what_when_by_whom_and_why(self) -> None:
        shop = sold()
        told_now = told(shop)
        assert told_now[0]["action"] == "booking.begun"
        assert {entry["by"] for entry in told_now} == {"customer"}
        assert (
            {entry["actor"] for entry in told_now} == {entry["executionId"] for entry in told_now} == {None}
        )

    def test_an_administrator_learns_who_exactly(self) -> None:
        entries = told(sold(), ADA)
        assert {entry["actor"] for entry in entries} == {"ann"}

    def test_the_same_before_and_after_it_is_logged(self) -> None:
        shop = sold()
        before = told(shop)
        shop.settle()
        assert shop.rows.all(Table.AUDIT_LOG)
        assert told(shop) == before

    def test_how_administrators_settle_things_is_their_own_matter(self) -> None:
        shop = sold()
        entry = {"actor": "ada", "subject": "rr-1", "bookingId": BOOKING, "at": to_text(shop.now)}
        shop.rows.seed(Table.AUDIT_LOG, "al-1", action="report.settled", reason="secret", **entry)
        assert "secret" not in json.dumps(told(shop))
        assert "secret" in json.dumps(told(shop, ADA))

    def test_who_acts_is_told_by_what_they_are(self) -> None:
        shop = sold()
        for number, actor in enumerate(("sweep", "gateway", "ada", "ann", "api-key")):
            entry = {
                "actor": actor,
                "subject": "s",
                "bookingId": BOOKING,
                "at": f"2031-01-01T00:00:0{number}Z",
            }
            shop.rows.seed(Table.AUDIT_LOG, f"al-{number}", action="booking.x", **entry)
        assert [entry["by"] for entry in told(shop)][-5:] == [
            "system",
            "payment",
            "organiser",
            "customer",
            "organiser",
        ]


class TestRequests:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "action"),
            ({"action": "delete"}, "action"),
            ({"action": "get", "userId": "ann"}, "userId"),
            ({"action": "get", "bookingId": "a/b"}, "bookingId"),
            ({"action": "get", "reference": ""}, "reference"),
            ({"action": "get", "reference": 7}, "reference"),
            ({"action": "list", "limit": 0}, "limit"),
            ({"action": "list", "status": "lost"}, "status"),
            ({"action": "list", "bookingId": "bk"}, "bookingId"),
        ],
    )
    def test_what_is_wrong_is_named(self, body: dict[str, Any], field: str) -> None:
        error = refused(lambda: BookingStatusRequest.read(body))
        assert (error.code, error.details) == (Code.VALIDATION_ERROR, {"field": field})

    @pytest.mark.parametrize("action", ["get", "history", "transactions"])
    @pytest.mark.parametrize("names", [{}, {"bookingId": "bk-1", "reference": "7K3MPQ2X"}])
    def test_one_name_and_not_two(self, action: str, names: dict[str, str]) -> None:
        request = BookingStatusRequest.read({"action": action, **names})
        assert not isinstance(request, ListBookings)
        assert refused(request.wanted).details == {"field": "bookingId"}

    def test_a_reference_as_people_type_it(self) -> None:
        request = BookingStatusRequest.read({"action": "get", "reference": "7k3m pq2x"})
        assert not isinstance(request, ListBookings)
        assert request.wanted() == Wanted(None, "7K3MPQ2X")

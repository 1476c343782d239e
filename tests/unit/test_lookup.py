"""Looking at a booking over the fakes: what is shown, to whom, and in how many calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.status import BookingStatus, Outcome, decided_status
from boxoffice.lookup import look
from boxoffice.lookup.look import Wanted
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.counter import ADA, BOOKING, SERVER
from tests.unit.lookups import BY_ID, got, money, refused, sold, told
from tests.unit.shop import ANN, BOB, PRICE, Shop, broken
from tests.unit.world import Killed


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
        data = money(shop)
        assert (data["total"], data["refunded"], data["paymentStatus"]) == (2 * PRICE, 0, "captured")
        assert len(data["transactions"]) == 1

    @pytest.mark.parametrize(
        ("shown", "returned", "payment"),
        [
            ("captured", [], "captured"),
            ("captured", [PRICE], "partially_refunded"),
            ("partially_refunded", [PRICE, PRICE], "refunded"),
            ("partially_refunded", [], "captured"),
            ("refunded", [PRICE], "partially_refunded"),
        ],
    )
    def test_money_that_went_back_or_came_back_counts_before_the_rows_say_so(
        self, shown: str, returned: list[int], payment: str
    ) -> None:
        shop = sold(2)
        shop.rows.tables[Table.BOOKINGS][BOOKING]["paymentStatus"] = shown
        for number, amount in enumerate(returned):
            row = {
                "bookingId": BOOKING,
                "userId": "ann",
                "orderId": ids.order_id(BOOKING),
                "kind": "refund",
                "amount": amount,
                "currency": "INR",
                "paymentId": "pay_1",
            }
            shop.rows.seed(Table.TRANSACTIONS, f"tx-{number}", **row)
        for data in (got(shop), money(shop)):
            assert data["paymentStatus"] == payment
        assert got(shop)["order"]["refunded"] == money(shop)["refunded"] == sum(returned)

    def test_tickets_that_are_cancelled_count_before_the_rows_say_so(self) -> None:
        shop = sold(2)
        for number, booking, order in (
            (1, "confirmed", "partially_cancelled"),
            (2, "cancelled", "cancelled"),
        ):
            row = {"bookingId": BOOKING, "kind": "cancelled", "by": "x"}
            shop.rows.seed(Table.CHECKINS, ids.ticket_id(BOOKING, number), **row)
            data = got(shop)
            assert (data["status"], data["order"]["status"]) == (booking, order)

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

"""The gateway tells of money that went back, or did not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.reports import console
from boxoffice.schema import Table

from tests.unit.counter import Counter
from tests.unit.gateway_post import AFTER_GRACE, Post, booking_row, payment_state, return_by_hand
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, PRICE, Shop, busy


def logged(shop: Shop, action: str) -> list[dict[str, Any]]:
    """The entries of the log that tell of `action`."""
    return [entry for entry in shop.rows.all(Table.AUDIT_LOG) if entry["action"] == action]


class TestRefunds:
    def rolled_back(self, shop: Shop) -> str:
        """A booking whose money went back."""
        kept = held(shop)
        pay(shop, kept)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        shop.world.faults.clear()
        assert payment_state(shop) is PaymentState.REFUNDED
        return kept.booking.id

    @pytest.mark.parametrize("settled", [False, True])
    def test_a_failed_refund_is_for_a_person(self, shop: Shop, post: Post, settled: bool) -> None:
        booking_id = self.rolled_back(shop)
        if settled:
            shop.settle()
        shop.gateway.bounce(f"refund-{booking_id}")
        assert post.send("refund.failed").result == ("refund_failed" if settled else "in_progress")
        shop.settle()
        assert booking_row(shop, booking_id)["paymentStatus"] == "captured"
        [report] = shop.reports()
        assert (report["state"], report["moneyAtRisk"]) == ("needs_operator", PRICE)
        assert shop.audit() == []
        asyncio.run(console.retry(shop.desk(), "ada", report["$id"]))
        for _ in range(12):
            shop.sweep(6_000)
        assert shop.reports()[0]["state"] == "needs_operator", "the same refund is not made again"
        assert booking_row(shop, booking_id)["paymentStatus"] == "captured"

    @pytest.mark.parametrize("numbers", [(), (2,)])
    def test_a_failed_refund_of_a_cancellation_is_for_a_person(self, numbers: tuple[int, ...]) -> None:
        shop = Counter()
        shop.cancel(*numbers)
        shop.settle()
        [key] = shop.gateway.refunds
        shop.gateway.bounce(key)
        assert Post(shop).send("refund.failed").result == "refund_failed"
        booking = shop.booking()
        assert booking is not None
        assert booking["paymentStatus"] == "captured"
        assert booking["status"] == ("confirmed" if numbers else "cancelled")
        assert shop.states() == ["needs_operator"]
        assert [one["refunded"] for one in shop.rows.all(Table.ORDERS)] == [0]
        assert [one["kind"] for one in shop.rows.all(Table.TRANSACTIONS)] == ["sale"]
        [report] = shop.reports()
        assert (report["state"], report["failedStep"]) == ("needs_operator", "refund")
        [entry] = [one for one in shop.rows.all(Table.AUDIT_LOG) if one["action"] == "refund.failed"]
        assert (entry["actor"], entry["bookingId"]) == ("gateway", booking["$id"])
        returned = PRICE if numbers else 3 * PRICE
        before = "partially_refunded" if numbers else "refunded"
        assert (entry["before"], entry["after"]) == (before, "captured")
        assert (entry["amount"], entry["currency"]) == (returned, "INR")
        assert [one["amount"] for one in logged(shop, "payment.refunded")] == [returned]
        assert Post(shop).send("refund.failed", event_id="evt_again").result == "agrees"
        shop.settle()
        assert shop.audit() == []
        asyncio.run(console.settle(shop.desk(), "ada", report["$id"], "Paid in cash."))
        shop.settle()
        assert shop.states() == ["needs_operator"]
        assert shop.audit() == []

    @pytest.mark.parametrize("name", ["refund.created", "refund.processed"])
    def test_a_refund_that_is_known_changes_nothing(self, shop: Shop, post: Post, name: str) -> None:
        booking_id = self.rolled_back(shop)
        before = dict(booking_row(shop, booking_id))
        assert post.send(name).result == "agrees"
        assert booking_row(shop, booking_id) == before

    def test_a_refund_whose_answer_was_lost_is_shown(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        shop.world.fail("refund payment", busy, last=10**9, after_effect=True)
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        shop.world.faults.clear()
        post.send("refund.processed")
        shop.sweep(2)
        assert booking_row(shop, kept.booking.id)["paymentStatus"] == "refunded"

    def test_a_failed_refund_is_logged_whoever_finds_it_first(self, shop: Shop, post: Post) -> None:
        booking_id = self.rolled_back(shop)
        shop.gateway.bounce(f"refund-{booking_id}")
        assert post.send("refund.failed").result == "in_progress"
        shop.settle()
        for action in ("payment.captured", "payment.refunded", "refund.failed"):
            [entry] = logged(shop, action)
            assert (entry["amount"], entry["currency"]) == (PRICE, "INR"), action
        return_by_hand(shop, PRICE)
        post.send("refund.processed")
        shop.settle()
        assert booking_row(shop, booking_id)["paymentStatus"] == "refunded"
        assert [entry["amount"] for entry in logged(shop, "payment.refunded")] == [PRICE, PRICE]
        assert shop.audit() == []

    def test_a_refund_of_nobodys_money_is_ignored(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.REFUNDED)
        assert post.send("refund.processed").result == "ignored"

    def test_unclaimed_money_whose_refund_fails_is_for_a_person(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        post.send("payment.captured")
        shop.sweep(AFTER_GRACE)
        shop.gateway.bounce(f"refund-{ids.booking_id('pay_1')}")
        post.send("refund.failed")
        shop.settle()
        assert [report["state"] for report in shop.reports()] == ["needs_operator"]
        assert shop.audit() == []


class TestByHand:
    """Somebody returns money at the gateway itself, and the tickets stand."""

    def returned(self, shop: Shop) -> tuple[str, list[int], list[int], int | None]:
        """What is written of the booking's money: its status, its refunds, the log's, the order's."""
        booking, [order] = shop.booking(), shop.rows.all(Table.ORDERS)
        assert booking is not None
        refunds = [row["amount"] for row in shop.rows.all(Table.TRANSACTIONS) if row["kind"] == "refund"]
        told = [entry["amount"] for entry in logged(shop, "payment.refunded")]
        return booking["paymentStatus"], refunds, told, order["refunded"]

    def test_it_is_written_down_once_and_is_for_a_person(self) -> None:
        shop = Counter()
        post = Post(shop)
        return_by_hand(shop, 100)
        assert [post.send(name).result for name in ("refund.created", "refund.processed")] == [
            "refunded",
            "agrees",
        ]
        shop.settle()
        assert self.returned(shop) == ("partially_refunded", [100], [100], 100)
        [entry] = logged(shop, "payment.refunded")
        assert (entry["actor"], entry["before"], entry["after"]) == (
            "gateway",
            "captured",
            "partially_refunded",
        )
        [row] = [row for row in shop.rows.all(Table.TRANSACTIONS) if row["kind"] == "refund"]
        assert row["refundId"] == "rfnd_by-hand-0001"
        [report] = shop.reports()
        assert (report["state"], report["moneyAtRisk"]) == ("needs_operator", 3 * PRICE - 100)
        assert shop.audit() == []

    def test_a_person_may_have_settled_one_and_looks_at_the_next(self) -> None:
        shop = Counter()
        post = Post(shop)
        return_by_hand(shop, 100)
        post.send("refund.processed")
        asyncio.run(console.settle(shop.desk(), "ada", shop.reports()[0]["$id"], "Goodwill."))
        shop.settle()
        assert shop.audit() == []
        return_by_hand(shop, 3 * PRICE - 100, "by-hand-0002")
        post.send("refund.processed")
        shop.settle()
        [report] = shop.reports()
        assert (report["state"], report["moneyAtRisk"], report["settledBy"]) == ("needs_operator", 0, None)
        assert self.returned(shop)[0] == "refunded"
        assert shop.audit() == []

    def test_a_later_cancellation_returns_what_is_left_and_says_so(self) -> None:
        shop = Counter()
        post = Post(shop)
        return_by_hand(shop, 3 * PRICE - 100)
        post.send("refund.processed")
        assert shop.cancelled(1).cancellation.refund.amount == 100
        post.send("refund.processed")
        assert shop.cancelled(2).refund_status == "none"
        shop.settle()
        refunds = [3 * PRICE - 100, 100]
        status, found, told, of_order = self.returned(shop)
        assert (status, sorted(found), sorted(told), of_order) == (
            "refunded",
            sorted(refunds),
            sorted(refunds),
            3 * PRICE,
        )
        assert [report["moneyAtRisk"] for report in shop.reports()] == [0]
        assert shop.audit() == []

    def test_a_refund_of_our_own_is_not_taken_for_one_by_hand(self) -> None:
        shop = Counter()
        post = Post(shop)
        shop.world.fail_always("put transactions", busy)
        assert shop.cancelled(1).refund_status == "pending"
        shop.world.faults.clear()
        assert post.send("refund.processed").result == "in_progress"
        shop.settle()
        assert self.returned(shop) == ("partially_refunded", [PRICE], [PRICE], PRICE)
        assert shop.reports() == []
        assert shop.audit() == []

    def test_one_that_fails_is_taken_back_in_any_order(self) -> None:
        shop = Counter()
        post = Post(shop)
        return_by_hand(shop, 100)
        processed = post.delivery("refund.processed")
        post.send("refund.created")
        shop.gateway.bounce("by-hand-0001")
        assert post.send("refund.failed").result == "refund_failed"
        assert post.hand_over(processed).result == "agrees"
        shop.settle()
        assert self.returned(shop) == ("captured", [], [100], 0)
        assert [entry["amount"] for entry in logged(shop, "refund.failed")] == [100]
        assert shop.audit() == []

    @pytest.mark.parametrize("state", ["needs_operator", "settled"])
    def test_no_case_excuses_an_amount_that_is_wrong(self, state: str) -> None:
        shop = Counter()
        return_by_hand(shop, 100)
        Post(shop).send("refund.processed")
        shop.settle()
        [row] = [row for row in shop.rows.all(Table.TRANSACTIONS) if row["kind"] == "refund"]
        row["amount"] += 1
        shop.reports()[0]["state"] = state
        assert {violation.rule for violation in shop.audit()} >= {"money", "log"}

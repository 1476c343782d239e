"""The gateway tells of money that went back, or did not."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.reports import console
from boxoffice.schema import Table

from tests.unit.counter import Counter
from tests.unit.gateway_post import AFTER_GRACE, Post, booking_row, payment_state
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, PRICE, Shop, busy


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

    def test_money_moved_by_hand_under_a_booking_that_stands_is_for_a_person(
        self, shop: Shop, post: Post
    ) -> None:
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        asyncio.run(shop.gateway.refund("pay_1", Money(100, "INR"), "by-hand-0001"))
        post.send("refund.processed")
        shop.settle()
        assert [report["state"] for report in shop.reports()] == ["needs_operator"]
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

"""The gateway tells of money that no booking names."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.reports import console
from boxoffice.schema import Table

from tests.unit.gateway_post import AFTER_GRACE, PAID, Post, booking_row, payment_state
from tests.unit.holding import held
from tests.unit.shop import PRICE, Shop


class TestUnclaimed:
    def test_the_client_has_half_an_hour_to_book_with_it(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert post.send("payment.captured").result == "unclaimed"
        shop.sweep(AFTER_GRACE - 60)
        assert payment_state(shop) is PaymentState.CAPTURED
        assert shop.audit() == []
        shop.booked()
        shop.settle()
        assert post.events() == [("done", "booked")]

    @pytest.mark.parametrize(
        "notes",
        [
            {"noted_user_id": "ann"},
            {"noted_event_id": "concert"},
            {"noted_booking_id": ids.booking_id("pay_of_somebody")},
        ],
    )
    def test_then_it_goes_back_when_it_names_something_of_ours(
        self, shop: Shop, post: Post, notes: dict[str, str]
    ) -> None:
        shop.gateway.pay("pay_1", PRICE, **notes)
        for name in PAID:
            post.send(name)
        shop.sweep(AFTER_GRACE)
        assert set(post.events()) <= {("done", "refunded"), ("waiting", "in_progress")}
        shop.settle()
        assert shop.gateway.refunds == {f"refund-{ids.booking_id('pay_1')}": ("pay_1", Money(PRICE, "INR"))}
        assert {one for one, _ in post.events()} == {"done"}
        logged = [entry for entry in shop.rows.all(Table.AUDIT_LOG) if entry["action"] == "payment.refunded"]
        assert [(entry["actor"], entry["amount"]) for entry in logged] == [("gateway", PRICE)]
        assert shop.failed().error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.audit() == []

    def test_also_by_its_order(self, shop: Shop, post: Post) -> None:
        receipt = ids.hold_id("ann", "forgotten")
        order = asyncio.run(shop.gateway.open_order(receipt, Money(PRICE, "INR"), {}))
        shop.gateway.pay("pay_1", PRICE, order_id=order.id)
        post.send("order.paid")
        shop.sweep(AFTER_GRACE)
        assert payment_state(shop) is PaymentState.REFUNDED

    @pytest.mark.parametrize("written", ["../teams", "a" * 5_000, "é", " ", "ann\n"])
    def test_what_anybody_wrote_on_a_payment_is_no_address(
        self, shop: Shop, post: Post, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        async def nobody_asks(user_id: str) -> None:
            raise AssertionError(user_id)

        monkeypatch.setattr(shop.users, "account", nobody_asks)
        notes = {"noted_user_id": written, "noted_event_id": written, "noted_booking_id": written}
        shop.gateway.pay("pay_1", PRICE, **notes)
        post.send("payment.captured")
        shop.settle()
        [case] = shop.reports()
        assert (case["userId"], case["eventId"]) == ("", "")

    @pytest.mark.parametrize(
        "other", [{}, {"noted_user_id": "nobody"}, {"noted_event_id": "nothing"}, {"order_id": "order_9"}]
    )
    def test_otherwise_a_person_has_to_look(self, shop: Shop, post: Post, other: dict[str, str]) -> None:
        shop.gateway.pay("pay_1", PRICE, **other)
        post.send("payment.captured")
        post.send("order.paid")
        shop.settle()
        assert post.events() == [("needs_operator", "unclaimed")] * 2
        [case] = shop.reports()
        assert (case["state"], case["moneyAtRisk"], case["paymentId"]) == ("needs_operator", PRICE, "pay_1")
        assert payment_state(shop) is PaymentState.CAPTURED
        assert shop.audit() == []

    def test_a_case_can_be_tried_again_and_settled(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="late")
        post.send("payment.captured")
        shop.settle()
        [case] = shop.reports()
        asyncio.run(console.retry(shop.desk(), "ada", case["$id"]))
        shop.settle()
        assert shop.reports()[0]["state"] == "needs_operator"
        asyncio.run(console.settle(shop.desk(), "ada", case["$id"], "Was for another shop."))
        assert post.events() == [("done", "settled")]
        shop.settle()
        assert shop.reports()[0]["state"] == "settled"
        assert shop.audit() == []

    def test_a_refund_that_is_refused_ends_with_a_person(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        shop.world.fail_always("refund payment", lambda: Rejected(Code.PAYMENT_NOT_VERIFIED))
        post.send("payment.captured")
        for _ in range(12):
            shop.sweep(6_000)
        assert post.events() == [("needs_operator", "unclaimed")]
        [case] = shop.reports()
        shop.world.faults.clear()
        asyncio.run(console.retry(shop.desk(), "ada", case["$id"]))
        shop.sweep(1)
        assert payment_state(shop) is PaymentState.REFUNDED
        assert shop.reports()[0]["state"] == "complete"

    def test_an_authorised_one_lapses(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED, noted_user_id="ann")
        assert post.send("payment.authorized").result == "lapses"
        shop.settle()
        assert payment_state(shop) is PaymentState.AUTHORISED

    def test_somebody_elses_payment_completes_nobodys_hold(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.gateway.pay(
            "pay_1", PRICE, noted_user_id="bob", noted_booking_id=kept.booking.id, email="bob@example.com"
        )
        assert post.send("payment.captured").result == "unclaimed"
        shop.settle()
        assert booking_row(shop, kept.booking.id)["status"] == "expired"
        assert payment_state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []

    def test_ones_own_payment_completes_the_hold_that_it_names(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann", noted_booking_id=kept.booking.id)
        assert post.send("payment.captured").result == "booked"

    def test_money_that_was_refused_before_a_booking_began_goes_back(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        post.send("payment.captured")
        shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
        assert shop.failed().error.code is Code.EVENT_NOT_PUBLISHED
        shop.settle()
        assert payment_state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []

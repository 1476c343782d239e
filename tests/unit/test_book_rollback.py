"""A booking that fails after it has begun."""

from __future__ import annotations

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table

from tests.unit.shop import NOTHING, PRICE, Make, Shop, answer_of, broken, busy
from tests.unit.world import lost_answer

STEPS = [
    ("create claims", "claims"),
    ("create tickets", "ticket"),
    ("put transactions", "transaction"),
    ("put orders", "order"),
    ("store file", "qr-1"),
    ("put outcomes", "outcome"),
]
FORWARD = [
    *((operation, step, PaymentState.CAPTURED) for operation, step in STEPS),
    *((operation, step, PaymentState.AUTHORISED) for operation, step in STEPS),
    ("capture payment", "capture", PaymentState.AUTHORISED),
]


class TestRollback:
    @pytest.mark.parametrize(("operation", "step", "state"), FORWARD)
    @pytest.mark.parametrize("error", [broken, busy, lost_answer, lambda: ValueError("a bug")])
    def test_a_failure_at_each_step_leaves_nothing_and_returns_the_money(
        self, operation: str, step: str, state: PaymentState, error: Make
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=state)
        # A capture whose answer was lost is asked for twice.
        shop.world.fail(operation, error, last=2 if step == "capture" else 1)
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert failed.error.details["step"] == step
        assert not failed.error.rule.retryable
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert shop.leftovers() == NOTHING
        assert shop.outcome() == "ROLLED_BACK"
        money = shop.gateway.payments["pay_1"].state
        untouched = state is PaymentState.AUTHORISED and operation != "put outcomes"
        assert money is (PaymentState.AUTHORISED if untouched else PaymentState.REFUNDED)
        assert len(shop.gateway.refunds) == (0 if untouched else 1)
        assert [report["failedStep"] for report in shop.reports()] == [step]
        assert shop.failed().replayed

    def test_in_reverse_order_and_only_after_the_right_to_undo_is_secured(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.failed()
        undo = shop.world.calls[shop.world.calls.index("put outcomes") + 1 :]
        assert undo == [
            "put outcomes",
            "delete file",
            "delete orders",
            "delete transactions",
            "delete tickets",
            "delete claims",
            "fetch payment",
            "refund payment",
            "update bookings",
            "put rollback_reports",
        ]

    @pytest.mark.parametrize(
        ("operation", "name"),
        [("delete tickets", "ticket"), ("delete transactions", "transaction"), ("delete orders", "order")],
    )
    def test_what_cannot_be_undone_is_said_in_the_form_that_mobile_clients_read(
        self, operation: str, name: str
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail_always(operation, busy)
        answer = answer_of(shop.failed())
        booking_id = ids.booking_id("pay_1")
        assert answer["code"] == "ROLLBACK_FAILED"
        assert answer["error"] == "Rollback failed - manual intervention required"
        assert answer["createdResources"] == {
            "ticketId": ids.ticket_id(booking_id, 1),
            "transactionId": ids.transaction_id(booking_id),
            "orderId": ids.order_id(booking_id),
        }
        expected = dict.fromkeys(("ticket", "transaction", "order"), "success")
        assert answer["rollbackStatus"] == {**expected, name: "failed"}
        assert answer["rollback"]["status"] == "incomplete"
        assert shop.world.calls.count(operation) == 4
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert [report["state"] for report in shop.reports()] == ["retrying"]
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["failureCode"]) == ("pending", "BOOKING_ERROR")
        assert shop.failed().error.code is Code.BOOKING_IN_PROGRESS

    def test_tickets_that_somebody_else_wrote_for_the_same_booking_are_undone_too(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("create tickets", RowsTaken, after_effect=True)
        shop.world.fail("put orders", broken)
        shop.failed()
        assert shop.leftovers() == NOTHING

    def test_what_was_never_written_is_null(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("create claims", broken)
        shop.world.fail_always("delete claims", busy)
        answer = answer_of(shop.failed())
        assert answer["createdResources"] == {"ticketId": None, "transactionId": None, "orderId": None}
        assert answer["rollbackStatus"] == {"ticket": None, "transaction": None, "order": None}

    def test_an_undo_that_fails_twice_has_one_effect(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail("refund payment", lost_answer, last=2, after_effect=True)
        failed = shop.failed()
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert len(shop.gateway.refunds) == 1

    def test_nothing_is_undone_while_it_is_unknown_who_has_won(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail_always("put outcomes", lost_answer)
        failed = shop.failed()
        assert failed.error.code is Code.ROLLBACK_FAILED
        assert shop.leftovers() == dict.fromkeys(NOTHING, 1)
        assert not shop.gateway.refunds

    def test_a_confirmation_whose_answer_was_lost_stands(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", lost_answer, after_effect=True)
        shop.booked()
        assert shop.outcome() == "CONFIRMED"
        assert shop.leftovers() == dict.fromkeys(NOTHING, 1)
        assert not shop.gateway.refunds

    def test_a_zombie_finds_its_booking_rolled_back_and_cleans_up(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.rows.seed(Table.OUTCOMES, ids.booking_id("pay_1"), outcome="ROLLED_BACK", attempt="sweep")
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert shop.leftovers() == NOTHING
        assert len(shop.gateway.refunds) == 1

    def test_a_capture_whose_answer_was_lost_is_looked_up(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail("capture payment", lost_answer, after_effect=True)
        shop.booked()
        assert not shop.gateway.refunds

    def test_a_capture_that_may_still_happen_stays_an_open_case(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail_always("capture payment", lost_answer)
        assert "If the payment was charged" in shop.failed().error.message
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [
            ("retrying", PRICE)
        ]

    def test_a_capture_that_the_gateway_refuses(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail("capture payment", lambda: Rejected(Code.PAYMENT_NOT_VERIFIED))
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.leftovers() == NOTHING
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [("complete", 0)]

    def test_a_report_that_cannot_be_written_does_not_change_the_answer(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put orders", broken)
        shop.world.fail_always("put rollback_reports", broken)
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert any("report_refused" in line for line in shop.lines)

"""Interrupted bookings, and what the sweep makes of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Retryable
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.dead_bookings import MOST_CALLS, balanced, killed_at
from tests.unit.interruptions import AFTER_THE_LEASE
from tests.unit.shop import BOB, PRICE, Shop, broken, busy
from tests.unit.world import Killed, lost_answer

SERVER = Caller("ann", None)


def died_before_claims(caller: Caller, **payment: Any) -> Shop:
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE, **payment)
    shop.world.calls.clear()
    shop.world.fail("create claims", Killed, last=10**9)
    with pytest.raises(Killed):
        shop.book("pay_1", caller=caller)
    shop.world.faults.clear()
    return shop


class TestBetweenBeginAndClaims:
    """The row is there, and nothing says yet whose the payment is."""

    def test_money_that_is_the_users_own_goes_back(self) -> None:
        shop = died_before_claims(Caller("ann", Account("ann", "ann@example.com", "")))
        assert shop.sweep(AFTER_THE_LEASE).undone == 1
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert shop.reports()[0]["state"] == "complete"

    def test_money_of_somebody_else_stays_and_its_owner_can_book(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("fetch payment", Killed, last=10**9)
        shop.world.fail("delete bookings", Killed, last=10**9)
        with pytest.raises(Killed):
            shop.book("pay_1", caller=BOB)
        shop.world.faults.clear()
        assert shop.booking() is not None
        assert shop.sweep(AFTER_THE_LEASE).voided == 1
        assert shop.booking() is None
        assert shop.gateway.payments["pay_1"].is_captured
        shop.booked()

    def test_a_trusted_server_vouches_for_its_user(self) -> None:
        shop = died_before_claims(SERVER, email="somebody@example.com")
        assert shop.sweep(AFTER_THE_LEASE).undone == 1

    def test_not_against_what_is_written_on_the_payment(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, noted_user_id="bob")
        shop.world.fail("fetch payment", Killed, last=10**9)
        shop.world.fail("delete bookings", Killed, last=10**9)
        with pytest.raises(Killed):
            shop.book("pay_1", caller=SERVER)
        shop.world.faults.clear()
        assert shop.sweep(AFTER_THE_LEASE).voided == 1
        assert shop.gateway.payments["pay_1"].is_captured

    def test_a_deleted_account_proves_nothing(self) -> None:
        shop = died_before_claims(Caller("ann", Account("ann", "ann@example.com", "")))
        shop.users.accounts.clear()
        assert shop.sweep(AFTER_THE_LEASE).voided == 1

    def test_what_is_only_authorised_is_not_charged_and_its_end_is_written_down(self) -> None:
        ann = Caller("ann", Account("ann", "ann@example.com", ""))
        shop = died_before_claims(ann, state=PaymentState.AUTHORISED)
        assert shop.sweep(AFTER_THE_LEASE).undone == 1
        assert shop.outcome() == "ROLLED_BACK"
        assert "not charged" in shop.failed().error.message
        assert not shop.gateway.refunds


class TestWaiting:
    def test_nothing_happens_while_the_lease_runs(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        swept = shop.sweep(60)
        assert (swept.examined, swept.remaining, swept.waiting) == (0, 1, 1)
        before = shop.snapshot()
        assert shop.sweep(29).examined == 0
        assert shop.snapshot() == before
        assert shop.sweep(30).examined == 0

    def test_a_gateway_that_does_not_answer_is_asked_again_and_nothing_is_guessed(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        claims = len(shop.rows.all(Table.CLAIMS))
        shop.world.fail_always("fetch payment", lambda: Retryable(Code.PAYMENT_GATEWAY_ERROR))
        assert shop.sweep(AFTER_THE_LEASE).postponed == 1
        assert shop.sweep().examined == 0
        for _ in range(10):
            assert shop.sweep(4_000).postponed == 1
        assert len(shop.rows.all(Table.CLAIMS)) == claims
        assert shop.outcome() is None
        shop.world.faults.clear()
        shop.settle()
        balanced(shop)

    def test_one_booking_that_cannot_be_ended_does_not_hold_up_the_others(self) -> None:
        shop = Shop()
        for number in range(1, 4):
            shop.gateway.pay(f"pay_{number}", PRICE)
            shop.world.fail("create tickets", Killed, last=10**9)
            with pytest.raises(Killed):
                shop.book(f"pay_{number}")
            shop.world.faults.clear()
        shop.world.fail("fetch payment", busy)
        swept = shop.sweep(AFTER_THE_LEASE)
        assert (swept.postponed, swept.finished) == (1, 2)

    def test_without_appwrite_the_run_fails_and_changes_nothing(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        before = shop.snapshot()
        shop.world.fail_always("find bookings", lambda: Retryable(Code.SERVICE_UNAVAILABLE))
        with pytest.raises(Retryable):
            shop.sweep(AFTER_THE_LEASE)
        assert shop.snapshot() == before


class TestUndoing:
    def incomplete(self) -> Shop:
        """Everything was written, and the money could not be returned."""
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail_always("refund payment", lost_answer)
        assert shop.failed().error.code is Code.ROLLBACK_FAILED
        return shop

    def test_what_could_not_be_undone_is_tried_again_until_it_can(self) -> None:
        shop = self.incomplete()
        assert shop.sweep(AFTER_THE_LEASE).retried == 1
        report = shop.reports()[0]
        assert (report["state"], report["attempts"]) == ("retrying", 2)
        assert report["nextAttemptAt"] == to_text(shop.now + timedelta(minutes=2))
        assert shop.sweep().examined == 0
        shop.world.faults.clear()
        assert shop.sweep(200).undone == 1
        assert shop.reports()[0]["state"] == "complete"
        assert shop.reports()[0]["moneyAtRisk"] == 0
        balanced(shop)

    def test_the_client_is_told_that_its_money_is_on_its_way(self) -> None:
        shop = self.incomplete()
        shop.sweep(AFTER_THE_LEASE)
        again = shop.failed()
        assert again.replayed
        assert "will be refunded" in again.error.message

    def test_after_eight_attempts_it_is_for_a_person(self) -> None:
        shop = self.incomplete()
        escalated = [shop.sweep(10_000).escalated for _ in range(9)]
        assert escalated == [0] * 6 + [1, 0, 0]
        report = shop.reports()[0]
        assert (report["state"], report["attempts"], report["moneyAtRisk"]) == ("needs_operator", 8, PRICE)
        assert shop.audit() == []
        assert shop.sweep().remaining == 0

    def test_one_report_tells_of_all_attempts(self) -> None:
        shop = self.incomplete()
        shop.sweep(AFTER_THE_LEASE)
        (report,) = shop.reports()
        assert report["failedStep"] == "outcome"
        assert '{"step":"payment","status":"failed","attempts":8' in report["undos"]
        assert '{"step":"ticket","status":"undone","attempts":1' in report["undos"]

    def test_a_refund_that_comes_back_is_for_a_person(self) -> None:
        shop = self.incomplete()
        shop.world.faults.clear()
        shop.sweep(AFTER_THE_LEASE)
        shop.gateway.pay("pay_1", PRICE)
        assert shop.sweep(1_000).escalated == 1
        assert shop.reports()[0]["state"] == "needs_operator"
        assert shop.sweep(10_000).examined == 0

    def test_what_a_person_has_settled_is_left_alone(self) -> None:
        shop = self.incomplete()
        shop.rows.tables[Table.ROLLBACK_REPORTS][shop.reports()[0]["$id"]]["state"] = "settled"
        shop.world.calls.clear()
        shop.sweep(AFTER_THE_LEASE)
        assert "refund payment" not in shop.world.calls
        assert shop.reports()[0]["state"] == "settled"
        assert shop.sweep().remaining == 0


def test_a_booking_is_finished_at_the_price_of_the_day_when_it_was_begun() -> None:
    shops = (killed_at(call, after_effect=True, state=PaymentState.CAPTURED) for call in range(MOST_CALLS))
    shop = next(shop for shop in shops if shop and shop.rows.all(Table.CLAIMS))
    assert not shop.rows.all(Table.ORDERS)
    paid = shop.gateway.payments["pay_1"].amount.amount
    shop.rows.tables[Table.EVENTS]["concert"].update(feeBasisPoints=1_000)
    shop.rows.tables[Table.TICKET_TYPES]["standing"].update(price=1)
    shop.settle()
    [order] = shop.rows.all(Table.ORDERS)
    assert order["total"] == sum(line["amount"] for line in json.loads(order["lines"])) == paid

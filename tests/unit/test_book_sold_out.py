"""Fewer units than buyers."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.shop import NOTHING, POOL, PRICE, Shop, broken


class TestSoldOut:
    def test_a_captured_payment_is_refunded_and_the_failure_is_remembered(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        failed = shop.failed()
        assert failed.error.code is Code.INSUFFICIENT_TICKETS
        assert failed.error.details["available"] == 0
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        again = shop.failed()
        assert again.replayed
        assert again.error.code is Code.INSUFFICIENT_TICKETS
        assert "refunded" in again.error.message

    def test_costs_two_calls_when_it_is_known(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        shop.failed()
        assert shop.appwrite_calls() == ["put bookings", "update bookings"]

    def test_costs_one_read_while_no_money_was_taken_and_writes_nothing(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.INSUFFICIENT_TICKETS
        assert shop.appwrite_calls() == ["find bookings"]
        assert shop.booking() is None

    def test_is_found_out_by_a_function_that_does_not_know(self) -> None:
        shop = Shop(capacity=2)
        shop.sell(2)
        shop.memory.read(POOL, [])
        shop.gateway.pay("pay_1", PRICE)
        failed = shop.failed()
        assert failed.error.code is Code.INSUFFICIENT_TICKETS
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert shop.leftovers()["claims"] == 2

    def test_found_out_late_with_an_authorised_payment_leaves_no_trace(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.memory.read(POOL, [])
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.INSUFFICIENT_TICKETS
        assert shop.booking() is None
        assert shop.outcome() is None
        assert not shop.reports()

    def test_a_refund_that_fails_leaves_an_open_case(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail_always("refund payment", broken)
        failed = shop.failed()
        assert failed.error.code is Code.ROLLBACK_FAILED
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("rolled_back", "captured")
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [
            ("retrying", PRICE)
        ]

    def test_the_client_whose_answer_was_lost_still_gets_its_ticket(self) -> None:
        shop = Shop(capacity=1)
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        assert shop.booked().replayed

    def test_a_unit_that_came_back_is_sold_once_the_memory_is_old(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.rows.tables[Table.CLAIMS].clear()
        shop.time.seconds += 6
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()

    def test_fewer_left_than_wanted(self) -> None:
        shop = Shop(capacity=3)
        shop.sell(2)
        shop.gateway.pay("pay_1", 2 * PRICE)
        failed = shop.failed(quantity=2)
        assert failed.error.details["available"] == 1
        shop.gateway.pay("pay_2", PRICE)
        shop.booked("pay_2")

    @pytest.mark.parametrize(("buyers", "capacity"), [(10, 1), (60, 10), (60, 59)])
    def test_exactly_as_many_winners_as_units(self, buyers: int, capacity: int) -> None:
        shop = Shop(capacity=capacity)
        for number in range(buyers):
            shop.gateway.pay(f"pay_{number}", PRICE)

        async def all_at_once() -> list[Booked | Failed]:
            return await asyncio.gather(*(shop.book_async(f"pay_{number}") for number in range(buyers)))

        results = asyncio.run(all_at_once())
        assert sum(isinstance(result, Booked) for result in results) == capacity
        codes = {result.error.code for result in results if isinstance(result, Failed)}
        assert codes == {Code.INSUFFICIENT_TICKETS}
        assert len(shop.gateway.refunds) == buyers - capacity
        assert shop.leftovers() == dict.fromkeys(NOTHING, capacity)

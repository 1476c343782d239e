"""Paying for what is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.results import Booked
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay
from tests.unit.running import error_of
from tests.unit.shop import ANN, BOB, Shop
from tests.unit.world import Killed


class TestPaying:
    def test_the_booking_of_the_hold_is_completed(self) -> None:
        shop = Shop()
        kept = held(shop, 2)
        units = {claim["$id"] for claim in shop.rows.all(Table.CLAIMS) if claim["ticket"]}
        result = converted(shop, kept, pay(shop, kept))
        assert isinstance(result, Booked)
        assert result.booking.id == kept.booking.id
        assert {claim["$id"] for claim in shop.rows.all(Table.CLAIMS)} == units
        shop.settle()
        assert shop.audit() == []

    def test_an_authorised_payment_is_captured(self) -> None:
        shop = Shop()
        kept = held(shop)
        claim = pay(shop, kept, state=PaymentState.AUTHORISED)
        assert isinstance(converted(shop, kept, claim), Booked)
        assert shop.gateway.payments["pay_1"].state is PaymentState.CAPTURED

    def test_the_same_payment_again_gets_the_same_answer(self) -> None:
        shop = Shop()
        kept = held(shop)
        claim = pay(shop, kept)
        converted(shop, kept, claim)
        again = converted(shop, kept, claim)
        assert isinstance(again, Booked)
        assert again.replayed

    def test_who_asks_again_after_its_execution_has_died_gets_the_tickets(self) -> None:
        shop = Shop()
        kept = held(shop)
        claim = pay(shop, kept)
        shop.world.fail("create tickets", Killed)
        shop.world.fail("update bookings", Killed)
        with pytest.raises(Killed):
            converted(shop, kept, claim)
        shop.now += timedelta(seconds=119)
        assert error_of(convert(shop.desk(), ANN, kept.booking.id, claim)).code is Code.BOOKING_IN_PROGRESS
        shop.now += timedelta(seconds=1)
        assert isinstance(converted(shop, kept, claim), Booked)

    def test_who_pays_otherwise_meanwhile_has_to_wait_for_the_sweep(self) -> None:
        shop = Shop()
        kept = held(shop)
        shop.world.fail("update bookings", Killed)
        with pytest.raises(Killed):
            converted(shop, kept, pay(shop, kept))
        shop.now += timedelta(seconds=120)
        other = pay(shop, kept, "pay_2", state=PaymentState.AUTHORISED)
        for _ in range(2):
            refused = error_of(convert(shop.desk(), ANN, kept.booking.id, other))
            assert refused.code is Code.BOOKING_IN_PROGRESS
        shop.settle()
        assert [row["paymentId"] for row in shop.rows.all(Table.BOOKINGS)] == ["pay_1"]
        assert shop.audit() == []

    def test_another_orders_payment_is_refused_and_the_hold_stays(self) -> None:
        shop = Shop()
        kept = held(shop)
        claim = pay(shop, kept, order_id="order_of_somebody")
        refused = error_of(convert(shop.desk(), ANN, kept.booking.id, claim))
        assert refused.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.rows.all(Table.LEASES) == []
        assert isinstance(converted(shop, kept, pay(shop, kept, "pay_2")), Booked)

    def test_somebody_elses_hold_is_not_there(self) -> None:
        shop = Shop()
        kept = held(shop)
        refused = error_of(convert(shop.desk(), BOB, kept.booking.id, pay(shop, kept)))
        assert refused.code is Code.NOT_FOUND_ERROR
        assert shop.rows.all(Table.LEASES) == []

    def test_it_costs_four_waves(self) -> None:
        shop = Shop()
        shop.warm()
        kept = held(shop)
        claim = pay(shop, kept)
        shop.world.calls.clear()
        converted(shop, kept, claim)
        assert sorted(shop.appwrite_calls()) == sorted(
            [
                *("find bookings", "find outcomes", "find claims", "put leases"),
                *("update bookings", "create tickets", "put transactions", "put orders", "store file"),
                "put outcomes",
                *("update bookings", "delete claims"),
            ]
        )


def test_the_price_is_free_when_the_event_is() -> None:
    shop = Shop()
    shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
    kept = held(shop)
    assert kept.booking.gateway_order_id is None
    assert isinstance(converted(shop, kept, None), Booked)
    shop.settle()
    assert shop.audit() == []

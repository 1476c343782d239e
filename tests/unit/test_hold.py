"""Holding, and what its owner may do with a hold that is open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, list_holds, release_hold
from boxoffice.domain.codes import Code
from boxoffice.domain.selection import SomeTickets
from boxoffice.inventory.expiry import decide_expired
from boxoffice.inventory.memory import PoolMemory
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay
from tests.unit.running import error_of, run
from tests.unit.shop import ANN, BOB, Shop


class TestHolding:
    def test_units_are_kept_and_an_order_is_open(self) -> None:
        shop = Shop()
        kept = held(shop, 2)
        assert len(kept.places) == 2
        row = shop.rows.tables[Table.BOOKINGS][kept.booking.id]
        assert (row["status"], row["paymentId"]) == ("held", None)
        assert row["gatewayOrderId"] in shop.gateway.orders
        assert shop.gateway.orders[row["gatewayOrderId"]].amount == kept.booking.total
        tickets = sorted(claim["ticket"] for claim in shop.rows.all(Table.CLAIMS))
        assert tickets == [0, 1, 2]

    def test_what_it_counts_nobody_can_see(self) -> None:
        shop = Shop()
        held(shop, 2)
        shown = [
            row["ticket"] for row in shop.rows.all(Table.CLAIMS) if shop.rows.public[Table.CLAIMS, row["$id"]]
        ]
        assert sorted(shown) == [1, 2]

    def test_it_costs_two_waves(self) -> None:
        shop = Shop()
        shop.warm()
        held(shop)
        assert shop.appwrite_calls() == ["put bookings", "open order", "create claims", "update bookings"]

    def test_sold_out_keeps_nothing(self) -> None:
        shop = Shop(capacity=1)
        held(shop)
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
        refused = error_of(hold(shop.desk(), BOB, wish))
        assert refused.code is Code.INSUFFICIENT_TICKETS
        assert refused.details["conflict"]["kind"] == "HOLD_CONFLICT"
        assert shop.count(Table.BOOKINGS) == [1]

    @pytest.mark.parametrize(("price", "off"), [(99, None), (1, None), (500, 450)])
    def test_what_costs_less_than_can_be_paid_is_refused(self, price: int, off: int | None) -> None:
        shop = Shop()
        shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = price
        shop.rows.seed(Table.PROMO_CODES, "spring", code="SPRING", currency="INR", amount=off or 1)
        before = shop.snapshot()
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),), "SPRING" if off else None)
        refused = error_of(hold(shop.desk(), ANN, wish))
        assert (refused.code, refused.details["least"]) == (Code.VALIDATION_ERROR, 100)
        assert "INR 1.00" in refused.message
        assert not refused.rule.retryable
        assert shop.snapshot() == before

    @pytest.mark.parametrize("price", [0, 100])
    def test_what_costs_nothing_or_as_little_as_can_be_paid_is_held(self, price: int) -> None:
        shop = Shop()
        shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = price
        assert held(shop).booking.total.amount == price

    def test_too_many_open_holds(self) -> None:
        shop = Shop()
        for _ in range(3):
            held(shop)
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
        assert error_of(hold(shop.desk(), ANN, wish)).code is Code.HOLD_LIMIT
        assert held(shop, caller=BOB)

    def test_one_that_was_paid_in_another_function_does_not_count_any_more(self) -> None:
        shop = Shop()
        first, *_ = [held(shop) for _ in range(3)]
        memory, shop.memory = shop.memory, PoolMemory(lambda: shop.time.seconds)
        converted(shop, first, pay(shop, first))
        shop.memory = memory
        assert held(shop)

    def test_the_same_request_is_the_same_hold(self) -> None:
        shop = Shop()
        first, second = held(shop, request_id="r1"), held(shop, request_id="r1")
        assert second.replayed
        assert second.booking.id == first.booking.id
        assert second.booking.gateway_order_id == first.booking.gateway_order_id
        assert len(shop.rows.all(Table.CLAIMS)) == 2

    def test_a_request_id_that_was_used_for_something_else_is_refused(self) -> None:
        shop = Shop(capacity=2)
        first = held(shop, 1, request_id="r1")
        before = shop.snapshot()
        # Also when there would not be enough of it.
        for quantity, promo_code in ((2, None), (1, "SPRING")):
            shop.rows.seed(Table.PROMO_CODES, "spring", code="SPRING", currency="INR", basisPoints=1_000)
            wish = HoldWish((SomeTickets("concert", "standing", None, quantity),), promo_code, "r1")
            refused = error_of(hold(shop.desk(), ANN, wish))
            assert (refused.code, refused.details["field"]) == (Code.VALIDATION_ERROR, "requestId")
        del shop.rows.tables[Table.PROMO_CODES]["spring"]
        assert shop.snapshot() == before
        assert held(shop, 1, request_id="r1").booking.id == first.booking.id

    def test_a_request_id_is_not_free_for_something_else_when_its_hold_has_ended(self) -> None:
        shop = Shop()
        kept = held(shop, 1, request_id="r1")
        run(release_hold(shop.desk(), "ann", kept.booking.id))
        wish = HoldWish((SomeTickets("concert", "standing", None, 2),), None, "r1")
        assert error_of(hold(shop.desk(), ANN, wish)).code is Code.VALIDATION_ERROR

    def test_its_order_is_the_makers_to_write_down_while_it_may_be_alive(self) -> None:
        shop = Shop()
        first = held(shop, request_id="r1")
        row = shop.rows.tables[Table.BOOKINGS][first.booking.id]
        row["gatewayOrderId"] = None
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),), None, "r1")
        assert error_of(hold(shop.desk(), ANN, wish)).code is Code.BOOKING_IN_PROGRESS
        shop.now += timedelta(seconds=91)
        second = held(shop, request_id="r1")
        assert second.replayed
        assert second.booking.gateway_order_id == row["gatewayOrderId"] is not None


class TestOpenHolds:
    def test_listing_extending_releasing(self) -> None:
        shop = Shop()
        kept = held(shop)
        assert [one.id for one in run(list_holds(shop.desk(), "ann"))] == [kept.booking.id]
        shop.now += timedelta(minutes=10)
        longer = run(extend_hold(shop.desk(), "ann", kept.booking.id))
        assert longer.booking.held_until == shop.now + timedelta(minutes=15)
        shop.now += timedelta(minutes=14)
        longest = run(extend_hold(shop.desk(), "ann", kept.booking.id))
        assert longest.booking.held_until == shop.now + timedelta(minutes=6)
        run(release_hold(shop.desk(), "ann", kept.booking.id))
        assert shop.rows.all(Table.CLAIMS) == []
        assert run(list_holds(shop.desk(), "ann")) == []

    def test_one_that_is_over_before_its_row_says_so_is_not_listed(self) -> None:
        shop = Shop()
        kept, other = held(shop), held(shop)
        run(decide_expired(shop.rows, [kept.booking.id]))
        assert [one.id for one in run(list_holds(shop.desk(), "ann"))] == [other.booking.id]

    def test_what_has_ended_cannot_be_extended(self) -> None:
        shop = Shop()
        kept = held(shop)
        shop.now += timedelta(minutes=15)
        assert error_of(extend_hold(shop.desk(), "ann", kept.booking.id)).code is Code.HOLD_EXPIRED

    def test_somebody_elses_is_not_there(self) -> None:
        shop = Shop()
        kept = held(shop)
        for work in (extend_hold, release_hold):
            refused = error_of(work(shop.desk(), "bob", kept.booking.id))
            assert refused.code is Code.NOT_FOUND_ERROR

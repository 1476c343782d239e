"""Holding, and paying for what is held."""

from __future__ import annotations

from datetime import timedelta

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, list_holds, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.pools import Claim, ClaimState
from boxoffice.domain.selection import SomeTickets
from boxoffice.inventory.expiry import decide_expired
from boxoffice.inventory.memory import PoolMemory
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay, refusal, run
from tests.unit.shop import ANN, BOB, Shop
from tests.unit.world import Killed


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
        refused = refusal(hold(shop.desk(), BOB, wish))
        assert refused.code is Code.INSUFFICIENT_TICKETS
        assert refused.details["conflict"]["kind"] == "HOLD_CONFLICT"
        assert shop.count(Table.BOOKINGS) == [1]

    def test_too_many_open_holds(self) -> None:
        shop = Shop()
        for _ in range(3):
            held(shop)
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
        assert refusal(hold(shop.desk(), ANN, wish)).code is Code.HOLD_LIMIT
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

    def test_its_order_is_the_makers_to_write_down_while_it_may_be_alive(self) -> None:
        shop = Shop()
        first = held(shop, request_id="r1")
        row = shop.rows.tables[Table.BOOKINGS][first.booking.id]
        row["gatewayOrderId"] = None
        wish = HoldWish((SomeTickets("concert", "standing", None, 1),), None, "r1")
        assert refusal(hold(shop.desk(), ANN, wish)).code is Code.BOOKING_IN_PROGRESS
        shop.now += timedelta(seconds=91)
        second = held(shop, request_id="r1")
        assert second.replayed
        assert second.booking.gateway_order_id == row["gatewayOrderId"] is not None


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
        assert refusal(convert(shop.desk(), ANN, kept.booking.id, claim)).code is Code.BOOKING_IN_PROGRESS
        shop.now += timedelta(seconds=1)
        assert refusal(convert(shop.desk(), ANN, kept.booking.id, claim)).code is Code.BOOKING_IN_PROGRESS
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
            refused = refusal(convert(shop.desk(), ANN, kept.booking.id, other))
            assert refused.code is Code.BOOKING_IN_PROGRESS
        shop.settle()
        assert [row["paymentId"] for row in shop.rows.all(Table.BOOKINGS)] == ["pay_1"]
        assert shop.audit() == []

    def test_another_orders_payment_is_refused_and_the_hold_stays(self) -> None:
        shop = Shop()
        kept = held(shop)
        claim = pay(shop, kept, order_id="order_of_somebody")
        refused = refusal(convert(shop.desk(), ANN, kept.booking.id, claim))
        assert refused.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.rows.all(Table.LEASES) == []
        assert isinstance(converted(shop, kept, pay(shop, kept, "pay_2")), Booked)

    def test_somebody_elses_hold_is_not_there(self) -> None:
        shop = Shop()
        kept = held(shop)
        refused = refusal(convert(shop.desk(), BOB, kept.booking.id, pay(shop, kept)))
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


class TestEnding:
    def test_it_is_inert_at_once(self) -> None:
        shop = Shop(capacity=1)
        kept = held(shop)
        shop.now += timedelta(minutes=15)
        shop.time.seconds += 900
        assert held(shop, caller=BOB)
        assert shop.rows.tables[Table.OUTCOMES][kept.booking.id]["outcome"] == "EXPIRED"

    def test_units_that_are_still_free_are_got_again(self) -> None:
        shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        assert shop.rows.all(Table.CLAIMS) == []
        result = converted(shop, kept, pay(shop, kept))
        assert isinstance(result, Booked)
        assert result.booking.id != kept.booking.id
        shop.settle()
        assert shop.audit() == []

    def test_and_otherwise_the_money_goes_back(self) -> None:
        shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        held(shop, caller=BOB)
        result = converted(shop, kept, pay(shop, kept))
        assert isinstance(result, Failed)
        assert result.error.code is Code.HOLD_EXPIRED
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        again = run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        assert isinstance(again, Failed)
        assert (again.error.code, again.replayed) == (Code.HOLD_EXPIRED, True)

    def test_they_are_got_again_once_however_often_it_is_paid(self) -> None:
        shop = Shop()
        kept = held(shop)
        shop.sweep(901)
        assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
        claim = pay(shop, kept, "pay_2", state=PaymentState.AUTHORISED)
        refused = refusal(convert(shop.desk(), ANN, kept.booking.id, claim))
        assert refused.code is Code.INVALID_STATUS_TRANSITION
        assert shop.gateway.payments["pay_2"].state is PaymentState.AUTHORISED
        again = converted(shop, kept, PaymentClaim("pay_1"))
        assert isinstance(again, Booked)
        assert again.replayed

    def test_what_somebody_else_has_just_given_back_is_got_again(self) -> None:
        shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        other = held(shop, caller=BOB)
        # In another execution, so that this function still remembers that it is taken.
        run(release_hold(shop.desk(), "bob", other.booking.id))
        shop.memory.claimed([Claim(place.units[0], "x", ClaimState.SOLD, None) for place in other.places])
        assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)

    def test_units_whose_hold_has_just_been_ended_by_somebody_else_are_free(self) -> None:
        shop = Shop(capacity=1)
        kept = held(shop)
        shop.now += timedelta(minutes=15)
        shop.time.seconds += 900
        run(decide_expired(shop.rows, [kept.booking.id]))
        shop.rows.tables[Table.BOOKINGS][kept.booking.id]["status"] = "expired"
        assert held(shop, caller=BOB)

    def test_somebody_who_paid_and_went_away_gets_the_tickets(self) -> None:
        shop = Shop()
        kept = held(shop)
        pay(shop, kept)
        shop.settle()
        assert [row["status"] for row in shop.rows.all(Table.BOOKINGS) if row["paymentId"]] == ["confirmed"]
        assert shop.audit() == []

    def test_the_sweep_ends_many_at_once(self) -> None:
        shop = Shop(capacity=30)
        for number in range(20):
            held(shop, caller=Caller(f"user-{number}", None))
        swept = shop.sweep(901)
        assert swept.expired == 20
        assert shop.rows.all(Table.CLAIMS) == []
        shop.settle()
        assert {row["status"] for row in shop.rows.all(Table.BOOKINGS)} == {"expired"}


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
        assert refusal(extend_hold(shop.desk(), "ann", kept.booking.id)).code is Code.HOLD_EXPIRED

    def test_somebody_elses_is_not_there(self) -> None:
        shop = Shop()
        kept = held(shop)
        for work in (extend_hold, release_hold):
            refused = refusal(work(shop.desk(), "bob", kept.booking.id))
            assert refused.code is Code.NOT_FOUND_ERROR


def test_the_price_is_free_when_the_event_is() -> None:
    shop = Shop()
    shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
    kept = held(shop)
    assert kept.booking.gateway_order_id is None
    assert isinstance(converted(shop, kept, None), Booked)
    shop.settle()
    assert shop.audit() == []

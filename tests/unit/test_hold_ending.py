"""Holds that end before they are paid for, and who pays for them all the same."""

from __future__ import annotations

from datetime import timedelta

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.pools import Claim, ClaimState
from boxoffice.inventory.expiry import decide_expired
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay
from tests.unit.running import error_of, run
from tests.unit.shop import ANN, BOB, Shop


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
        refused = error_of(convert(shop.desk(), ANN, kept.booking.id, claim))
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

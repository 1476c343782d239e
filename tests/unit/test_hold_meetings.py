"""Holds whose executions sleep while others act: one outcome, and nothing is left."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.draft import LEASE
from boxoffice.bookings.hold import Held
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.stored_hold import StoredHold
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table

from tests.unit.hold_acts import converting, extending, taking_over
from tests.unit.hold_meetings import (
    each_sleep,
    extended,
    first_hold,
    paid_otherwise,
    released,
    swept_at_the_end,
    taken_at_the_end,
)
from tests.unit.holding import held
from tests.unit.shop import ANN, Shop


class TestWhileAPayerSleeps:
    def test_the_hold_ends_and_is_paid_for_all_the_same_or_the_money_goes_back(self) -> None:
        endings = set()
        for shop, paying, _ in each_sleep(converting(), swept_at_the_end):
            endings.add("booked" if isinstance(paying, Booked) else code_of(paying))
            again = convert(shop.desk(), ANN, first_hold(shop), PaymentClaim("pay_1"))
            assert isinstance(asyncio.run(again), Booked)
        # The sweep finds the payment at the gateway, and may be the one that books with it.
        assert endings == {"booked", Code.DUPLICATE_PAYMENT, Code.BOOKING_IN_PROGRESS}

    def test_somebody_takes_the_units_or_does_not(self) -> None:
        endings = set()
        for shop, paying, taking in each_sleep(converting(), taken_at_the_end):
            assert isinstance(paying, Booked) != isinstance(taking, Held)
            endings.add(type(paying))
            if isinstance(paying, Failed):
                assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert endings == {Booked, Failed}

    def test_the_owner_releases_it_or_is_told_that_it_is_being_paid(self) -> None:
        for _, paying, releasing in each_sleep(converting(), released):
            if isinstance(releasing, BoxofficeError):
                assert isinstance(paying, Booked)
                assert releasing.code in (Code.BOOKING_IN_PROGRESS, Code.INVALID_STATUS_TRANSITION)

    def test_two_payments_never_complete_one_hold(self) -> None:
        endings = set()
        for shop, paying, other in each_sleep(converting(PaymentState.AUTHORISED), paid_otherwise):
            booked = [one for one in (paying, other) if isinstance(one, Booked)]
            assert len(booked) == 1
            assert len(shop.rows.all(Table.TICKETS)) == 2
            endings.add(booked[0].booking.payment_id)
        assert endings == {"pay_1", "pay_2"}

    def test_it_can_be_extended_meanwhile(self) -> None:
        for _, paying, _ in each_sleep(converting(), extended):
            assert isinstance(paying, Booked)


def test_a_short_hold_that_is_over_is_not_being_made(shop: Shop) -> None:
    """It ends before the lease of whoever makes it, and its units may go between two reads of it."""
    shop.rows.tables[Table.EVENTS]["concert"]["holdSeconds"] = 60
    kept = held(shop)
    seen = StoredHold(kept.booking, None, ())
    made_at = kept.booking.lease_until - LEASE
    assert seen.is_being_made(made_at + timedelta(seconds=59))
    assert not seen.is_being_made(made_at + timedelta(seconds=60))


class TestWhileSomebodyTakesOver:
    def test_its_owner_pays_in_the_last_moment(self) -> None:
        async def pay(shop: Shop) -> Any:
            order_id = shop.rows.tables[Table.BOOKINGS][first_hold(shop)]["gatewayOrderId"]
            shop.gateway.pay("pay_1", shop.gateway.orders[order_id].amount.amount, order_id=order_id)
            return await convert(shop.desk(), ANN, first_hold(shop), PaymentClaim("pay_1"))

        endings = set()
        for _, taking, paying in each_sleep(taking_over, pay):
            assert isinstance(paying, Booked) != isinstance(taking, Held)
            endings.add(type(paying))
        assert endings == {Booked, Failed}

    def test_the_sweep_does_the_same(self) -> None:
        for _, taking, _ in each_sleep(taking_over, lambda shop: sweep(shop.desk())):
            assert isinstance(taking, Held)


class TestWhileItIsExtended:
    def test_it_ends_and_nobody_keeps_a_unit(self) -> None:
        for shop, extending_it, taking in each_sleep(extending, taken_at_the_end):
            assert isinstance(extending_it, Held) or code_of(extending_it) is Code.HOLD_EXPIRED
            assert isinstance(taking, Held) or isinstance(extending_it, Held), shop.world.calls


def code_of(result: Any) -> Code:
    assert isinstance(result, Failed | BoxofficeError), result
    return result.error.code if isinstance(result, Failed) else result.code

"""Bookings and sweeps that die, sleep, and meet each other: one end, and the money is where it belongs."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from functools import partial

import pytest
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.dead_bookings import MOST_CALLS, balanced, killed_at
from tests.unit.interruptions import AFTER_THE_LEASE, sweep_dies, swept_later, while_asleep
from tests.unit.shop import PRICE, Shop, broken


@pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.AUTHORISED])
@pytest.mark.parametrize("fails", ["", "put outcomes", "put orders", "capture payment"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_a_booking_dies_the_sweep_ends_it(
    state: PaymentState, fails: str, after_effect: bool
) -> None:
    cases = 0
    for call in range(MOST_CALLS):
        shop = killed_at(call, after_effect, state, fails)
        if shop is None:
            break
        cases += 1
        was_begun = shop.booking() is not None
        shop.settle()
        if was_begun:
            balanced(shop)
        before = shop.snapshot()
        assert shop.sweep().examined == 0
        assert shop.snapshot() == before
        # The client's repetition ends in exactly one ticket or one refund.
        again = shop.book("pay_1", 2)
        shop.settle()
        balanced(shop)
        if not isinstance(again, Booked):
            assert not shop.gateway.payments["pay_1"].is_captured
    assert 10 <= cases < MOST_CALLS


@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_the_sweep_itself_dies_another_one_goes_on(after_effect: bool) -> None:
    cases = 0
    for outer, inner in itertools.product(range(MOST_CALLS), repeat=2):
        shop = killed_at(outer, True, PaymentState.CAPTURED)
        if shop is None:
            break
        if shop.booking() is None:
            continue
        cases += sweep_dies(shop, inner, after_effect=after_effect, later=AFTER_THE_LEASE)
        shop.settle()
        balanced(shop)
    assert cases > 100


@pytest.mark.parametrize("fails", ["", "put outcomes", "put orders"])
@pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.AUTHORISED])
def test_an_execution_that_wakes_up_after_its_booking_was_ended_obeys(
    state: PaymentState, fails: str
) -> None:
    later = timedelta(seconds=AFTER_THE_LEASE)
    for call in range(MOST_CALLS):
        shop = Shop()
        shop.gateway.pay("pay_1", 2 * PRICE, state=state)
        if fails:
            shop.world.fail(fails, broken)
        booking, sweeping = partial(shop.book_async, "pay_1", 2), partial(swept_later, shop, later)
        came_to = asyncio.run(while_asleep(shop, call, booking, sweeping))
        if came_to is None:
            break
        result, _ = came_to
        shop.world.faults.clear()
        shop.settle()
        if shop.booking() is None:
            # It had not begun, or said itself that nothing came of it.
            shop.book("pay_1", 2)
            shop.settle()
        balanced(shop)
        assert isinstance(result, Failed) or shop.outcome() == "CONFIRMED"
        assert len(shop.gateway.refunds) <= 1
    assert call > 10


def test_what_a_zombie_leaves_is_found_at_the_next_look() -> None:
    shop = killed_at(4, True, PaymentState.AUTHORISED)
    assert shop is not None
    booking_id = ids.booking_id("pay_1")
    shop.sweep(AFTER_THE_LEASE)
    assert shop.outcome() == "ROLLED_BACK"
    shop.rows.seed(
        Table.CLAIMS,
        f"{ids.pool_id('standing')}.7",
        poolId=ids.pool_id("standing"),
        unit="7",
        eventId="concert",
        bookingId=booking_id,
        state="RESERVED",
        reservedUntil=to_text(shop.now),
    )
    asyncio.run(shop.gateway.capture("pay_1", Money(2 * PRICE, "INR")))
    assert shop.sweep(700).undone == 1
    balanced(shop)
    assert len(shop.gateway.refunds) == 1


def test_two_sweeps_at_once_refund_once_and_agree() -> None:
    for call in range(MOST_CALLS):
        shop = killed_at(call, True, PaymentState.CAPTURED)
        if shop is None:
            break
        if shop.booking() is None:
            continue
        shop.now += timedelta(seconds=AFTER_THE_LEASE)

        async def both(shop: Shop = shop) -> None:
            await asyncio.gather(sweep(shop.desk()), sweep(shop.desk()))

        asyncio.run(both())
        shop.settle()
        balanced(shop)
        assert len(shop.gateway.refunds) <= 1

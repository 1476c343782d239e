"""Cancellations that die, lose answers, sleep, and meet each other: one outcome, and money leaves once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest
from boxoffice.bookings.results import Booked
from boxoffice.cancellations.results import Cancelled
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.counter import ADA, Counter
from tests.unit.interruptions import AFTER_THE_LEASE, sweep_dies, swept_later, while_asleep
from tests.unit.shop import ANN, PRICE, broken, busy
from tests.unit.world import Killed, lost_answer

# More than a cancellation makes.
MOST_CALLS = 50

CALLS = (
    "find bookings", "find checkins", "find events", "put cancellations", "create checkins", "find claims",
    "update tickets where", "delete claims", "refund payment", "put transactions", "update cancellations",
    "find orders", "find transactions", "update bookings", "update orders",
)  # fmt: skip


def killed_at(call: int, after_effect: bool, *numbers: int) -> Counter | None:
    """A shop in which a cancellation died at that call; `None` when it does not make so many."""
    shop = Counter()
    shop.world.kill(call, after_effect=after_effect)
    try:
        shop.cancel(*numbers)
    except Killed:
        shop.world.revive()
        return shop
    return None


@pytest.mark.parametrize("numbers", [(), (2,)])
@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_a_cancellation_dies_the_sweep_ends_it(numbers: tuple[int, ...], after_effect: bool) -> None:
    for call in range(MOST_CALLS):
        shop = killed_at(call, after_effect, *numbers)
        if shop is None:
            break
        was_registered = bool(shop.rows.all(Table.CANCELLATIONS))
        shop.settle()
        assert bool(shop.fates()) == was_registered
        shop.check()
        before = shop.snapshot()
        assert shop.sweep().cancellations_finished == 0
        assert shop.snapshot() == before
        # The client's repetition gets the answer that it did not hear.
        assert shop.cancelled(*numbers).replayed == was_registered
        shop.settle()
        shop.check()
        assert len(shop.gateway.refunds) == 1
    assert 15 < call < MOST_CALLS


def test_the_calls_are_those_that_are_meant() -> None:
    shop = Counter()
    shop.cancelled(1)
    assert set(shop.world.calls) - {"find ticket_types"} == set(CALLS)


@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_the_sweep_itself_dies_another_one_goes_on(after_effect: bool) -> None:
    cases = 0
    for outer, inner in itertools.product(range(MOST_CALLS), repeat=2):
        shop = killed_at(outer, True, 1, 3)
        if shop is None:
            break
        if not shop.rows.all(Table.CANCELLATIONS):
            continue
        cases += sweep_dies(shop, inner, after_effect=after_effect, later=AFTER_THE_LEASE)
        shop.settle()
        shop.check()
        assert shop.income == PRICE
        assert len(shop.gateway.refunds) == 1
    assert cases > 100


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("error", [lost_answer, broken, busy])
@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("first", [1, 2])
def test_whatever_fails_the_client_learns_the_truth_and_the_rest_is_done_later(
    operation: str, error: Callable[[], Exception], after_effect: bool, first: int
) -> None:
    shop = Counter()
    shop.world.fail(operation, error, first=first, last=first, after_effect=after_effect)
    first_answer = shop.cancel(1, 2)
    is_decided = bool(shop.fates())
    assert is_decided or not isinstance(first_answer, Cancelled)
    shop.world.faults.clear()
    again = shop.cancelled(1, 2)
    assert again.cancellation.refund.amount == 2 * PRICE
    shop.settle()
    shop.check()
    assert shop.fates() == {1: "cancelled", 2: "cancelled"}
    assert len(shop.gateway.refunds) == 1


def each_sleep(
    meanwhile: Callable[[Counter], Awaitable[None]],
) -> list[tuple[Counter, object]]:
    """Every shop in which something happened while a cancellation of 1 and 2 slept, and its answer."""
    found: list[tuple[Counter, object]] = []
    for call in range(MOST_CALLS):
        shop = Counter()
        cancelling = partial(shop.cancel_async, 1, 2)
        came_to = asyncio.run(while_asleep(shop, call, cancelling, partial(meanwhile, shop)))
        if came_to is None:
            break
        answer, _ = came_to
        shop.settle()
        shop.check()
        assert len(shop.gateway.refunds) <= 2
        found.append((shop, answer))
    assert len(found) > 15
    return found


class TestWhileOneSleeps:
    def test_the_sweep_finishes_it_and_it_does_nothing_twice(self) -> None:
        swept = partial(swept_later, later=timedelta(seconds=AFTER_THE_LEASE))
        for shop, answer in each_sleep(swept):
            assert isinstance(answer, Cancelled)
            assert shop.income == PRICE
            assert len(shop.gateway.refunds) == 1

    def test_the_same_again_is_the_same(self) -> None:
        async def again(shop: Counter) -> None:
            assert isinstance(await shop.cancel_async(1, 2), Cancelled)

        for shop, answer in each_sleep(again):
            assert isinstance(answer, Cancelled)
            assert shop.states() == ["done"]
            assert len(shop.gateway.refunds) == 1

    @pytest.mark.parametrize("asker", [ANN, ADA])
    def test_another_that_overlaps_wins_or_loses_as_a_whole(self, asker: Caller) -> None:
        answers: list[object] = []

        async def other(shop: Counter) -> None:
            answers.append(await shop.cancel_async(2, 3, asker=asker))

        for (shop, answer), against in zip(each_sleep(other), answers, strict=True):
            assert isinstance(answer, Cancelled) != isinstance(against, Cancelled)
            assert shop.fates() in (
                {1: "cancelled", 2: "cancelled"},
                {2: "cancelled", 3: "cancelled"},
            )
            assert shop.income == PRICE

    def test_the_rest_is_cancelled_by_another_and_both_are_shown(self) -> None:
        async def other(shop: Counter) -> None:
            assert isinstance(await shop.cancel_async(3), Cancelled)

        for shop, answer in each_sleep(other):
            assert isinstance(answer, Cancelled)
            booking = shop.booking()
            assert booking is not None
            assert (booking["status"], booking["paymentStatus"]) == ("cancelled", "refunded")

    def test_the_gate_admits_or_is_too_late(self) -> None:
        admitted: list[bool] = []

        async def gate(shop: Counter) -> None:
            try:
                await shop.admit_async(2)
            except RowsTaken:
                admitted.append(False)
            else:
                admitted.append(True)

        for (shop, answer), came_in in zip(each_sleep(gate), admitted, strict=True):
            assert isinstance(answer, BoxofficeError) == came_in
            assert shop.fates() == ({2: "admitted"} if came_in else {1: "cancelled", 2: "cancelled"})
            assert shop.income == (3 * PRICE if came_in else PRICE)
        assert {True, False} == set(admitted)

    def test_somebody_else_buys_the_places_as_soon_as_they_are_free_and_keeps_them(self) -> None:
        bought: list[bool] = []

        async def buy(shop: Counter) -> None:
            shop.gateway.pay("pay_2", 8 * PRICE)
            bought.append(isinstance(await shop.book_async("pay_2", 8), Booked))

        for (shop, _), got in zip(each_sleep(buy), bought, strict=True):
            assert len(shop.rows.all(Table.CLAIMS)) == (9 if got else 1)
            assert len(shop.rows.all(Table.TICKETS)) == (11 if got else 3)
        assert {True, False} == set(bought)


def test_an_execution_that_wakes_up_does_not_make_a_cancelled_booking_confirmed_again() -> None:
    shop = Counter()
    shop.cancelled()
    # What `record_success` writes.
    booking = shop.booking()
    assert booking is not None
    booking.update(status="confirmed", paymentStatus="captured", checkAfter=booking["leaseUntil"])
    shop.settle()
    shop.check()


def test_a_row_that_says_nothing_is_in_nobodys_way() -> None:
    shop = killed_at(8, True, 1, 2)
    assert shop is not None
    (good,) = shop.rows.all(Table.CANCELLATIONS)
    bad = {**good, "$id": "cn-bad", "refundLines": "nonsense"}
    shop.rows.tables[Table.CANCELLATIONS]["cn-bad"] = bad
    assert shop.sweep(AFTER_THE_LEASE).cancellations_finished == 1
    assert shop.income == PRICE
    assert bad["checkAfter"] == to_text(shop.now + timedelta(hours=1))

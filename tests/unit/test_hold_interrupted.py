"""Holds whose executions die at any call: one outcome, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.errors import BoxofficeError
from boxoffice.schema import Table

from tests.unit.hold_acts import (
    ACTS,
    MOST_CALLS,
    UNTIL_THE_END,
    Act,
    balanced,
    dying,
    pass_time,
    releasing,
    sweeping,
    taking_over,
)
from tests.unit.hold_meetings import first_hold
from tests.unit.interruptions import sweep_dies
from tests.unit.shop import ANN, Shop


def attempt(act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    try:
        return asyncio.run(act())
    except BoxofficeError as error:
        return error


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_wherever_it_dies_the_sweep_ends_it(act: Act, after_effect: bool) -> None:
    for shop, _ in dying(act, after_effect):
        shop.settle()
        balanced(shop)
        before = shop.snapshot()
        assert shop.sweep().examined == 0
        assert shop.snapshot() == before


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_wherever_it_dies_its_client_may_ask_again(act: Act, after_effect: bool) -> None:
    for shop, again in dying(act, after_effect):
        first = attempt(again)
        shop.settle()
        balanced(shop)
        last = attempt(again)
        if isinstance(first, Booked):
            assert isinstance(last, Booked)
            assert last.booking.id == first.booking.id
        shop.settle()
        balanced(shop)


def test_wherever_the_sweep_dies_that_ends_a_dead_payers_work_another_one_goes_on() -> None:
    cases = 0
    for call in range(0, MOST_CALLS, 9):
        for shop, _ in dying(ACTS[1], after_effect=True):
            pass_time(shop, UNTIL_THE_END)
            cases += sweep_dies(shop, call, after_effect=bool(call % 2))
            shop.settle()
            balanced(shop)
    assert cases > 50


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", [sweeping, taking_over, releasing])
def test_who_pays_for_a_hold_whose_end_was_interrupted_gets_what_is_free(
    act: Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]], after_effect: bool
) -> None:
    for shop, _ in dying(Act("", act, 7), after_effect):
        booking_id = first_hold(shop)
        order_id = shop.rows.tables[Table.BOOKINGS][booking_id]["gatewayOrderId"]
        shop.gateway.pay("pay_1", shop.gateway.orders[order_id].amount.amount, order_id=order_id)
        is_free = all(claim["bookingId"] == booking_id for claim in shop.rows.all(Table.CLAIMS))
        result = asyncio.run(convert(shop.desk(), ANN, booking_id, PaymentClaim("pay_1")))
        assert isinstance(result, Booked if is_free else Failed)
        shop.settle()
        balanced(shop)

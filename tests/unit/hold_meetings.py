"""Every shop in which something happened to a hold while somebody else slept who was busy with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table

from tests.unit.hold_acts import MOST_CALLS, UNTIL_THE_END, WANTED, balanced, pass_time
from tests.unit.interruptions import while_asleep
from tests.unit.shop import ANN, BOB, Shop


async def answered(work: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await work()
    except BoxofficeError as error:
        return error


Meanwhile = Callable[[Shop], Awaitable[Any]]


def sleeps(
    prepare: Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]], meanwhile: Meanwhile
) -> Iterator[tuple[Shop, Any, Any]]:
    """Every shop in which something happened while the act slept; what the act and the other came to."""
    for call in range(MOST_CALLS):
        shop = Shop(capacity=2)
        act, other = partial(answered, prepare(shop)), partial(answered, partial(meanwhile, shop))
        results = asyncio.run(while_asleep(shop, call, act, other))
        if results is None:
            return
        yield shop, *results
    raise AssertionError("it never ends")


def each_sleep(
    prepare: Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]], meanwhile: Meanwhile
) -> Iterator[tuple[Shop, Any, Any]]:
    """Like `sleeps`, once the sweep has nothing left to do and the books balance."""
    for shop, act, other in sleeps(prepare, meanwhile):
        shop.settle()
        balanced(shop)
        yield shop, act, other


async def swept_at_the_end(shop: Shop) -> Any:
    pass_time(shop, UNTIL_THE_END)
    return await sweep(shop.desk())


async def taken_at_the_end(shop: Shop) -> Any:
    pass_time(shop, UNTIL_THE_END)
    return await hold(shop.desk(), BOB, HoldWish(WANTED))


async def released(shop: Shop) -> Any:
    return await release_hold(shop.desk(), "ann", first_hold(shop))


async def paid_otherwise(shop: Shop) -> Any:
    price = shop.rows.tables[Table.BOOKINGS][first_hold(shop)]["total"]
    shop.gateway.pay("pay_2", price, state=PaymentState.AUTHORISED)
    return await convert(shop.desk(), ANN, first_hold(shop), PaymentClaim("pay_2"))


async def extended(shop: Shop) -> Any:
    pass_time(shop, UNTIL_THE_END - timedelta(minutes=1))
    return await extend_hold(shop.desk(), "ann", first_hold(shop))


def first_hold(shop: Shop) -> str:
    return str(next(row["$id"] for row in shop.rows.all(Table.BOOKINGS) if row["userId"] == "ann"))

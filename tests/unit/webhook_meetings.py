"""Somebody who pays or books, and somebody else who acts in the middle of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.holding import held
from tests.unit.interruptions import swept_later, while_asleep
from tests.unit.shop import ANN, Shop
from tests.unit.webhook_scenes import MOST_CALLS, unclaimed

Work = Callable[[], Coroutine[Any, Any, Any]]


def while_it_sleeps(shop: Shop, call: int, work: Work, other: Work) -> bool:
    """Somebody sleeps before that call until somebody else has done something; whether they came so far."""
    sleeping, meanwhile = partial(or_refused, work), partial(or_refused, other)
    return asyncio.run(while_asleep(shop, call, sleeping, meanwhile)) is not None


async def or_refused(work: Work) -> None:
    """Does some work that may be refused."""
    try:
        await work()
    except BoxofficeError as error:
        assert isinstance(error, Rejected)


async def paid_with(shop: Shop, booking_id: str, payment_id: str = "pay_1") -> None:
    """Its client pays for a hold."""
    await convert(shop.desk(), ANN, booking_id, PaymentClaim(payment_id))


def meetings(with_hold: bool) -> Iterator[Shop]:
    """Somebody books with unclaimed money, or pays for a hold with it, and sleeps while it is returned."""
    for call in range(MOST_CALLS):
        shop = unclaimed()
        work: Work = partial(shop.book_async, "pay_1")
        if with_hold:
            work = partial(paid_with, shop, held(shop).booking.id)
        slept = while_it_sleeps(shop, call, work, partial(swept_later, shop, GRACE / 60))
        shop.settle()
        yield shop
        if not slept:
            return

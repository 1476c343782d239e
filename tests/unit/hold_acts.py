"""What is done about a hold, and every shop in which somebody died doing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.selection import SomeTickets
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table

from tests.unit.holding import held, pay
from tests.unit.interruptions import deaths
from tests.unit.shop import ANN, BOB, Shop

# More than anything here makes.
MOST_CALLS = 80

UNTIL_THE_END = timedelta(minutes=15)
WANTED = (SomeTickets("concert", "standing", None, 2),)


def pass_time(shop: Shop, time: timedelta) -> None:
    shop.now += time
    shop.time.seconds += time.total_seconds()


@dataclass(frozen=True)
class Act:
    """Something that is done about a hold of two tickets. `prepare` returns what is done then."""

    name: str
    prepare: Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]]
    least_calls: int

    def __str__(self) -> str:
        return self.name


def holding(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
    return lambda: hold(shop.desk(), ANN, HoldWish(WANTED, None, "request"))


def converting(
    state: PaymentState = PaymentState.CAPTURED,
    late: timedelta = timedelta(),
    swept: bool = False,
    gone: bool = False,
) -> Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]]:
    def prepare(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
        kept = held(shop, 2)
        claim = pay(shop, kept, state=state)
        pass_time(shop, late)
        if swept:
            shop.sweep()
        if gone:
            held(shop, 2, BOB)
        return lambda: convert(shop.desk(), ANN, kept.booking.id, claim)

    return prepare


def extending(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
    kept = held(shop, 2)
    pass_time(shop, timedelta(minutes=14))
    return lambda: extend_hold(shop.desk(), "ann", kept.booking.id)


def releasing(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
    kept = held(shop, 2)
    return lambda: release_hold(shop.desk(), "ann", kept.booking.id)


def sweeping(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
    held(shop, 2)
    pass_time(shop, UNTIL_THE_END)
    return lambda: sweep(shop.desk())


def taking_over(shop: Shop) -> Callable[[], Coroutine[Any, Any, Any]]:
    held(shop, 2)
    pass_time(shop, UNTIL_THE_END)
    return lambda: hold(shop.desk(), BOB, HoldWish(WANTED))


ACTS = (
    Act("hold", holding, 4),
    Act("convert", converting(), 11),
    Act("capture and convert", converting(PaymentState.AUTHORISED), 12),
    Act("convert what has ended", converting(late=UNTIL_THE_END), 11),
    Act("get what was swept away", converting(late=UNTIL_THE_END, swept=True), 11),
    Act("too late", converting(late=UNTIL_THE_END, gone=True), 5),
    Act("extend", extending, 6),
    Act("release", releasing, 7),
    Act("expire", sweeping, 7),
    Act("take over", taking_over, 8),
)


def dying(act: Act, after_effect: bool) -> Iterator[tuple[Shop, Callable[[], Coroutine[Any, Any, Any]]]]:
    """Every shop in which the act died at another call, and the act, to be tried again."""

    def prepared() -> tuple[Shop, Callable[[], Coroutine[Any, Any, Any]]]:
        shop = Shop(capacity=2)
        return shop, act.prepare(shop)

    def done(shop: Shop, work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        asyncio.run(work())

    return deaths(prepared, done, after_effect=after_effect, least_calls=act.least_calls)


def balanced(shop: Shop) -> None:
    """Tickets for the money, or the money back and no trace; nobody keeps a unit for nothing."""
    assert shop.audit() == []
    outcomes = {row["$id"]: row["outcome"] for row in shop.rows.all(Table.OUTCOMES)}
    expired = [row["$id"] for row in shop.rows.all(Table.BOOKINGS) if row["status"] == "expired"]
    assert {outcomes.get(booking_id) for booking_id in expired} <= {"EXPIRED"}
    confirmed = {row["$id"]: row for row in shop.rows.all(Table.BOOKINGS) if row["status"] == "confirmed"}
    assert {claim["bookingId"] for claim in shop.rows.all(Table.CLAIMS)} == set(confirmed)
    assert {claim["state"] for claim in shop.rows.all(Table.CLAIMS)} <= {"SOLD"}
    assert {ticket["bookingId"] for ticket in shop.rows.all(Table.TICKETS)} == set(confirmed)
    assert {row["checkAfter"] for row in shop.rows.all(Table.BOOKINGS)} <= {None}
    paid_for = {row["paymentId"] for row in confirmed.values()}
    assert len(paid_for) == len(confirmed)
    kept = {payment.id for payment in shop.gateway.payments.values() if payment.is_captured}
    assert kept == paid_for

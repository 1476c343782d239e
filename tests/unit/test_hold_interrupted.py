"""Holds whose executions die at any call, or sleep while others act: one outcome, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.selection import SomeTickets
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table

from tests.unit.holding import held, pay
from tests.unit.interruptions import sweep_dies, while_asleep
from tests.unit.shop import ANN, BOB, Shop
from tests.unit.world import Killed

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


def deaths(act: Act, after_effect: bool) -> Iterator[tuple[Shop, Callable[[], Coroutine[Any, Any, Any]]]]:
    """Every shop in which the act died at another call, and the act, to be tried again."""
    for call in range(MOST_CALLS):
        shop = Shop(capacity=2)
        again = act.prepare(shop)
        shop.world.kill(call, after_effect=after_effect)
        try:
            asyncio.run(again())
        except Killed:
            shop.world.revive()
            yield shop, again
        else:
            assert call >= act.least_calls
            return
    raise AssertionError("it never ends")


def attempt(act: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    try:
        return asyncio.run(act())
    except BoxofficeError as error:
        return error


def balanced(shop: Shop) -> None:
    """Tickets for the money, or the money back and no trace; nobody keeps a unit for nothing."""
    assert shop.audit() == []
    confirmed = {row["$id"]: row for row in shop.rows.all(Table.BOOKINGS) if row["status"] == "confirmed"}
    assert {claim["bookingId"] for claim in shop.rows.all(Table.CLAIMS)} == set(confirmed)
    assert {claim["state"] for claim in shop.rows.all(Table.CLAIMS)} <= {"SOLD"}
    assert {ticket["bookingId"] for ticket in shop.rows.all(Table.TICKETS)} == set(confirmed)
    assert {row["checkAfter"] for row in shop.rows.all(Table.BOOKINGS)} <= {None}
    paid_for = {row["paymentId"] for row in confirmed.values()}
    assert len(paid_for) == len(confirmed)
    kept = {payment.id for payment in shop.gateway.payments.values() if payment.is_captured}
    assert kept == paid_for


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_wherever_it_dies_the_sweep_ends_it(act: Act, after_effect: bool) -> None:
    for shop, _ in deaths(act, after_effect):
        shop.settle()
        balanced(shop)
        before = shop.snapshot()
        assert shop.sweep().examined == 0
        assert shop.snapshot() == before


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_wherever_it_dies_its_client_may_ask_again(act: Act, after_effect: bool) -> None:
    for shop, again in deaths(act, after_effect):
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
        for shop, _ in deaths(ACTS[1], after_effect=True):
            pass_time(shop, UNTIL_THE_END)
            cases += sweep_dies(shop, call, after_effect=bool(call % 2))
            shop.settle()
            balanced(shop)
    assert cases > 50


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


class TestWhileAPayerSleeps:
    def test_the_hold_ends_and_is_paid_for_all_the_same_or_the_money_goes_back(self) -> None:
        endings = set()
        for _, paying, _ in each_sleep(converting(), swept_at_the_end):
            endings.add("booked" if isinstance(paying, Booked) else code_of(paying))
        assert endings == {"booked", Code.HOLD_EXPIRED, Code.BOOKING_IN_PROGRESS}

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


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("act", [sweeping, taking_over, releasing])
def test_who_pays_for_a_hold_whose_end_was_interrupted_gets_what_is_free(
    act: Callable[[Shop], Callable[[], Coroutine[Any, Any, Any]]], after_effect: bool
) -> None:
    for shop, _ in deaths(Act("", act, 7), after_effect):
        booking_id = first_hold(shop)
        order_id = shop.rows.tables[Table.BOOKINGS][booking_id]["gatewayOrderId"]
        shop.gateway.pay("pay_1", shop.gateway.orders[order_id].amount.amount, order_id=order_id)
        is_free = all(claim["bookingId"] == booking_id for claim in shop.rows.all(Table.CLAIMS))
        result = asyncio.run(convert(shop.desk(), ANN, booking_id, PaymentClaim("pay_1")))
        assert isinstance(result, Booked if is_free else Failed)
        shop.settle()
        balanced(shop)


def code_of(result: Any) -> Code:
    assert isinstance(result, Failed | BoxofficeError), result
    return result.error.code if isinstance(result, Failed) else result.code

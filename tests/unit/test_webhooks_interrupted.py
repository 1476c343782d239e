"""Webhooks that die, lose answers, sleep, come in any order and meet each other: money ends in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table
from boxoffice.webhooks.take import Delivery, take
from boxoffice.webhooks.unclaimed import GRACE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.counter import Counter
from tests.unit.gateway_post import Post
from tests.unit.holding import held, pay
from tests.unit.interruptions import swept_later, while_asleep
from tests.unit.shop import ANN, BOB, PRICE, Shop, busy
from tests.unit.world import Killed, lost_answer

# More than any event makes.
MOST_CALLS = 150

HOLD_IS_OVER = 901

CALLS = (
    "put webhook_events", "update webhook_events", "find bookings", "fetch payment", "find outcomes",
    "find claims", "put leases", "update bookings", "put outcomes", "create tickets", "put orders",
    "put transactions", "store file", "put bookings", "create claims", "refund payment", "capture payment",
    "list payments", "update claims where", "update bookings where", "delete leases",
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What was there before the event `name` of `pay_1`, and where its money may end."""

    label: str
    name: str
    prepare: Callable[[], Shop]
    ends: frozenset[PaymentState]

    def __str__(self) -> str:
        return self.label


def paid(state: PaymentState = PaymentState.CAPTURED) -> Shop:
    """A hold that is paid for, and whose client has gone."""
    shop = Shop(capacity=1)
    pay(shop, held(shop), state=state)
    return shop


def paid_late(gone: bool) -> Shop:
    """A hold that is paid for when it is over."""
    shop = Shop(capacity=1)
    kept = held(shop)
    shop.sweep(HOLD_IS_OVER)
    if gone:
        held(shop, caller=BOB)
    pay(shop, kept)
    return shop


def paid_twice() -> Shop:
    """A hold that was completed with another payment."""
    shop = Shop(capacity=1)
    kept = held(shop)
    pay(shop, kept, "pay_0")
    asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_0")))
    pay(shop, kept)
    return shop


def failed() -> Shop:
    """A hold whose payment has failed."""
    return paid(PaymentState.FAILED)


def unclaimed() -> Shop:
    """Money that no booking names, for longer than its time of grace."""
    shop = Shop(capacity=1)
    shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
    Post(shop).send("payment.captured", event_id="evt_1")
    shop.now += GRACE
    return shop


def bounced() -> Shop:
    """A cancellation whose refund has failed at the bank."""
    shop = Counter()
    shop.cancel()
    [key] = shop.gateway.refunds
    shop.settle()
    shop.gateway.bounce(key)
    return shop


TAKEN, BACK = frozenset({PaymentState.CAPTURED}), frozenset({PaymentState.REFUNDED})
SCENES = (
    Scene("a client that has gone", "payment.captured", paid, TAKEN),
    Scene(
        "one that is only authorised",
        "payment.authorized",
        lambda: paid(PaymentState.AUTHORISED),
        frozenset({PaymentState.CAPTURED, PaymentState.AUTHORISED}),
    ),
    Scene("too late and still free", "payment.captured", lambda: paid_late(gone=False), TAKEN | BACK),
    Scene("too late and gone", "payment.captured", lambda: paid_late(gone=True), BACK),
    Scene("a second payment", "payment.captured", paid_twice, BACK),
    Scene("a payment that failed", "payment.failed", failed, frozenset({PaymentState.FAILED})),
    Scene("money that nobody claims", "payment.captured", unclaimed, BACK),
    Scene("a refund that failed", "refund.failed", bounced, TAKEN),
)


def check(shop: Shop) -> None:
    """Every event has come to an end, money left once, and the books balance."""
    assert {row["state"] for row in shop.rows.all(Table.WEBHOOK_EVENTS)} <= {"done", "needs_operator"}
    keys = [key for key, (payment, _) in shop.gateway.refunds.items() if payment == "pay_1"]
    assert len(keys) <= 1
    booked = {
        row["paymentId"]
        for row in shop.rows.all(Table.BOOKINGS)
        if row["status"] in ("confirmed", "completed", "no_show")
    }
    cases = {row["paymentId"] for row in shop.reports() if row["state"] == "needs_operator"}
    for payment in shop.gateway.payments.values():
        if payment.is_captured:
            assert payment.id in booked | cases
        else:
            assert payment.id not in booked
    assert shop.audit() == []


def deliver(shop: Shop, delivery: Delivery) -> None:
    """The gateway sends it, again if need be."""
    try:
        asyncio.run(take(shop.desk(), delivery))
    except BoxofficeError as error:
        assert error.rule.retryable


@pytest.mark.parametrize("scene", SCENES, ids=str)
@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_it_dies_it_comes_to_the_same_end(scene: Scene, after_effect: bool) -> None:
    for call in range(MOST_CALLS):
        shop = scene.prepare()
        delivery = Post(shop).delivery(scene.name, event_id="evt_1")
        shop.world.kill(call, after_effect=after_effect)
        try:
            deliver(shop, delivery)
            shop.sweep(1)
        except Killed:
            shop.world.revive()
        else:
            break
        deliver(shop, delivery)
        shop.settle()
        check(shop)
        assert shop.gateway.payments["pay_1"].state in scene.ends
    else:
        raise AssertionError("it makes more calls than are tried")
    assert call >= 6


@pytest.mark.parametrize("scene", SCENES, ids=str)
@pytest.mark.parametrize("error", [lost_answer, busy])
@pytest.mark.parametrize("after_effect", [False, True])
def test_whatever_call_fails_it_comes_to_an_end(
    scene: Scene, error: Callable[[], Exception], after_effect: bool
) -> None:
    for operation in CALLS:
        for last in (1, 4):
            shop = scene.prepare()
            shop.world.fail(operation, error, last=last, after_effect=after_effect)
            delivery = Post(shop).delivery(scene.name, event_id="evt_1")
            for _ in range(2):
                deliver(shop, delivery)
            shop.world.faults.clear()
            deliver(shop, delivery)
            shop.settle()
            check(shop)


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


@pytest.mark.parametrize("scene", [scene for scene in SCENES if scene.name == "payment.captured"], ids=str)
@pytest.mark.parametrize("who", ["client", "another event", "sweep", "sweep after the lease"])
def test_whoever_comes_between_the_money_ends_in_one_place(scene: Scene, who: str) -> None:
    for call in range(MOST_CALLS):
        shop = scene.prepare()
        holds = [row["$id"] for row in shop.rows.all(Table.BOOKINGS) if row["userId"] == "ann"]
        others: dict[str, Work] = {
            "client": partial(paid_with, shop, holds[0]) if holds else partial(shop.book_async, "pay_1"),
            "another event": partial(take, shop.desk(), Post(shop).delivery("order.paid", event_id="evt_2")),
            "sweep": partial(swept_later, shop, GRACE / 60),
            "sweep after the lease": partial(swept_later, shop, GRACE),
        }
        event = Post(shop).delivery(scene.name, event_id="evt_1")
        slept = while_it_sleeps(shop, call, lambda: take(shop.desk(), event), others[who])  # noqa: B023
        shop.settle()
        check(shop)
        if not slept:
            break
    assert call >= 1


def test_two_sweeps_and_somebody_who_books_return_unclaimed_money_once() -> None:
    for call in range(MOST_CALLS):
        shop = unclaimed()
        Post(shop).send("order.paid", event_id="evt_2")
        shop.now += GRACE

        async def other(shop: Shop = shop) -> None:
            await sweep(shop.desk())
            await shop.book_async("pay_1")

        slept = while_it_sleeps(shop, call, lambda: sweep(shop.desk()), other)  # noqa: B023
        shop.settle()
        check(shop)
        if not slept:
            break
    assert call > 10


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


@pytest.mark.parametrize("with_hold", [False, True])
def test_a_booking_and_the_return_of_unclaimed_money_meet_and_one_of_them_wins(with_hold: bool) -> None:
    ends = set()
    for shop in meetings(with_hold):
        check(shop)
        ends.add(shop.gateway.payments["pay_1"].state)
    assert ends == TAKEN | BACK


NAMES = st.sampled_from(["payment.authorized", "payment.captured", "order.paid", "payment.failed"])
STEPS = st.one_of(
    st.tuples(st.just("event"), NAMES, st.sampled_from(["pay_1", "pay_2", "pay_3"])),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(st.just("pass"), st.sampled_from([5, 60, 200, 700, 1_000])),
    st.sampled_from([("client",), ("release",), ("other",), ("sweep",), ("capture",), ("direct",)]),
)


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=14), st.integers(1, 2))
def test_events_in_any_order_and_number_among_everything_else(
    steps: list[tuple[Any, ...]], capacity: int
) -> None:
    shop = Shop(capacity)
    post, kept, sent = Post(shop), held(shop), list[Delivery]()
    pay(shop, kept, state=PaymentState.AUTHORISED)
    pay(shop, kept, "pay_2", state=PaymentState.FAILED)
    shop.gateway.pay("pay_3", PRICE, noted_user_id="ann")
    ours = kept.booking.id

    async def act(step: tuple[Any, ...]) -> None:
        match step:
            case ("event", name, payment_id):
                sent.append(post.delivery(name, payment_id))
                await take(shop.desk(), sent[-1])
            case ("again", number) if sent:
                await take(shop.desk(), sent[number % len(sent)])
            case ("pass", seconds):
                shop.time.seconds += seconds
                shop.now = shop.now.fromtimestamp(shop.now.timestamp() + seconds, shop.now.tzinfo)
            case ("client",):
                await convert(shop.desk(), ANN, ours, PaymentClaim("pay_1"))
            case ("release",):
                await release_hold(shop.desk(), "ann", ours)
            case ("other",):
                if "pay_bob" not in shop.gateway.payments:
                    shop.gateway.pay("pay_bob", PRICE, email="bob@example.com")
                await shop.book_async("pay_bob", caller=BOB)
            case ("direct",):
                await shop.book_async("pay_3")
            case ("sweep",):
                await sweep(shop.desk())
            case ("capture",):
                # The bank says yes to the second payment, and captures it itself.
                second = shop.gateway.payments["pay_2"]
                if second.state is PaymentState.FAILED:
                    shop.gateway.payments["pay_2"] = replace(second, state=PaymentState.CAPTURED)

    for step in steps:
        try:
            asyncio.run(act(step))
        except BoxofficeError as error:
            assert isinstance(error, Rejected)
    for payment_id in ("pay_1", "pay_2", "pay_3"):
        post.send("payment.captured", payment_id)
    if "pay_bob" in shop.gateway.payments and shop.booking("pay_bob") is None:
        del shop.gateway.payments["pay_bob"]
    shop.settle()
    check(shop)
    refunded = [payment for payment, _ in shop.gateway.refunds.values()]
    assert len(refunded) == len(set(refunded))
    assert {amount for _, amount in shop.gateway.refunds.values()} <= {Money(PRICE, "INR")}

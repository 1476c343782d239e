"""Webhooks in any order and number, among everything else that may happen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.webhooks.take import Delivery, take
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gateway_post import Post
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, BOB, PRICE, Shop
from tests.unit.webhook_scenes import check

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

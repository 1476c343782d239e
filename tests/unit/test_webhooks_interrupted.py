"""Webhooks that die or lose answers: they come to the same end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from boxoffice.domain.errors import BoxofficeError
from boxoffice.webhooks.take import Delivery, take

from tests.unit.gateway_post import Post
from tests.unit.interruptions import deaths
from tests.unit.shop import Shop, busy
from tests.unit.webhook_scenes import SCENES, Scene, check
from tests.unit.world import lost_answer

CALLS = (
    "put webhook_events", "update webhook_events", "find bookings", "fetch payment", "find outcomes",
    "find claims", "put leases", "update bookings", "put outcomes", "create tickets", "put orders",
    "put transactions", "store file", "put bookings", "create claims", "refund payment", "capture payment",
    "list payments", "update claims where", "update bookings where", "delete leases",
)  # fmt: skip


def deliver(shop: Shop, delivery: Delivery) -> None:
    """The gateway sends it, again if need be."""
    try:
        asyncio.run(take(shop.desk(), delivery))
    except BoxofficeError as error:
        assert error.rule.retryable


@pytest.mark.parametrize("scene", SCENES, ids=str)
@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_it_dies_it_comes_to_the_same_end(scene: Scene, after_effect: bool) -> None:
    def sent() -> tuple[Shop, Delivery]:
        shop = scene.prepare()
        return shop, Post(shop).delivery(scene.name, event_id="evt_1")

    def taken(shop: Shop, delivery: Delivery) -> None:
        deliver(shop, delivery)
        shop.sweep(1)

    for shop, delivery in deaths(sent, taken, after_effect=after_effect, least_calls=6):
        deliver(shop, delivery)
        shop.settle()
        check(shop)
        assert shop.gateway.payments["pay_1"].state in scene.ends


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

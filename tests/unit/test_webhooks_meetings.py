"""Webhooks that meet clients, sweeps and each other: money ends in one place."""

from __future__ import annotations

from functools import partial

import pytest
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table
from boxoffice.webhooks.take import take
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.gateway_post import Post
from tests.unit.interruptions import swept_later
from tests.unit.shop import Shop
from tests.unit.webhook_meetings import Work, meetings, paid_with, while_it_sleeps
from tests.unit.webhook_scenes import BACK, MOST_CALLS, SCENES, TAKEN, Scene, check, unclaimed


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


@pytest.mark.parametrize("with_hold", [False, True])
def test_a_booking_and_the_return_of_unclaimed_money_meet_and_one_of_them_wins(with_hold: bool) -> None:
    ends = set()
    for shop in meetings(with_hold):
        check(shop)
        ends.add(shop.gateway.payments["pay_1"].state)
    assert ends == TAKEN | BACK

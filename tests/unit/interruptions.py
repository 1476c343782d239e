"""Work that dies at any of its calls, or sleeps in the middle of them while others act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any, TypeVar, TypeVarTuple

from boxoffice.recovery.sweep import sweep

from tests.unit.shop import Shop
from tests.unit.world import Killed

Result = TypeVar("Result")
Other = TypeVar("Other")
AnyShop = TypeVar("AnyShop", bound=Shop)
Scene = TypeVarTuple("Scene")

# More than any act makes.
_MOST_CALLS = 200

# Seconds after which an execution that says nothing is taken for dead.
AFTER_THE_LEASE = 150.0


class _Paused:
    """Another object, whose call with that number, counted from 0 over several, waits until it is woken."""

    def __init__(self, call: int) -> None:
        self._left = call
        self.sleeps, self.woken = asyncio.Event(), asyncio.Event()

    def around(self, inner: Any) -> Any:
        """`inner`, whose asynchronous methods are counted."""
        pause = self

        class Counted:
            def __getattr__(self, name: str) -> Any:
                method = getattr(inner, name)
                if not asyncio.iscoroutinefunction(method):
                    return method

                async def call(*values: Any, **options: Any) -> Any:
                    pause._left -= 1
                    if pause._left == -1:
                        pause.sleeps.set()
                        await pause.woken.wait()
                    return await method(*values, **options)

                return call

        return Counted()


async def while_asleep(
    shop: Shop,
    call: int,
    work: Callable[[], Coroutine[Any, Any, Result]],
    meanwhile: Callable[[], Awaitable[Other]],
) -> tuple[Result, Other] | None:
    """What `work` comes to, which sleeps before that call of the shop until `meanwhile` is over, and that.

    `None` when it does not make so many calls.
    """
    pause = _Paused(call)
    rows, gateway, files = shop.rows, shop.gateway, shop.files
    shop.rows, shop.gateway, shop.files = (pause.around(inner) for inner in (rows, gateway, files))
    working = asyncio.create_task(work())
    asleep = asyncio.create_task(pause.sleeps.wait())
    await asyncio.wait({working, asleep}, return_when=asyncio.FIRST_COMPLETED)
    shop.rows, shop.gateway, shop.files = rows, gateway, files
    if not asleep.done():
        asleep.cancel()
        await working
        return None
    other = await meanwhile()
    pause.woken.set()
    return await working, other


async def swept_later(shop: Shop, later: timedelta) -> None:
    """The sweep, so much later."""
    shop.now += later
    await sweep(shop.desk())


def deaths(
    prepare: Callable[[], tuple[AnyShop, *Scene]],
    act: Callable[[AnyShop, *Scene], object],
    *,
    after_effect: bool,
    least_calls: int,
) -> Iterator[tuple[AnyShop, *Scene]]:
    """Every scene in which the process died at another call of `act`, before or after its effect."""
    for call in range(_MOST_CALLS):
        scene = prepare()
        world = scene[0].world
        world.kill(call, after_effect=after_effect)
        try:
            act(*scene)
        except Killed:
            world.revive()
            yield scene
        else:
            assert call >= least_calls
            return
    raise AssertionError("it never ends")


def sweep_dies(shop: Shop, call: int, *, after_effect: bool, later: float = 0.0) -> bool:
    """Whether a sweep made so many calls, at the last of which it died."""
    shop.world.kill(call, after_effect=after_effect)
    try:
        shop.sweep(later)
    except Killed:
        return True
    finally:
        shop.world.revive()
    return False

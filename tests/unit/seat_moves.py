"""Bookings that are moved, others who act meanwhile, and what is left in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest
from boxoffice.domain.errors import BoxofficeError

from tests.unit.opera import Opera

TWO = {1: "S-B1", 2: "S-B2"}


def refused(act: Callable[[], object]) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as raised:
        act()
    return raised.value


def in_thread(work: Coroutine[object, object, object]) -> None:
    """Somebody else's execution, from its beginning to its end, in the middle of this one."""
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, work).result()


def settle(opera: Opera) -> None:
    """Time passes, until nothing is looked at any more."""
    for _ in range(8):
        if not opera.sweep(4_000).remaining:
            return
    raise AssertionError("the sweep never ends")


def booked(*labels: str) -> tuple[Opera, str]:
    opera = Opera()
    booking_id = opera.book_seats(*(labels or ("S-A1", "S-A2")))
    opera.world.calls.clear()
    return opera, booking_id

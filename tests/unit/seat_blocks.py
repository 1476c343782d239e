"""Large blocks, what may come between their calls, and how they end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from boxoffice.domain.errors import BoxofficeError, Rejected

from tests.unit.opera import Opera, seat, seats
from tests.unit.shop import broken
from tests.unit.world import lost_answer

LARGE = seats(rows=(("S", "B"), ("S", "C")))


def refused(act: Callable[[], object]) -> Rejected:
    with pytest.raises(Rejected) as raised:
        act()
    return raised.value


def half_made(error: Callable[[], Exception] = lost_answer) -> Opera:
    """A block that was interrupted before the second of its two calls for seats."""
    opera = Opera()
    opera.world.fail("create claims", error, first=2, last=2)
    with pytest.raises(BoxofficeError):
        opera.block(LARGE)
    return opera


def half_taken() -> Opera:
    """A block that was interrupted, and of which somebody has bought the last seat before it was claimed."""
    opera = half_made(broken)
    opera.claim(seat("s.c60"))
    opera.now = opera.now.replace(hour=13)
    return opera


def settle(opera: Opera) -> None:
    """Time passes, until no change is looked at any more."""
    for _ in range(8):
        opera.now = opera.now.replace(day=opera.now.day + 1)
        opera.finish_due()
        if not any(change["checkAfter"] for change in opera.changes()):
            return
    raise AssertionError("the sweep never ends")

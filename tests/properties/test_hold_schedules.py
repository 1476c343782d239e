"""Holds that are paid for, sold, extended and given back at the same time: with every call in turn."""

from __future__ import annotations

import pytest

from tests.properties.hold_schedules import HOLD_SCHEDULES, hold_problems
from tests.properties.schedules import wrong_at
from tests.properties.world import World

pytestmark = pytest.mark.local_only


@pytest.mark.parametrize("schedule", HOLD_SCHEDULES)
def test_the_books_balance_whichever_call_it_is(world: World, schedule: str) -> None:
    found = list(hold_problems(world, HOLD_SCHEDULES[schedule]))
    assert len(found) >= 5, "there are fewer calls than ever"
    assert wrong_at(found) == {}

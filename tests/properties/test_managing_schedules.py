"""Blocks, moves, displacement and cases while others pay, cancel and die: with every call in turn."""

from __future__ import annotations

import pytest

from tests.properties.house import House
from tests.properties.managing_schedules import MANAGING_SCHEDULES, managing_problems
from tests.properties.schedules import wrong_at

pytestmark = pytest.mark.local_only


@pytest.mark.parametrize("schedule", MANAGING_SCHEDULES)
def test_the_books_balance_whichever_call_it_is(house: House, schedule: str) -> None:
    found = list(managing_problems(house, MANAGING_SCHEDULES[schedule]))
    assert len(found) >= 4, "there are fewer calls than ever"
    assert wrong_at(found) == {}

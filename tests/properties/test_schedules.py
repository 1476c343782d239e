"""Zombies, early sweeps, sweeps that die: each with every call of a booking in turn."""

from __future__ import annotations

import pytest

from tests.properties.actors import Fate
from tests.properties.schedules import LEASE_IS_OVER, SCHEDULES, SITUATIONS, problems_of, wrong_at
from tests.properties.world import World

pytestmark = pytest.mark.local_only


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_books_balance_whichever_call_it_is(world: World, schedule: str, situation: str) -> None:
    found = list(problems_of(world, SCHEDULES[schedule], SITUATIONS[situation]))
    assert len(found) > 8, "the booking makes fewer calls than ever"
    assert wrong_at(found) == {}


def test_a_sweep_that_follows_at_once_changes_nothing(world: World) -> None:
    world.begin(capacity=40)
    for calls in range(12):
        for status in ("captured", "authorized"):
            booking = world.book(world.pay(calls % 3, 1, status))
            for _ in range(calls):
                booking.move()
            booking.move(Fate.DIES_AFTER)
            world.note_death()
    # Each look at what was rolled back, and long after the last.
    for seconds in (LEASE_IS_OVER, 600, 4_000, 100_000):
        world.pass_time(seconds)
        world.sweep().finish()
        stamps = world.arena.stamps()
        world.sweep().finish()
        assert world.arena.stamps() == stamps

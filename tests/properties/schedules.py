"""Sequences in which timing matters, each tried with every call of a booking in turn.

Each function is one sequence. It runs on a world that has just begun, gives its own view of how it ended as
sentences, empty when all is well, and raises `NoSuchCallError` when the booking makes fewer calls.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.codes import Code

from tests.properties.actors import Actor, Fate
from tests.properties.ending import conclusion
from tests.properties.world import Purchase, World

LEASE_IS_OVER = 200.0

Booking = Actor[Booked | Failed]


class NoSuchCallError(Exception):
    """The booking has fewer calls: every one of them has been tried."""


@dataclass(frozen=True, slots=True)
class Situation:
    """How a booking begins. fails_at: the call, by a part of its name, that is refused, so that it undoes."""

    status: str = "captured"
    fails_at: str = ""


SITUATIONS = {
    "paid": Situation(),
    "authorised": Situation("authorized"),
    "undone": Situation(fails_at="POST orders"),
    "captured, then undone": Situation("authorized", fails_at="POST outcomes"),
}

Schedule = Callable[[World, Situation, int], list[str]]


def a_zombie_wakes(world: World, situation: Situation, nth: int) -> list[str]:
    """The booking stands still before its nth call until everybody has given it up, and then goes on."""
    _, booking = begin(world, situation, nth)
    world.pass_time(LEASE_IS_OVER)
    world.sweep().finish()
    world.sweep().finish()
    booking.finish()
    return conclusion(world)


def a_zombie_wakes_and_dies(world: World, situation: Situation, nth: int) -> list[str]:
    """As above, but one call is all that it makes."""
    _, booking = begin(world, situation, nth)
    world.pass_time(LEASE_IS_OVER)
    world.sweep().finish()
    booking.move(Fate.DIES_AFTER)
    return conclusion(world)


def a_sweep_meets_a_zombie(world: World, situation: Situation, nth: int) -> list[str]:
    """The booking goes on while the sweep works on it, one call of each in turn."""
    _, booking = begin(world, situation, nth)
    world.pass_time(LEASE_IS_OVER)
    take_turns(world.sweep(), booking)
    return conclusion(world)


def two_sweeps_and_a_zombie(world: World, situation: Situation, nth: int) -> list[str]:
    """Two runs of the sweep and the booking that they work on, one call of each in turn."""
    _, booking = begin(world, situation, nth)
    world.pass_time(LEASE_IS_OVER)
    take_turns(world.sweep(), world.sweep(), booking)
    return conclusion(world)


def a_sweep_comes_early(world: World, situation: Situation, nth: int) -> list[str]:
    """The sweep runs while the booking is at work: nobody notices."""
    purchase, booking = begin(world, situation, nth)
    world.sweep().finish()
    world.sweep(skew=29.0).finish()
    booking.finish()
    problems = (
        [] if situation.fails_at or isinstance(booking.result, Booked) else ["a sweep disturbed a booking"]
    )
    if situation.fails_at:
        problems = incomplete(purchase)
    return problems + conclusion(world)


def everything_dies(world: World, situation: Situation, nth: int) -> list[str]:
    """The booking dies, and so does the first sweep that looks after it, after the same number of calls."""
    _, booking = begin(world, situation, nth)
    booking.die()
    world.note_death()
    world.pass_time(LEASE_IS_OVER)
    sweep = world.sweep()
    for _ in range(nth):
        sweep.move()
    sweep.die()
    return conclusion(world)


def one_call_fails(fate: Fate) -> Schedule:
    """One call fails, and the client asks again at once."""

    def schedule(world: World, situation: Situation, nth: int) -> list[str]:
        purchase, booking = begin(world, situation, nth)
        booking.move(fate)
        booking.finish()
        problems = []
        if booking.died:
            world.note_death()
        elif situation.fails_at:
            problems = incomplete(purchase)
        elif not isinstance(booking.result, Booked):
            problems = [f"one call that {fate.value} cost the client the booking"]
        world.book(purchase).finish()
        return problems + conclusion(world)

    return schedule


# A refusal for good is not among them: whatever was refused so has to be undone.
# The matrix tries the other ways too, through executions.
HICCUPS = (Fate.REFUSED_503, Fate.RESET, Fate.REPLY_LOST, Fate.DIES_AFTER)

SCHEDULES: dict[str, Schedule] = {
    "a zombie wakes": a_zombie_wakes,
    "a zombie wakes and dies": a_zombie_wakes_and_dies,
    "a sweep meets a zombie": a_sweep_meets_a_zombie,
    "two sweeps and a zombie": two_sweeps_and_a_zombie,
    "a sweep comes early": a_sweep_comes_early,
    "everything dies": everything_dies,
    **{f"a call {fate.value}": one_call_fails(fate) for fate in HICCUPS},
}


def problems_at_each_call(attempt: Callable[[int], list[str]]) -> Iterator[list[str]]:
    """What an attempt came to, for each call in turn until there are no more."""
    for nth in itertools.count(1):
        try:
            yield attempt(nth)
        except NoSuchCallError:
            return


def problems_of(world: World, schedule: Schedule, situation: Situation) -> Iterator[list[str]]:
    """What a schedule came to, for each call of the booking in turn."""

    def attempt(nth: int) -> list[str]:
        world.begin(capacity=2)
        return schedule(world, situation, nth)

    return problems_at_each_call(attempt)


def wrong_at(found: Sequence[list[str]]) -> dict[int, list[str]]:
    """What was wrong, by the number of the call, counted from 1."""
    return {nth: problems for nth, problems in enumerate(found, 1) if problems}


def begin(world: World, situation: Situation, nth: int) -> tuple[Purchase, Booking]:
    """A booking that has come to its nth call, with the situation's call refused on the way."""
    purchase = world.pay(0, 1, situation.status)
    booking = world.book(purchase)
    failing = situation.fails_at
    for _ in range(nth - 1):
        fate = Fate.PASSES
        if failing and is_call(booking, failing):
            fate, failing = Fate.REFUSED_400, ""
        booking.move(fate)
        if booking.ended:
            raise NoSuchCallError
    return purchase, booking


def is_call(actor: Booking, name: str) -> bool:
    """Whether an actor waits at the call of such a name."""
    method, table = name.split()
    call = actor.gate.waiting or ""
    return call.startswith(method) and table in call


def take_turns(*actors: Actor[Any]) -> None:
    """One call of each in turn, until all have ended."""
    while not all(actor.ended for actor in actors):
        for actor in actors:
            actor.move()


def incomplete(purchase: Purchase) -> list[str]:
    """What was wrong with the answer to a booking that undid itself."""
    codes = [answer.error.code for answer in purchase.answers if isinstance(answer, Failed)]
    return [f"a hiccup left {code}" for code in codes[:1] if code is Code.ROLLBACK_FAILED]

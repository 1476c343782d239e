"""Any order of holding, buying, paying late, cancelling, sweeping, dying and waiting: the books balance.

Every execution stops before each of its calls, and Hypothesis decides who goes on, and whose call fails how.
When the sequence is over, everybody still at work ends, time passes, the sweep runs until nothing changes any
more, and every client asks once more.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.properties.actors import Actor, Fate
from tests.properties.ending import conclusion
from tests.properties.world import SKEW_SECONDS, Keeping, World

# As long as Appwrite lets a function run: an execution that is older has been killed.
LONGEST_LIFE_SECONDS = 900.0
MOST_PURCHASES, MOST_KEEPINGS, MOST_AT_WORK = 5, 3, 4

numbers = st.integers(0, 4)
failures = st.sampled_from([fate for fate in Fate if fate is not Fate.PASSES])
skews = st.sampled_from([0.0, SKEW_SECONDS, -SKEW_SECONDS])


class BoxOffice(RuleBasedStateMachine):
    """The world, the executions at work in it, and when each began.

    Payments and executions are drawn by number, counted round and round, so that what Hypothesis prints of a
    failure can be run again as it stands. What cannot be done does nothing: were it forbidden, the next run
    of the same sequence might be another one, for the ids of payments are never the same.
    """

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.at_work: list[tuple[Actor[Any], float]] = []

    @initialize(capacity=st.integers(1, 4))
    def opens(self, capacity: int) -> None:
        self.world.begin(capacity)

    @rule(
        customer=st.integers(0, 2),
        quantity=st.integers(1, 2),
        status=st.sampled_from(["captured", "authorized", "created"]),
    )
    def somebody_pays(self, customer: int, quantity: int, status: str) -> None:
        if len(self.world.purchases) < MOST_PURCHASES:
            self.world.pay(customer, quantity, status)

    @rule(customer=st.integers(0, 2), quantity=st.integers(1, 2), skew=skews)
    def somebody_holds(self, customer: int, quantity: int, skew: float) -> None:
        if len(self.world.keepings) < MOST_KEEPINGS and self._has_room():
            self._begins(self.world.hold(self.world.keep(customer, quantity), skew))

    @rule(
        which=numbers,
        what=st.sampled_from([World.hold, World.extend, World.release]),
        skew=skews,
    )
    def somebody_does_something_with_a_hold(
        self, which: int, what: Callable[[World, Keeping, float], Actor[Any]], skew: float
    ) -> None:
        if self.world.keepings and self._has_room():
            keeping = self.world.keepings[which % len(self.world.keepings)]
            self._begins(what(self.world, keeping, skew))

    @rule(which=numbers, status=st.sampled_from(["captured", "authorized", "created"]), says_so=st.booleans())
    def somebody_pays_for_a_hold(self, which: int, status: str, says_so: bool) -> None:
        if not self.world.keepings or len(self.world.purchases) >= MOST_PURCHASES:
            return
        keeping = self.world.keepings[which % len(self.world.keepings)]
        purchase = self.world.pay_for(keeping, status)
        if purchase is not None and says_so and self._has_room():
            self._begins(self.world.book(purchase))

    @rule(payment=numbers, skew=skews)
    def somebody_cancels(self, payment: int, skew: float) -> None:
        if self.world.purchases and self._has_room():
            self._begins(self.world.cancel(self.world.purchases[payment % len(self.world.purchases)], skew))

    @rule(payment=numbers, event=numbers, skew=skews)
    def the_gateway_tells(self, payment: int, event: int, skew: float) -> None:
        if self.world.purchases and self._has_room():
            purchase = self.world.purchases[payment % len(self.world.purchases)]
            self._begins(self.world.tell(purchase, event, skew))

    @rule(payment=numbers, captures=st.booleans())
    def the_bank_says_yes_late(self, payment: int, captures: bool) -> None:
        if self.world.purchases:
            self.world.bank_says_yes(self.world.purchases[payment % len(self.world.purchases)], captures)

    @rule(payment=numbers, skew=skews)
    def somebody_books_or_repeats(self, payment: int, skew: float) -> None:
        if self.world.purchases and self._has_room():
            self._begins(self.world.book(self.world.purchases[payment % len(self.world.purchases)], skew))

    @rule(skew=skews)
    def a_sweep_begins(self, skew: float) -> None:
        if self._has_room():
            self._begins(self.world.sweep(skew))

    @rule(who=numbers, calls=st.integers(1, 14))
    def somebody_goes_on(self, who: int, calls: int) -> None:
        self._moves(who, calls)

    @rule(who=numbers, calls=st.integers(0, 10), fate=failures)
    def something_goes_wrong(self, who: int, calls: int, fate: Fate) -> None:
        self._moves(who, calls, fate)

    @rule(seconds=st.sampled_from([10.0, 95.0, 130.0, 400.0, 900.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.world.pass_time(seconds)
        for actor, began in self.at_work:
            if self.now - began > LONGEST_LIFE_SECONDS:
                actor.die()
        self._sees_who_left()

    def teardown(self) -> None:
        for actor, _ in self.at_work:
            actor.finish()
        problems = conclusion(self.world)
        assert problems == [], "\n".join([self.world.story(), *problems])

    def _has_room(self) -> bool:
        return len(self.at_work) < MOST_AT_WORK

    def _begins(self, actor: Actor[Any]) -> None:
        self.at_work.append((actor, self.now))
        self._sees_who_left()

    def _moves(self, who: int, calls: int, fate: Fate = Fate.PASSES) -> None:
        if not self.at_work:
            return
        actor, _ = self.at_work[who % len(self.at_work)]
        for _ in range(calls):
            actor.move()
        actor.move(fate)
        if actor.died:
            self.world.note_death()
        self._sees_who_left()

    def _sees_who_left(self) -> None:
        self.at_work = [(actor, began) for actor, began in self.at_work if not actor.ended]


def check(machine: type[BoxOffice], examples: int, steps: int) -> None:
    """Run so many sequences of at most so many steps; the first that fails raises."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize="PROPERTY_EXAMPLES" not in os.environ,
            phases=(Phase.generate, Phase.shrink) if "SHRINK" in os.environ else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

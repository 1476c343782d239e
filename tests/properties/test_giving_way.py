"""The same with seats and times, blocks, moves, holds that give way, decided cases and askings to confirm."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from boxoffice.domain.selection import BestSeats, NamedSeats
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.properties.actors import Actor
from tests.properties.house import SEATS, Blocking, House
from tests.properties.sequences import BoxOffice, check, numbers, skews
from tests.properties.world import Keeping, Purchase

pytestmark = pytest.mark.local_only

MOST_KEEPINGS, MOST_PURCHASES, MOST_BLOCKINGS = 5, 6, 3

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "20"))

customers = st.integers(0, 2)
things = st.sampled_from(
    [
        "a place", "two places", "A1 and A2", "A2", "the best seat", "an hour from nine",
        "an hour from half past",
    ]
)  # fmt: skip
statuses = st.sampled_from(["captured", "authorized"])
seats = st.sampled_from(SEATS)


class BusyBoxOffice(BoxOffice):
    """As before, and whatever can be in somebody's way."""

    world: House

    @initialize(
        policy=st.sampled_from(["priority", "admin_decides"]),
        sold=things,
        kept=st.lists(things, min_size=1, max_size=2, unique=True),
    )
    def opens(self, policy: str, sold: str, kept: list[str]) -> None:
        # Not empty: otherwise hardly anything of this would ever be in anybody's way.
        self.world.open_house(2, policy)
        self.world.book(self.world.pay_thing(1, sold, "captured")).finish()
        for thing in kept:
            self.world.hold(self.world.keep_thing(0, thing)).finish()
        # Refused when it was sold, displaced, or a case, which is granted or refused in the course of this.
        self.world.hold(self.world.keep_thing(2, kept[0])).finish()

    @rule(customer=customers, thing=things, skew=skews)
    def somebody_holds_a_thing(self, customer: int, thing: str, skew: float) -> None:
        if len(self.world.keepings) < MOST_KEEPINGS and self._has_room():
            self._begins(self.world.hold(self.world.keep_thing(customer, thing), skew))

    @rule(customer=customers, thing=things, status=statuses)
    def somebody_books_a_thing(self, customer: int, thing: str, status: str) -> None:
        if len(self.world.purchases) < MOST_PURCHASES and self._has_room():
            self._begins(self.world.book(self.world.pay_thing(customer, thing, status)))

    @rule(what=st.sampled_from(["a place", "A2 and A3", "nine to ten"]), skew=skews)
    def an_administrator_blocks(self, what: str, skew: float) -> None:
        if len(self.world.blockings) < MOST_BLOCKINGS and self._has_room():
            self._begins(self.world.block(self.world.want_blocked(what), skew))

    @rule(
        which=numbers,
        what=st.sampled_from(
            [
                lambda house, blocking, skew: house.block(blocking, skew),
                lambda house, blocking, skew: house.unblock(blocking, False, skew),
                lambda house, blocking, skew: house.unblock(blocking, True, skew),
            ]
        ),
        skew=skews,
    )
    def an_administrator_blocks_again_or_unblocks(
        self, which: int, what: Callable[[House, Blocking, float], Actor[Any]], skew: float
    ) -> None:
        if self.world.blockings and self._has_room():
            blocking = self.world.blockings[which % len(self.world.blockings)]
            self._begins(what(self.world, blocking, skew))

    @rule(which=st.integers(0, 9), first=seats, second=st.none() | seats, skew=skews)
    def an_administrator_moves(self, which: int, first: str, second: str | None, skew: float) -> None:
        everything: list[Keeping | Purchase] = [*self.world.keepings, *self.world.purchases]
        known = [one for one in everything if one.booking and isinstance(one.wanted, NamedSeats | BestSeats)]
        if known and self._has_room():
            wish = {1: first} if second in (None, first) else {1: first, 2: str(second)}
            self._begins(self.world.move(known[which % len(known)], wish, skew))

    @rule(which=numbers, is_granted=st.booleans(), skew=skews)
    def an_administrator_decides(self, which: int, is_granted: bool, skew: float) -> None:
        if self.world.cases and self._has_room():
            case_id = list(self.world.cases)[which % len(self.world.cases)]
            self._begins(self.world.decide(case_id, is_granted, skew))

    @rule(which=numbers)
    def somebody_has_heard_of_a_grant(self, which: int) -> None:
        if self.world.cases and len(self.world.keepings) < MOST_KEEPINGS and self._has_room():
            case_id = list(self.world.cases)[which % len(self.world.cases)]
            self._begins(self.world.hold(self.world.keep_granted(case_id)))

    @rule(which=numbers, what=st.sampled_from([House.ask, House.confirm]), skew=skews)
    def somebody_asks_or_confirms(
        self, which: int, what: Callable[[House, Keeping, float], Actor[Any]], skew: float
    ) -> None:
        if self.world.keepings and self._has_room():
            self._begins(what(self.world, self.world.keepings[which % len(self.world.keepings)], skew))

    @rule(who=numbers)
    def somebody_comes_to_an_end(self, who: int) -> None:
        if self.at_work:
            self.at_work[who % len(self.at_work)][0].finish()
            self._sees_who_left()


def test_the_books_balance_after_every_sequence(house: House) -> None:
    class Machine(BusyBoxOffice):
        pass

    Machine.world = house
    check(Machine, EXAMPLES, steps=40)

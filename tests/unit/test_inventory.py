from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from boxoffice.conflicts.tally import Conflicts, Tally
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.pools import Claim, ClaimState, Unit
from boxoffice.inventory import reading
from boxoffice.inventory.asking import Asking
from boxoffice.inventory.claims import Claimant, Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.wants import AnyOf, Place
from boxoffice.logs import Log
from boxoffice.schema import Table

from tests.unit.fake_rows import FakeRows
from tests.unit.fake_time import FakeTime
from tests.unit.shop import NOW, PRICE, Shop, broken
from tests.unit.world import World

POOL = "pool"


def claims(*numbers: int, pool: str = POOL) -> list[Claim]:
    return [Claim(Unit(pool, str(n)), "somebody", ClaimState.SOLD, None) for n in numbers]


def units(*numbers: int) -> list[Unit]:
    return [Unit(POOL, str(n)) for n in numbers]


def numbers_of(places: Sequence[Place]) -> list[int]:
    return sorted(int(unit.name) for place in places for unit in place.units)


class Counter:
    """One pool, and as many warm functions as wanted in front of it."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.world = World()
        self.rows = FakeRows(self.world, lambda: NOW)
        self.time = FakeTime()

    def function(self, seed: int = 1) -> tuple[Inventory, PoolMemory]:
        memory = PoolMemory(lambda: self.time.seconds)
        log = Log(lambda line: None, lambda line: None, "")
        self.conflicts = Conflicts(Tally(lambda: self.time.seconds), self.rows, lambda: "batch", log)
        return Inventory(
            self.rows, memory, random.Random(seed).randrange, lambda: NOW, self.conflicts
        ), memory

    def wants(self, quantity: int = 1) -> list[AnyOf]:
        return [AnyOf(POOL, self.capacity, quantity)]

    async def claim(self, function: Inventory, booking: str, quantity: int = 1) -> tuple[Place, ...]:
        later = NOW + timedelta(minutes=1)
        claimant = Claimant("concert", booking, later)
        return tuple(await function.claim(self.wants(quantity), (), claimant))

    @property
    def taken(self) -> list[int]:
        return sorted(int(row["unit"]) for row in self.rows.all(Table.CLAIMS))


def test_a_claim_costs_one_call_and_says_whose_it_is() -> None:
    counter = Counter(100)
    function, _ = counter.function()
    places = asyncio.run(counter.claim(function, "b1", 3))
    assert counter.world.calls == ["create claims"]
    assert counter.taken == numbers_of(places)
    row = counter.rows.all(Table.CLAIMS)[0]
    assert (row["bookingId"], row["state"]) == ("b1", "RESERVED")
    assert row["reservedUntil"] == "2030-01-01T12:01:00.000+00:00"


def test_functions_that_know_nothing_of_each_other_never_claim_a_unit_twice() -> None:
    counter = Counter(30)
    functions = [counter.function(seed)[0] for seed in range(4)]

    async def all_of_them() -> list[object]:
        return await asyncio.gather(
            *(counter.claim(functions[n % 4], f"b{n}") for n in range(40)), return_exceptions=True
        )

    results = asyncio.run(all_of_them())
    assert counter.taken == list(range(1, 31))
    refused = [result for result in results if isinstance(result, Rejected)]
    assert len(refused) == 10
    assert {error.code for error in refused} == {Code.INSUFFICIENT_TICKETS}


def test_nobody_gets_a_part() -> None:
    counter = Counter(10)
    function, _ = counter.function()

    async def scenario() -> None:
        for n in range(3):
            await counter.claim(function, f"b{n}", 3)
        with pytest.raises(Rejected) as refused:
            await counter.claim(function, "b3", 3)
        assert refused.value.details["available"] == 1
        assert refused.value.details["requested"] == 3

    asyncio.run(scenario())
    assert len(counter.taken) == 9


def test_what_was_remembered_too_long_never_refuses_without_asking() -> None:
    counter = Counter(3)
    function, memory = counter.function()
    memory.read(POOL, claims(1, 2, 3))
    counter.time.seconds += 5
    assert asyncio.run(counter.claim(function, "b1"))


def test_a_pool_that_has_just_been_sold_out_by_neighbours_is_not_read_again() -> None:
    counter = Counter(3)
    function, memory = counter.function()
    memory.read(POOL, claims(1, 2, 3))
    with pytest.raises(Rejected):
        asyncio.run(counter.claim(function, "b1"))
    assert not counter.world.calls


def test_the_last_unit_is_found_with_one_read() -> None:
    counter = Counter(1_000)
    other, _ = counter.function(1)
    function, _ = counter.function(2)

    async def scenario() -> None:
        for n in range(111):
            await counter.claim(other, f"b{n}", 9)
        counter.world.calls.clear()
        assert await counter.claim(function, "last")

    asyncio.run(scenario())
    assert len(counter.taken) == 1_000
    assert counter.world.calls in (["create claims", "find claims", "create claims"], ["create claims"])


def test_large_pools_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PAGE", 10)
    counter = Counter(35)
    other, _ = counter.function(1)
    function, memory = counter.function(2)

    async def scenario() -> None:
        for n in range(5):
            await counter.claim(other, f"b{n}", 7)
        with pytest.raises(Rejected):
            await counter.claim(function, "b")

    asyncio.run(scenario())
    assert sorted(map(int, memory.claims(POOL))) == list(range(1, 36))
    assert counter.world.calls[-5:] == [*["find claims"] * 4, "find outcomes"]


def test_release_frees_the_bookings_units_and_no_others() -> None:
    counter = Counter(4)
    function, memory = counter.function()

    async def scenario() -> None:
        mine = await counter.claim(function, "mine", 2)
        theirs = await counter.claim(function, "theirs", 2)
        await function.release("mine", mine)
        await function.release("mine", mine)
        assert counter.taken == numbers_of(theirs)
        assert sorted(map(int, memory.claims(POOL))) == numbers_of(theirs)

    asyncio.run(scenario())


def test_a_neighbours_units_in_flight_are_left_alone() -> None:
    counter = Counter(4)
    function, memory = counter.function()
    memory.trying(units(1, 2, 3))
    assert numbers_of(asyncio.run(counter.claim(function, "b"))) == [4]
    memory.tried(units(1, 2, 3))
    assert not memory.in_flight(POOL)


class TestKnownShortage:
    def known(self, counter: Counter, function: Inventory, quantity: int = 1) -> Rejected | None:
        return asyncio.run(function.known_shortage(counter.wants(quantity)))

    def test_nothing_is_known_of_a_pool_at_first(self) -> None:
        counter = Counter(1)
        function, _ = counter.function()
        assert self.known(counter, function) is None
        assert not counter.world.calls

    def test_for_some_seconds_it_costs_nothing(self) -> None:
        counter = Counter(3)
        function, memory = counter.function()
        memory.read(POOL, claims(1, 2))
        refused = self.known(counter, function, 2)
        assert refused is not None
        assert refused.details["available"] == 1
        assert not counter.world.calls
        assert self.known(counter, function, 1) is None

    def test_then_it_is_asked_again(self) -> None:
        counter = Counter(1)
        function, memory = counter.function()
        memory.read(POOL, claims(1))
        counter.time.seconds += 5
        assert self.known(counter, function) is None
        assert counter.world.calls == ["find claims"]

    def test_what_somebody_else_has_given_back_is_found_within_a_second(self) -> None:
        counter = Counter(1)
        function, memory = counter.function()
        memory.read(POOL, claims(1))
        counter.time.seconds += 1
        assert self.known(counter, function) is None
        assert counter.world.calls == ["count claims", "find claims"]

    def test_without_counting_it_is_refused_for_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def nothing_has_changed(self: Asking, pools: Sequence[str]) -> bool:
            return False

        monkeypatch.setattr(Asking, "has_shrunk", nothing_has_changed)
        counter = Counter(1)
        function, memory = counter.function()
        memory.read(POOL, claims(1))
        counter.time.seconds += 1
        assert self.known(counter, function)

    def test_a_crowd_costs_one_small_call_in_a_second(self) -> None:
        counter = Counter(3)
        other, _ = counter.function(1)
        asyncio.run(counter.claim(other, "b", 3))
        function, memory = counter.function(2)
        memory.read(POOL, claims(1, 2, 3))
        counter.world.calls.clear()
        for _ in range(2):
            counter.time.seconds += 1
            assert all(self.known(counter, function) for _ in range(20))
        assert counter.world.calls == ["count claims"] * 2

    def test_a_count_that_fails_is_no_reason_not_to_refuse(self) -> None:
        counter = Counter(1)
        function, memory = counter.function()
        memory.read(POOL, claims(1))
        counter.time.seconds += 1
        counter.world.fail("count claims", broken)
        assert self.known(counter, function)

    def test_units_that_a_neighbour_is_only_trying_are_not_gone(self) -> None:
        counter = Counter(1)
        function, memory = counter.function()
        memory.trying(units(1))
        assert self.known(counter, function) is None

    def test_a_pool_that_has_become_smaller(self) -> None:
        counter = Counter(1)
        function, memory = counter.function()
        memory.read(POOL, claims(1, 2, 3))
        refused = self.known(counter, function)
        assert refused is not None
        assert refused.details["available"] == 0


def test_only_so_many_pools_are_remembered() -> None:
    memory = PoolMemory(lambda: 0.0)
    for number in range(1_000):
        memory.read(str(number), claims(1, pool=str(number)))
    assert not memory.claims("0")
    assert memory.claims("999")


def test_what_was_just_sold_is_nothing_to_wait_for() -> None:
    shop = Shop(capacity=1)
    shop.gateway.pay("pay_1", PRICE)
    shop.booked()
    shop.gateway.pay("pay_2", PRICE, state=PaymentState.AUTHORISED)
    refused = shop.failed("pay_2")
    assert refused.error.details["conflict"]["kind"] == "BOOKING_CONFLICT"

"""Requests counted in memory and, now and then, in the counter that all processes share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from boxoffice import limits
from boxoffice.addresses import caller_network
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected, Retryable
from boxoffice.domain.limits import USUAL, Limit, Limits, Scope, network
from boxoffice.limits import Counters, CountMemory, RateLimits
from boxoffice.logs import Log
from boxoffice.schema import Table

from tests.unit.fake_rows import FakeRows
from tests.unit.world import World, lost_answer

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOME = "203.0.113.9"
COUNT_UP = "count up rate_limits"


def user(name: str) -> Caller:
    return Caller(name, Account(name, "", ""))


class House:
    """A database, and processes that share it."""

    def __init__(self, users: Limit, addresses: Limit | None = None) -> None:
        self.world = World()
        self.now = NOON
        self.rows = FakeRows(self.world, lambda: self.now)
        self.lines: list[str] = []
        self.users: Limits = dict.fromkeys(Scope, users)
        self.addresses: Limits = dict.fromkeys(Scope, addresses or users.times(10))

    def process(self, known: int = 1_000) -> Counters:
        def clock() -> float:
            return self.now.timestamp()

        memories = CountMemory(known, clock), CountMemory(known, clock)
        return Counters(self.users, self.addresses, b"secret", *memories)

    async def ask_async(
        self, process: Counters, caller: Caller, address: str | None = HOME, scope: Scope = Scope.BOOK
    ) -> Rejected | None:
        log = Log(self.lines.append, self.lines.append, "execution")
        try:
            await RateLimits(process, self.rows, log, lambda: self.now, address).check(scope, caller)
        except Rejected as error:
            return error
        return None

    def ask(
        self,
        process: Counters,
        caller: Caller | None = None,
        address: str | None = HOME,
        scope: Scope = Scope.BOOK,
    ) -> Rejected | None:
        return asyncio.run(self.ask_async(process, caller or user("ann"), address, scope))

    def admitted(self, process: Counters, times: int, caller: Caller | None = None) -> int:
        return sum(self.ask(process, caller) is None for _ in range(times))

    def counted(self) -> list[int]:
        return sorted(row["count"] for row in self.rows.all(Table.RATE_LIMITS))


class TestOneProcess:
    @pytest.mark.parametrize("requests", [1, 2, 7, 11, 30, 32, 100])
    def test_exactly_the_limit(self, requests: int) -> None:
        house = House(Limit(requests, 60))
        assert house.admitted(house.process(), requests + 20) == requests

    def test_who_asks_now_and_then_costs_no_call(self) -> None:
        house = House(USUAL[Scope.BOOK])
        assert house.admitted(house.process(), 5) == 5
        assert not house.world.calls

    def test_a_call_for_every_fifth_of_the_limit(self) -> None:
        house = House(Limit(30, 60), Limit(10_000, 60))
        house.admitted(house.process(), 30)
        assert house.world.calls == [COUNT_UP] * 5
        assert house.counted() == [30]

    def test_refusals_cost_nothing_and_are_not_counted(self) -> None:
        house = House(Limit(30, 60), Limit(10_000, 60))
        process = house.process()
        house.admitted(process, 30)
        house.world.calls.clear()
        assert house.admitted(process, 1_000) == 0
        assert not house.world.calls

    def test_the_refusal_ends_with_the_window(self) -> None:
        house = House(Limit(2, 60))
        process = house.process()
        house.now += timedelta(seconds=17.2)
        assert house.admitted(process, 2) == 2
        refused = house.ask(process)
        assert refused is not None
        assert (refused.code, refused.retry_after) == (Code.RATE_LIMITED, 43)
        house.now += timedelta(seconds=43)
        assert house.admitted(process, 5) == 2

    def test_users_and_scopes_are_counted_for_themselves(self) -> None:
        house = House(Limit(2, 60))
        process = house.process()
        assert house.admitted(process, 3) == 2
        assert house.admitted(process, 3, user("bob")) == 2
        assert house.ask(process, scope=Scope.HOLD) is None

    def test_a_burst_gets_no_more_than_the_limit(self) -> None:
        house = House(Limit(30, 60))
        process = house.process()

        async def burst() -> int:
            asked = (house.ask_async(process, user("ann")) for _ in range(200))
            return sum(refused is None for refused in await asyncio.gather(*asked))

        assert asyncio.run(burst()) == 30

    def test_whoever_is_forgotten_is_still_known_to_the_counter(self) -> None:
        house = House(Limit(30, 60), Limit(10_000, 60))
        process = house.process(known=1)
        assert house.admitted(process, 30) == 30
        house.ask(process, user("bob"))
        assert house.admitted(process, 30) == 5


class TestManyProcesses:
    @pytest.mark.parametrize("requests", [1, 7, 30, 32])
    @pytest.mark.parametrize("processes", [1, 2, 3, 8])
    @pytest.mark.parametrize("in_turn", [True, False])
    def test_the_documented_bound(self, requests: int, processes: int, in_turn: bool) -> None:
        limit = Limit(requests, 60)
        house = House(limit, Limit(1_000_000, 60))
        running = [house.process() for _ in range(processes)]
        rounds = requests + 10
        order = running * rounds if in_turn else [one for one in running for _ in range(rounds)]
        admitted = sum(house.ask(process) is None for process in order)
        assert requests <= admitted <= requests + processes * (limit.stride - 1)

    def test_a_user_who_is_over_the_limit_is_found_out_by_another_process(self) -> None:
        house = House(Limit(30, 60))
        house.admitted(house.process(), 30)
        assert house.admitted(house.process(), 30) == 5

    def test_without_the_shared_counter_each_process_would_admit_the_limit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def not_shared(*_: object) -> bool:
            return True

        monkeypatch.setattr(FakeRows, "count_up", not_shared)
        house = House(Limit(30, 60))
        assert sum(house.admitted(house.process(), 40) for _ in range(4)) == 120

    def test_without_waiting_for_the_count_a_burst_is_counted_many_times(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class NoLock:
            async def __aenter__(self) -> None:
                return

            async def __aexit__(self, *_: object) -> None:
                return

        assert _admitted_of_a_burst() == 30
        count = limits._Count
        monkeypatch.setattr(limits, "_Count", lambda: count(lock=cast(Any, NoLock())))
        assert _admitted_of_a_burst() < 30


def _admitted_of_a_burst() -> int:
    """How many of 30 requests at once are admitted, of the 30 that may be, when counting takes its time."""
    house = House(Limit(30, 60), Limit(1_000_000, 60))
    process = house.process()

    class Slow(FakeRows):
        async def count_up(self, *given: Any, **more: Any) -> bool:
            for _ in range(5):
                await asyncio.sleep(0)
            return await super().count_up(*given, **more)

    house.rows = Slow(house.world)

    async def burst() -> int:
        asked = (house.ask_async(process, user("ann")) for _ in range(30))
        return sum(refused is None for refused in await asyncio.gather(*asked))

    return asyncio.run(burst())


class TestAddresses:
    def test_many_users_of_one_address(self) -> None:
        house = House(Limit(3, 60), Limit(10, 60))
        process = house.process()
        users = [user(f"user-{number}") for number in range(20)]
        refusals = [house.ask(process, one) for one in users]
        assert refusals[:10] == [None] * 10
        assert all(one and one.details["countedBy"] == "address" for one in refusals[10:])
        assert house.ask(process, user("elsewhere"), "198.51.100.1") is None

    def test_a_trusted_server_is_counted_by_its_users_only(self) -> None:
        house = House(Limit(3, 60), Limit(10, 60))
        process = house.process()
        asked = [house.ask(process, Caller(f"user-{number}", None)) for number in range(20)]
        assert asked == [None] * 20
        assert house.admitted(process, 5, Caller("ann", None)) == 3

    def test_an_unknown_address_is_not_counted(self) -> None:
        house = House(Limit(3, 60), Limit(10, 60))
        process = house.process()
        assert [house.ask(process, user(str(number)), None) for number in range(20)] == [None] * 20

    def test_other_addresses_do_not_help_a_user(self) -> None:
        house = House(Limit(30, 60))
        process = house.process(known=100)
        addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(2_000)]
        assert sum(house.ask(process, None, address) is None for address in addresses) == 30

    def test_invented_addresses_do_not_push_users_out_of_memory(self) -> None:
        house = House(Limit(30, 60))
        process = house.process(known=3)
        house.admitted(process, 30)
        for number in range(20):
            house.ask(process, user("bob"), f"198.51.100.{number}")
        assert house.admitted(process, 30) == 0

    def test_one_user_cannot_use_up_an_address_that_others_have_too(self) -> None:
        house = House(Limit(30, 60))
        process = house.process()
        house.admitted(process, 1_000, user("mallory"))
        assert house.admitted(process, 30, user("ann")) == 30


FORGED = {"x-appwrite-client-ip": HOME, "x-appwrite-key": "key"}
"""What arrives when a caller puts an address of his choice over the platform's."""


class TestForgedAddresses:
    @staticmethod
    def victim_after_a_crowd(address: str | None) -> Rejected | None:
        """What somebody at HOME gets after ten accounts have used their limits with this address."""
        house = House(Limit(30, 60))
        process = house.process()
        for number in range(10):
            for _ in range(30):
                assert house.ask(process, user(f"mallory-{number}"), address) is None
        return house.ask(process, user("ann"), HOME)

    def test_they_use_up_nobodys_limit(self) -> None:
        assert self.victim_after_a_crowd(caller_network(FORGED)) is None

    def test_without_looking_at_the_headers_order_they_would(self) -> None:
        assert self.victim_after_a_crowd(network(FORGED["x-appwrite-client-ip"])) is not None


class TestNoAnswer:
    @pytest.mark.parametrize(
        "make",
        [lost_answer, lambda: Retryable(Code.SERVICE_UNAVAILABLE), lambda: Fatal(Code.SERVICE_UNAVAILABLE)],
    )
    def test_a_counter_that_cannot_be_reached_stops_nobody(self, make: Callable[[], Exception]) -> None:
        house = House(Limit(30, 60))
        house.world.fail_always(COUNT_UP, make)
        process = house.process()
        assert house.admitted(process, 40) == 30
        assert any("limit.not_counted" in line for line in house.lines)

    def test_a_lost_answer_is_counted_once_at_most(self) -> None:
        house = House(Limit(30, 60), Limit(10_000, 60))
        house.world.fail(COUNT_UP, lost_answer, after_effect=True)
        assert house.admitted(house.process(), 40) == 30
        assert house.counted() == [30]


def test_no_personal_data_is_written() -> None:
    house = House(Limit(3, 60), Limit(3, 60))
    house.admitted(house.process(), 3)
    rows = house.rows.all(Table.RATE_LIMITS)
    assert len(rows) == 2
    assert all(word not in str(rows) for word in ("ann", HOME))
    ends = {datetime.fromisoformat(row["windowEnds"]) for row in rows}
    assert ends == {NOON + timedelta(seconds=60)}

"""Processes that count one user's requests at the same moment, over HTTP."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.threads import Threads
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import Rejected
from boxoffice.domain.limits import Limit, Limits, Party, Scope, counter_id
from boxoffice.limits import Counters, CountMemory, RateLimits
from boxoffice.logs import Log
from boxoffice.process import TIMING
from boxoffice.saga.timing import TimeBudget
from boxoffice.schema import Table
from boxoffice.times import to_text

from scripts.project.config import load_project
from scripts.project.provision import provision
from scripts.project.shop import DATABASE
from tests.conftest import with_key
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok

PROCESSES = 8
ATTEMPTS = 60
LIMIT = Limit(30, 60)
BOUND = LIMIT.requests + PROCESSES * (LIMIT.stride - 1)
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECRET = b"secret"


@pytest.fixture(scope="module")
def http(module_server: LocalServer) -> Iterator[Http]:
    """A server with the tables, and no functions."""
    caller = with_key(module_server)
    provision(caller, load_project(), lambda line: None)
    yield caller


class Process:
    """What one warm function has for itself: a memory, connections, threads, an event loop."""

    def __init__(self, server: LocalServer, moment: datetime) -> None:
        ready = server.ready
        self.threads = Threads(PROCESSES)
        budget = TimeBudget(TIMING.clock, 60.0, 0.0)
        key = {"x-appwrite-key": ready.api_key}
        client = PooledClient(pooled_session(PROCESSES), ready.endpoint, ready.project_id, key, budget)
        self.rows = AppwriteRows(client, self.threads, TIMING, budget)
        users: Limits = dict.fromkeys(Scope, LIMIT)
        memories = CountMemory(100, moment.timestamp), CountMemory(100, moment.timestamp)
        self.lines: list[str] = []
        log = Log(self.lines.append, self.lines.append, "")
        counters = Counters(users, users, SECRET, *memories)
        self.limits = RateLimits(counters, self.rows, log, lambda: moment, None)

    async def ask(self, user_id: str) -> bool:
        try:
            await self.limits.check(Scope.BOOK, Caller(user_id, Account(user_id, "", "")))
        except Rejected:
            return False
        return True

    async def one_by_one(self, user_id: str) -> int:
        return sum([await self.ask(user_id) for _ in range(ATTEMPTS)])

    async def in_a_burst(self, user_id: str) -> int:
        return sum(await asyncio.gather(*(self.ask(user_id) for _ in range(ATTEMPTS))))


def counter_of(user_id: str, moment: datetime) -> str:
    return counter_id(SECRET, Scope.BOOK, Party.USER, user_id, LIMIT.window(moment))


def count_of(http: Http, user_id: str, moment: datetime) -> int:
    path = f"/tablesdb/{DATABASE}/tables/rate_limits/rows/{counter_of(user_id, moment)}"
    return int(ok(http.get(path))["count"])


@pytest.mark.parametrize("window", range(5))
def test_processes_in_a_race_admit_no_more_than_the_documented_bound(
    module_server: LocalServer, http: Http, window: int
) -> None:
    moment = NOW + timedelta(seconds=LIMIT.seconds * window)
    processes = [Process(module_server, moment) for _ in range(PROCESSES)]

    def act(number: int) -> int:
        way = processes[number].in_a_burst if number % 2 else processes[number].one_by_one
        return asyncio.run(way("ann"))

    admitted = sum(all_at_once(PROCESSES, act))
    assert LIMIT.requests <= admitted <= BOUND
    assert count_of(http, "ann", moment) == LIMIT.requests
    assert not any("limit.not_counted" in line for process in processes for line in process.lines)


def test_without_the_guard_of_the_increment_they_admit_more(
    module_server: LocalServer, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_has_read = threading.Barrier(PROCESSES)

    async def read_and_write(
        self: AppwriteRows, table: Table, row_id: str, column: str, by: int, most: int
    ) -> bool:
        [row] = await self.find(table, {"$id": row_id})
        everybody_has_read.wait(60)
        if row[column] + by > most:
            return False
        await self.update(table, row_id, {column: row[column] + by})
        everybody_has_read.wait(60)
        return True

    monkeypatch.setattr(AppwriteRows, "_add", read_and_write)
    empty = {"count": 0, "windowEnds": to_text(LIMIT.window(NOW).ends_at)}
    rows = f"/tablesdb/{DATABASE}/tables/rate_limits/rows"
    ok(http.post(rows, {"rowId": counter_of("bob", NOW), "data": empty}))
    processes = [Process(module_server, NOW) for _ in range(PROCESSES)]
    admitted = all_at_once(PROCESSES, lambda number: asyncio.run(processes[number].one_by_one("bob")))
    assert sum(admitted) > BOUND

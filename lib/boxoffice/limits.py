"""Who asks too often is told to wait, before anything is written.

Requests are counted in two stages. A warm process counts them in its memory, which costs nothing, and tells
the counter that all processes share only of every `Limit.stride`-th one. With a limit of `n`, a stride of `k`
and `p` processes, at most `n + p * (k - 1)` requests are admitted in a window, and `n` when there is one
process: what the others do not know of yet are the requests since the last one that was counted. Requests of
one user wait while one of theirs is counted, so this holds for requests at the same moment, too.

A counter that cannot be reached stops nobody: it protects against nuisance, not against overselling, and must
not be one more thing without which no ticket is sold. Each process goes on counting for itself meanwhile.

The user is proven, and counted first: whatever address a caller pretends to have, his own limit holds. What
is refused there is not counted for the address, so that no single user takes more of it than his own limit.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from boxoffice.caching import Cache
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.limits import Limit, Limits, Party, Scope, Window, counter_id, too_many
from boxoffice.logs import Log
from boxoffice.ports import NewRow, Rows
from boxoffice.schema import Table
from boxoffice.times import to_text

Report = Callable[[], Awaitable[bool]]
"""Tells the shared counter of the requests since it was told last; whether they are within the limit."""


@dataclass(slots=True)
class _Count:
    """The requests of one user or address in one window that this process has admitted."""

    admitted: int = 0
    is_full: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class CountMemory:
    """What one process has admitted: at most `size` counts, each until its window ends.

    `clock` is in seconds since 1970.
    """

    def __init__(self, size: int, clock: Callable[[], float]) -> None:
        self._counts: Cache[str, _Count] = Cache(size, clock)

    async def admit(self, counter: str, limit: Limit, ends: int, report: Report) -> bool:
        """Whether one more request is within the limit."""
        count = self._counts.get(counter)
        if count is None:
            count = _Count()
            self._counts.put(counter, count, ends)
        async with count.lock:
            if count.is_full or count.admitted >= limit.requests:
                return False
            if (count.admitted + 1) % limit.stride == 0 and not await report():
                count.is_full = True
                return False
            count.admitted += 1
            return True


@dataclass(frozen=True, slots=True)
class Counters:
    """What all executions of a process share: the limits, the secret of the counters' ids, and the memories.

    Users and addresses have a memory each: addresses may be invented in such numbers that old ones give way,
    and those must not be users.
    """

    users: Limits
    addresses: Limits
    secret: bytes = field(repr=False)
    user_memory: CountMemory
    address_memory: CountMemory


class RateLimits:
    """The limits for one execution. `network` stands for the caller's address; `None` is an unknown one."""

    def __init__(
        self, counters: Counters, rows: Rows, log: Log, now: Callable[[], datetime], network: str | None
    ) -> None:
        self._counters = counters
        self._rows = rows
        self._log = log
        self._now = now
        self._network = network

    async def check(self, scope: Scope, caller: Caller) -> None:
        """Count one request of the caller. Raises `Rejected` with `RATE_LIMITED` when there were too many.

        A trusted server is not counted by its address, which is the same for all of its users.
        """
        shared = self._counters
        await self._count(shared.users[scope], scope, Party.USER, caller.user_id, shared.user_memory)
        if self._network is None or caller.is_trusted_server:
            return
        await self._count(shared.addresses[scope], scope, Party.ADDRESS, self._network, shared.address_memory)

    async def _count(
        self, limit: Limit, scope: Scope, party: Party, subject: str, memory: CountMemory
    ) -> None:
        now = self._now()
        window = limit.window(now)
        counter = counter_id(self._counters.secret, scope, party, subject, window)

        async def report() -> bool:
            return await self._report(counter, limit, window)

        if not await memory.admit(counter, limit, window.ends, report):
            self._log.info("limit.reached", scope=scope, countedBy=party)
            raise too_many(limit, party, window, now)

    async def _report(self, counter: str, limit: Limit, window: Window) -> bool:
        row = NewRow(counter, {"windowEnds": to_text(window.ends_at)})
        try:
            return await self._rows.count_up(Table.RATE_LIMITS, row, "count", limit.stride, limit.requests)
        except BoxofficeError as error:
            self._log.error("limit.not_counted", error)
            return True

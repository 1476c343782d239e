"""The request log: what was asked of every site, in the order in which it was answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from emulator.core.caller import Caller
from emulator.core.http import Request

CAPACITY = 200_000


class Entry(NamedTuple):
    """One answered request.

    at: Unix time of its arrival (the machine's clock, not the movable one). path: the whole path, with the
    site's prefix. status: 0 when no complete reply was sent. milliseconds: until the reply was ready to be
    sent. fault: id of the fault that was applied, or "".
    """

    sequence: int
    at: float
    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    caller: Caller
    fault: str

    def shown(self) -> dict[str, Any]:
        """The entry as the local route answers it."""
        return {
            "sequence": self.sequence,
            "time": self.at,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "status": self.status,
            "durationMs": round(self.milliseconds, 3),
            "caller": self.caller.kind,
            "userId": self.caller.user_id,
            "executionId": self.caller.execution_id,
            "fault": self.fault or None,
        }


class RequestLog:
    """The newest 200,000 entries, in memory. Sequence numbers begin at 1 and have no gaps."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=CAPACITY)
        self.last = 0

    def add(self, request: Request, path: str, status: int, started: float, fault: str) -> None:
        """Notes a request whose reply is about to be sent. started: `time.perf_counter()` at its arrival."""
        self.last += 1
        elapsed = time.perf_counter() - started
        self._entries.append(
            Entry(
                self.last, time.time() - elapsed, request.method, path, request.query_string,
                status, elapsed * 1000, request.caller, fault,
            )
        )  # fmt: skip

    def after(self, sequence: int) -> Iterator[Entry]:
        """The entries with a higher sequence number, oldest first."""
        oldest = self.last - len(self._entries) + 1
        return islice(self._entries, max(0, sequence + 1 - oldest), None)

"""Faults on demand: which request is to go wrong, and how.

A fault counts every request that it matches, and is applied to those in its window (`start`, `count`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

from emulator.core.caller import Caller

REFUSE = "refuse"
DELAY = "delay"
RESET = "reset"
DROP_REPLY = "drop_reply"
STALL_BODY = "stall_body"
KILL_BEFORE = "kill_function_before"
KILL_AFTER = "kill_function_after"
KINDS = (REFUSE, DELAY, RESET, DROP_REPLY, STALL_BODY, KILL_BEFORE, KILL_AFTER)


@dataclass(slots=True)
class Fault:
    """One fault.

    path: a glob over the whole path (`*` also matches `/`). start, count: the first matching request that is
    hit, counted from 1, and how many from there on (0: all). execution_id: only calls of that execution.
    from_functions: only calls made with a function's own key. seconds: how long a delay or a stall lasts.
    after: a delay comes after the request was carried out, not before. function_id: whose process a kill
    hits when the call does not say which execution made it, as calls to the payment gateway do not.
    """

    id: str
    kind: str
    method: str = "*"
    path: str = "*"
    start: int = 1
    count: int = 0
    execution_id: str = ""
    from_functions: bool = False
    status: int = 503
    type: str = ""
    retry_after: int | None = None
    seconds: float = 0.0
    after: bool = False
    function_id: str = ""
    seen: int = 0
    hits: int = 0

    def shown(self) -> dict[str, Any]:
        """The fault as the local route answers it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "method": self.method,
            "path": self.path,
            "from": self.start,
            "count": self.count,
            "executionId": self.execution_id,
            "fromFunctions": self.from_functions,
            "status": self.status,
            "type": self.type,
            "retryAfter": self.retry_after,
            "seconds": self.seconds,
            "after": self.after,
            "functionId": self.function_id,
            "seen": self.seen,
            "hits": self.hits,
        }


class Faults:
    """The faults that wait for their requests."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Fault, re.Pattern[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, fault: Fault) -> None:
        """Adds a fault."""
        self._waiting[fault.id] = (fault, re.compile(translate(fault.path)))

    def all(self) -> list[Fault]:
        """Every fault, oldest first, those that have no more requests to hit included."""
        return [fault for fault, _ in self._waiting.values()]

    def remove(self, fault_id: str) -> bool:
        """Removes one; False when there is none."""
        return self._waiting.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Removes all."""
        self._waiting.clear()

    def pick(self, method: str, path: str, identify: Callable[[], Caller]) -> Fault | None:
        """The oldest fault whose window this request falls into; every matching fault counts it."""
        picked = None
        for fault, pattern in self._waiting.values():
            if fault.method not in ("*", method) or not pattern.match(path):
                continue
            if (fault.execution_id or fault.from_functions) and not _is_from(fault, identify()):
                continue
            fault.seen += 1
            in_window = fault.seen >= fault.start and (
                not fault.count or fault.seen < fault.start + fault.count
            )
            if in_window and picked is None:
                fault.hits += 1
                picked = fault
        return picked


def _is_from(fault: Fault, caller: Caller) -> bool:
    if fault.execution_id:
        return caller.execution_id == fault.execution_id
    return bool(caller.execution_id)

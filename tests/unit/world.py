"""What happens to the calls of the fakes: a log of all of them, faults on demand, and sudden death."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous


class Killed(BaseException):
    """The process is gone: none of its handlers runs."""


@dataclass
class Fault:
    """Raises `error` at the calls of `operation` numbered `first` to `last`, before or after their effect."""

    operation: str
    error: Callable[[], BaseException]
    first: int = 1
    last: int = 1
    after_effect: bool = False
    seen: int = 0

    def hits(self, operation: str) -> bool:
        if operation != self.operation:
            return False
        self.seen += 1
        return self.first <= self.seen <= self.last


@dataclass
class World:
    """The log of all calls, and the faults to come."""

    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    is_dead: bool = False
    _dies_at: int = -1
    _dies_after: bool = False

    def fail(self, operation: str, error: Callable[[], BaseException], **options: Any) -> None:
        self.faults.append(Fault(operation, error, **options))

    def fail_always(self, operation: str, error: Callable[[], BaseException]) -> None:
        self.fail(operation, error, last=10**9)

    def kill(self, call: int, *, after_effect: bool) -> None:
        """The process dies at its next call with that number, counted from 0; `revive` starts another one."""
        self._dies_at, self._dies_after = len(self.calls) + call, after_effect

    def revive(self) -> None:
        self.is_dead, self._dies_at = False, -1

    def around(self, operation: str, effect: Callable[[], Any]) -> Any:
        if self.is_dead:
            raise Killed
        if len(self.calls) == self._dies_at:
            self.is_dead = True
            if self._dies_after:
                effect()
            raise Killed
        self.calls.append(operation)
        hits = [fault for fault in self.faults if fault.hits(operation)]
        for fault in hits:
            if not fault.after_effect:
                raise fault.error()
        result = effect()
        for fault in hits:
            raise fault.error()
        return result


def lost_answer() -> Exception:
    return Ambiguous(Code.SERVICE_UNAVAILABLE)

"""Time: how much is left, and how to wait.

Clock, sleep and chance are handed in, so that tests neither wait nor depend on luck.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LONGEST_CALL = 10.0
"""Seconds after which a call counts as unanswered, unless a deployment says otherwise."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The outside world's time. `clock` is monotonic, in seconds; `chance` is uniform over 0 to 1."""

    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]


class TimeBudget:
    """The seconds that one execution may still spend.

    Part of `total` is a `reserve`: going forward has to end before it begins, so that there is always time
    left for undoing. One call may take `longest_call`: whoever does not answer by then does not answer.
    """

    def __init__(
        self, clock: Callable[[], float], total: float, reserve: float, longest_call: float = LONGEST_CALL
    ) -> None:
        self._clock = clock
        self._longest_call = longest_call
        self._began = clock()
        self._end = self._began + total
        self._reserve = reserve

    def remaining(self) -> float:
        """Seconds left for what is being done now; 0 when there are none."""
        return max(0.0, self._end - self._reserve - self._clock())

    def spent(self) -> float:
        """Seconds since the execution began."""
        return self._clock() - self._began

    def for_a_call(self) -> float:
        """Seconds that the next call may take; 0 when there is no time for one."""
        return min(self._longest_call, self.remaining())

    def release_reserve(self) -> None:
        """From here on the reserve may be spent too: there is something to undo."""
        self._reserve = 0.0

"""Repeating a call that may be repeated, with pauses that grow and differ between callers."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from boxoffice.domain.errors import ErrorKind, typed
from boxoffice.saga.timing import TimeBudget, Timing

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts` calls; the pauses begin around `base` seconds, double, and end at `cap` seconds."""

    attempts: int
    base: float
    cap: float

    def pause(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures; half is chance, so that callers do not return together."""
        return min(self.cap, self.base * 2.0 ** (failures - 1)) * (0.5 + chance / 2)


async def retrying(
    call: Callable[[], Awaitable[Result]],
    *,
    policy: RetryPolicy,
    kinds: Collection[ErrorKind],
    timing: Timing,
    budget: TimeBudget,
) -> Result:
    """The result of `call`, repeated while it fails with one of `kinds`.

    Raises the last failure when the attempts or the time are used up, and any other failure at once.
    """
    failures = 0
    while True:
        try:
            return await call()
        except Exception as error:
            failures += 1
            pause = policy.pause(failures, timing.chance())
            if typed(error).kind not in kinds or failures >= policy.attempts or pause >= budget.remaining():
                raise
        await timing.sleep(pause)

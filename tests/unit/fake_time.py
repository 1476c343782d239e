"""Time in memory."""

from __future__ import annotations

from boxoffice.saga.timing import Timing


class FakeTime:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.seconds, self.sleep, lambda: 0.5)

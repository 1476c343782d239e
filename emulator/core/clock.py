"""The server's clock, which tests may move forward, and Appwrite's spelling of a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate


def spell(seconds: float) -> str:
    """A Unix time as `2030-01-02T03:04:05.678+00:00` (milliseconds, UTC), as every answer spells it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class Clock:
    """Wall-clock time plus an offset in seconds that the local admin route can change."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._header = (0, "")
        self._when_moved: list[Callable[[], None]] = []

    def move(self, offset: float) -> None:
        """Sets the offset and tells everything that waits for a moment to look again."""
        self.offset = offset
        for notice in self._when_moved:
            notice()

    def when_moved(self, notice: Callable[[], None]) -> None:
        """Calls back on the event loop after each move; the callback must neither block nor raise."""
        self._when_moved.append(notice)

    def time(self) -> float:
        """Unix time in seconds."""
        return time.time() + self.offset

    def now(self) -> str:
        """The current moment as answers spell it."""
        return spell(self.time())

    def date_header(self) -> str:
        """The moment as the header `Date` carries it, from which clients learn the server's time."""
        second = int(self.time())
        if self._header[0] != second:
            self._header = (second, formatdate(second, usegmt=True))
        return self._header[1]

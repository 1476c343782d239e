"""Small memories that forget: for what a warm function may know without asking again."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """At most `size` values, each until the time it was stored with; the oldest give way first.

    `now` must be the clock that the expiry times are measured on.
    """

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._size = size
        self._now = now
        self._entries: OrderedDict[Key, tuple[float, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The value stored under `key`, unless it has expired."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, value = entry
        if expires <= self._now():
            self._entries.pop(key, None)
            return None
        return value

    def put(self, key: Key, value: Value, expires: float) -> None:
        """Store `value` until `expires`."""
        self._entries[key] = (expires, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Store nothing under `key` any more."""
        self._entries.pop(key, None)


class Remembered(Generic[Key, Value]):
    """At most `size` values that are read when somebody wants them, and kept for `seconds` from then on.

    Whoever wants what is being read already waits for the same read, and gets its error when it has one. An
    execution that is given up does not take the read away from the others. `clock` is in seconds.
    """

    def __init__(self, size: int, seconds: float, clock: Callable[[], float]) -> None:
        self._known: Cache[Key, Value] = Cache(size, clock)
        self._seconds = seconds
        self._clock = clock
        self._reads: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The value under `key`, from memory or else from `read`. Raises what `read` raises."""
        value = self._known.get(key)
        if value is not None:
            return value
        task = self._reads.get(key)
        if task is None:
            task = asyncio.create_task(self._read(key, read))
            self._reads[key] = task
        return await asyncio.shield(task)

    def forget(self, key: Key) -> None:
        """Read again for whoever asks from now on, also when a read is under way."""
        self._known.forget(key)
        self._reads.pop(key, None)

    async def _read(self, key: Key, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        began = self._clock()
        try:
            value = await read()
        finally:
            current = self._reads.get(key) is asyncio.current_task()
            if current:
                del self._reads[key]
        if current:
            self._known.put(key, value, began + self._seconds)
        return value

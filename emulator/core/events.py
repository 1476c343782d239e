"""Events: what a change announces after it was committed, and who listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A committed change.

    pattern: `tablesdb.[databaseId].tables.[tableId].rows.[rowId].create` (`databases.` in a database of the
    legacy type; `event_names` spells out all names); ids: what stands for the brackets. payload: the entity
    as the request was answered, or, when that was an empty answer, as the newest response format shows it.
    readers: roles that may receive it (`any`, `user:x`, …). user_id: who caused it, "" for an API key.
    """

    pattern: str
    ids: Mapping[str, str]
    payload: Mapping[str, Any]
    readers: Sequence[str] = field(default_factory=tuple)
    user_id: str = ""


class EventBus:
    """Calls every listener, in the order of subscription, on the server's event loop."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Adds a listener; it must not block and must not raise."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Hands a committed change to all listeners."""
        for listener in self._listeners:
            listener(event)

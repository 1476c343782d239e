"""Executions that stop before each of their calls, so that a test decides what happens next, and to whom.

An actor runs a use case of the library in a thread of its own, over real HTTP. Each of its calls waits at a
gate until the test lets it pass, or lets it fail, or lets the actor die there. Only one actor moves at a time
and its calls leave one after the other, so the same decisions always give the same run.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Generic, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

T = TypeVar("T")

# Only a test that has hung waits as long.
STUCK_SECONDS = 20.0


class Fate(Enum):
    """What happens to a call."""

    PASSES = "passes"
    REFUSED_400 = "is refused for good"
    REFUSED_503 = "is refused with 503"
    REFUSED_429 = "is refused with 429"
    RESET = "is reset, not carried out"
    REPLY_LOST = "is carried out, and its answer lost"
    DIES_BEFORE = "is not made: the process dies"
    DIES_AFTER = "is carried out, and the process dies"


_STATUSES = {Fate.REFUSED_400: 400, Fate.REFUSED_503: 503, Fate.REFUSED_429: 429}


class Death(BaseException):
    """The process is gone: nothing of it runs any more, no handler and no cleaning up."""


class Gate:
    """Where the calls of one actor wait."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._changed = threading.Condition()
        self._fate: Fate | None = None
        self.waiting: str | None = None
        self.dead = False
        self.ended = False

    def through(self, call: str, send: Callable[[], requests.Response]) -> requests.Response:
        """Waits for the fate of a call and brings it about; called by the actor's thread."""
        fate = self._ask(call)
        self._note(f"{call} {fate.value}")
        if fate is Fate.DIES_BEFORE:
            raise Death
        if fate is Fate.RESET:
            raise _broken_connection()
        if fate in _STATUSES:
            return _refusal(_STATUSES[fate])
        response = send()
        if fate is Fate.DIES_AFTER:
            raise Death
        if fate is Fate.REPLY_LOST:
            raise _broken_connection()
        return response

    def decide(self, fate: Fate) -> None:
        """Lets the waiting call meet its fate, and returns when the next one waits or the actor has ended."""
        with self._changed:
            self.waiting = None
            self.dead = self.dead or fate in (Fate.DIES_BEFORE, Fate.DIES_AFTER)
            self._fate = fate
            self._changed.notify_all()
        self.wait()

    def wait(self) -> None:
        """Returns when a call waits or the actor has ended."""
        with self._changed:
            moved = self._changed.wait_for(lambda: self.ended or self.waiting is not None, STUCK_SECONDS)
        assert moved, "an actor does not move"

    def end(self) -> None:
        """No call will come any more; called by the actor's thread."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def _ask(self, call: str) -> Fate:
        with self._changed:
            if self.dead:
                raise Death
            self.waiting = call
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fate is not None)
            fate, self._fate = self._fate, None
        assert fate is not None
        return fate


class GatedAdapter(HTTPAdapter):
    """The transport of a session whose requests go through a gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._gate = gate

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Sends, when the gate lets it."""
        response = self._gate.through(
            f"{request.method} {request.path_url.partition('?')[0]}",
            lambda: super(GatedAdapter, self).send(request, *args, **options),
        )
        response.request = request
        return response


class Actor(Generic[T]):
    """One execution. It has come to its first call, or to its end, when it has been made.

    note: is told of every call and its fate.
    """

    def __init__(self, name: str, work: Callable[[Gate], Awaitable[T]], note: Callable[[str], None]) -> None:
        self.gate = Gate(lambda line: note(f"{name}: {line}"))
        self.result: T | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), name=name, daemon=True)
        self._thread.start()
        self.gate.wait()

    @property
    def ended(self) -> bool:
        """Whether it has come to its end, or died."""
        return self.gate.ended

    @property
    def died(self) -> bool:
        """Whether its process was killed."""
        return self.gate.dead

    def move(self, fate: Fate = Fate.PASSES) -> None:
        """Lets its waiting call meet a fate and goes on to the next one; an error of the work is raised."""
        if not self.ended:
            self.gate.decide(fate)
        if self.ended:
            self._thread.join()
            if self.error is not None and not isinstance(self.error, Death):
                raise self.error

    def finish(self) -> None:
        """Lets everything pass until the end; an error of the work is raised, also of one without calls."""
        while not self.ended:
            self.move()
        self.move()

    def die(self) -> None:
        """Ends it where it stands."""
        if not self.ended:
            self.move(Fate.DIES_BEFORE)

    def _run(self, work: Callable[[Gate], Awaitable[T]]) -> None:
        async def main() -> T:
            return await work(self.gate)

        try:
            self.result = asyncio.run(main())
        except BaseException as error:
            self.error = error
        finally:
            self.gate.end()


def _broken_connection() -> requests.ConnectionError:
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError()))


def _refusal(status: int) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = b"{}"
    return response

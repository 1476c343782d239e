"""Realtime for tests: a socket that listens, and what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

from tests.support.local_server import LocalServer

Query = Sequence[tuple[str, str]]


class Listener:
    """An open socket after its first message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.greeting = self.next()

    def next(self, seconds: float = 10.0) -> dict[str, Any]:
        """The next message; TimeoutError when none comes."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=seconds))
        return message

    def event(self) -> dict[str, Any]:
        """The data of the next message, which must be an event."""
        message = self.next()
        assert message["type"] == "event", message
        data: dict[str, Any] = message["data"]
        return data

    def ask(self, type_: str, data: Any = None) -> dict[str, Any]:
        """What the server answers to a message."""
        self.socket.send(json.dumps({"type": type_, "data": data}))
        return self.next()

    def hears_nothing(self) -> bool:
        """Whether nothing waits: messages are told in order, so a ping's answer would come after them."""
        return self.ask("ping") == {"type": "pong"}


@contextmanager
def listening(
    server: LocalServer,
    *channels: str,
    query: Query = (),
    headers: dict[str, str] | None = None,
    origin: str = "",
) -> Iterator[Listener]:
    """A socket on channels. query: further parameters of its address; headers: who it is."""
    pairs = [*(("channels[]", channel) for channel in channels), *query]
    with listening_at(server.endpoint, server.ready.project_id, pairs, headers, origin) as listener:
        yield listener


@contextmanager
def listening_at(
    endpoint: str,
    project_id: str,
    query: Query = (),
    headers: dict[str, str] | None = None,
    origin: str = "",
) -> Iterator[Listener]:
    """A socket to any Appwrite; see `listening`."""
    url = f"{endpoint.replace('http', 'ws', 1)}/realtime?{urlencode([('project', project_id), *query])}"
    with connect(url, additional_headers=headers, origin=origin or None, proxy=None) as socket:  # type: ignore[arg-type]
        yield Listener(socket)

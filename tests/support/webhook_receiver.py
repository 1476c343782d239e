"""A web server in this process that takes webhooks and answers as told."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.support.local_server import wait_until


@dataclass(frozen=True, slots=True)
class Received:
    """One request. headers: names in lower case. at: monotonic seconds."""

    headers: dict[str, str]
    body: str
    at: float

    @property
    def json(self) -> dict[str, Any]:
        """The body, decoded."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded


class WebhookReceiver:
    """Keeps what it receives. answers: the statuses to give, one after the other; the last one for ever."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers = [200]
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook?from=gateway"

    def __enter__(self) -> WebhookReceiver:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _take(self, headers: dict[str, str], body: str) -> int:
        with self._lock:
            self.received.append(Received(headers, body, time.monotonic()))
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                status = take({name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        return Handler


def wait_for(receiver: WebhookReceiver, count: int) -> list[Received]:
    """The first so many requests, as soon as they are there."""
    return wait_until(lambda: receiver.received[:count] if len(receiver.received) >= count else [])

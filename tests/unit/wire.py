"""The network in memory: answers as told, below `requests`, so that all of the adapters' own code runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import requests
from boxoffice.adapters.http import pooled_session
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

Answer = tuple[int, Any] | Exception


def refused_connection() -> Exception:
    """What `requests` raises when nothing listens at the address."""
    reason = NewConnectionError(HTTPConnection("x"), "refused")
    return requests.ConnectionError(MaxRetryError(HTTPConnectionPool("x"), "/", reason))


def dropped_connection() -> Exception:
    """What `requests` raises when the connection breaks while it waits for the answer."""
    return requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError()))


class Wire(BaseAdapter):
    """Gives the answers one after the other, and keeps the requests."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.requests: list[requests.PreparedRequest] = []
        self.timeouts: list[Any] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self.requests.append(request)
        self.timeouts.append(options["timeout"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "text/html" if isinstance(body, bytes) else "application/json"}
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = HTTPResponse(BytesIO(content), headers=headers, preload_content=False)
        response.request = request
        return response

    def close(self) -> None:
        return

    def session(self) -> requests.Session:
        session = pooled_session(4)
        session.mount("http://", self)
        return session

    @property
    def sent(self) -> list[str]:
        return [f"{request.method} {request.path_url.split('?')[0]}" for request in self.requests]

    def body(self, number: int) -> Any:
        content = self.requests[number].body
        assert content is not None
        return json.loads(content)

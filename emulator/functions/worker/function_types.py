"""What `main(context)` is given: the request, the ways to answer, and the logs."""

from __future__ import annotations

import json
from typing import Any

from .logger import Logger

Output = dict[str, Any]


class Request:
    """The request of an execution. Header names are lower-case; `query` holds decoded texts."""

    body_binary: bytes = b""
    headers: dict[str, str]
    method: str = "GET"
    url: str = ""
    path: str = "/"
    port: int = 80
    query: dict[str, str]
    query_string: str = ""
    scheme: str = "http"
    host: str = ""

    @property
    def body_text(self) -> str:
        """The body as UTF-8; UnicodeDecodeError when it is not."""
        return self.body_binary.decode("utf-8")

    @property
    def body_json(self) -> Any:
        """The body's JSON value; ValueError when it is not JSON."""
        return json.loads(self.body_text)

    @property
    def body_raw(self) -> str:
        """The old name of `body_text`."""
        return self.body_text

    @property
    def body(self) -> Any:
        """A JSON value when the content type says JSON ({} for nothing), a text otherwise."""
        if self.headers.get("content-type", "text/plain").lower().startswith("application/json"):
            return self.body_json if self.body_binary else {}
        return self.body_text


class Response:
    """The ways to answer.

    As in the official runtime the default `headers` of a method is one dictionary for all executions of the
    process, and what is put into an answer's headers stays in it: pass your own.
    """

    def binary(self, bytes: bytes, statusCode: int = 200, headers: dict[str, str] = {}) -> Output:  # noqa: A002, B006, N803
        """Any bytes."""
        return self.send(bytes, statusCode, headers)

    def text(self, body: str, statusCode: int = 200, headers: dict[str, str] = {}) -> Output:  # noqa: B006, N803
        """A text."""
        return self.send(body.encode("utf-8"), statusCode, headers)

    def send(self, body: Any, statusCode: int = 200, headers: dict[str, str] = {}) -> Output:  # noqa: B006, N803
        """A body as it is."""
        return {"body": body, "statusCode": statusCode, "headers": headers}

    def json(self, obj: Any, statusCode: int = 200, headers: dict[str, str] = {}) -> Output:  # noqa: B006, N803
        """A value as compact JSON."""
        headers["content-type"] = "application/json"
        return self.text(json.dumps(obj, separators=(",", ":")), statusCode, headers)

    def empty(self) -> Output:
        """204 without a body."""
        return self.text("", 204, {})

    def redirect(self, url: str, statusCode: int = 301, headers: dict[str, str] = {}) -> Output:  # noqa: B006, N803
        """Sends the caller elsewhere."""
        headers["location"] = url
        return self.text("", statusCode, headers)


class Context:
    """The one argument of `main`."""

    def __init__(self, req: Request, logger: Logger) -> None:
        self.req = req
        self.res = Response()
        self.logger = logger

    def log(self, *messages: object) -> None:
        """One line of logs; lists, dictionaries and tuples are written as JSON."""
        self.logger.write_log(messages)
        self.logger.write_log(["\n"])

    def error(self, *messages: object) -> None:
        """One line of errors."""
        self.logger.write_error(messages)
        self.logger.write_error(["\n"])

"""The official SDK's client, on shared connections, with time-outs and typed errors.

The SDK opens a new connection for every call and waits for ever. Only its transport is replaced here: its
services build the same paths and parameters as everywhere else.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from appwrite.client import Client  # type: ignore[import-untyped]
from appwrite.exception import AppwriteException  # type: ignore[import-untyped]
from appwrite.input_file import InputFile  # type: ignore[import-untyped]

from boxoffice.adapters.http import no_answer, send
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Fatal, Rejected, Retryable
from boxoffice.saga.timing import TimeBudget

_MULTIPART = "multipart/form-data"
_AT_BOUND = ("column_limit_exceeded", "attribute_limit_exceeded")


class Conflict(Rejected):
    """The id, or the value of a unique column, is taken."""

    def __init__(self) -> None:
        super().__init__(Code.CONFLICT_ERROR)


class AtBound(Rejected):
    """A column would have left the bounds that the call gave."""

    def __init__(self) -> None:
        super().__init__(Code.CONFLICT_ERROR)


class Missing(Rejected):
    """What the call named does not exist."""

    def __init__(self) -> None:
        super().__init__(Code.NOT_FOUND_ERROR)


class Unauthorised(Fatal):
    """The credentials are not accepted, or lack a scope."""

    def __init__(self) -> None:
        super().__init__(Code.SERVICE_UNAVAILABLE)


class PooledClient(Client):  # type: ignore[misc]
    """A client of one execution: its own credentials and time, on connections that all executions share.

    `credentials` are headers: `x-appwrite-key` with the execution's dynamic key, or `x-appwrite-jwt`.
    """

    def __init__(
        self,
        session: requests.Session,
        endpoint: str,
        project: str,
        credentials: Mapping[str, str],
        budget: TimeBudget,
    ) -> None:
        super().__init__()
        self.set_endpoint(endpoint)
        self.set_project(project)
        for name, value in credentials.items():
            self.add_header(name, value)
        self._session = session
        self._budget = budget
        self._server_time: datetime | None = None

    def server_time(self) -> datetime:
        """What the server's clock said with the last answer. Raises `Fatal` when it has never said so."""
        if self._server_time is None:
            raise Fatal(Code.SERVICE_UNAVAILABLE)
        return self._server_time

    def call(
        self,
        method: str,
        path: str = "",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        response_type: str = "json",
    ) -> Any:
        """What the SDK's services call. Returns the decoded JSON, or `None` for an empty answer.

        Raises `Conflict` (409), `Missing` (404), `AtBound` (400 of that type), `Unauthorised` (401, 403),
        `Retryable` (429, never sent, or a failed read), `Ambiguous` (a write without a usable answer), and
        `Fatal` for any other refusal.
        """
        response = send(
            self._session,
            method,
            self._endpoint + path,
            budget=self._budget,
            code=Code.SERVICE_UNAVAILABLE,
            **self._arguments(method, {**self._global_headers, **(headers or {})}, dict(params or {})),
        )
        self._note_time(response.headers.get("date", ""))
        if not response.ok:
            refusal = _refusal(response)
            raise _error(method, response.status_code, refusal.type) from refusal
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise no_answer(method, Code.SERVICE_UNAVAILABLE) from error

    def _note_time(self, date: str) -> None:
        try:
            self._server_time = parsedate_to_datetime(date).astimezone(UTC)
        except ValueError:
            return

    def _arguments(self, method: str, headers: dict[str, str], params: dict[str, Any]) -> dict[str, Any]:
        if method == "get":
            # Appwrite reads `false`; left alone, Python would send `False`.
            query = {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in self.flatten(params).items()
            }
            return {"headers": headers, "params": query}
        if headers["content-type"].startswith(_MULTIPART):
            # The boundary is chosen when the body is built, so the header has to come from there.
            del headers["content-type"]
            files = {
                name: (value.filename, value.data)
                for name, value in params.items()
                if isinstance(value, InputFile)
            }
            fields = {name: value for name, value in params.items() if name not in files}
            return {"headers": headers, "files": files, "data": self.flatten(fields, stringify=True)}
        return {"headers": headers, "json": params}


def _error(method: str, status: int, kind: str | None) -> BoxofficeError:
    match status:
        case 400 if kind in _AT_BOUND:
            return AtBound()
        case 409:
            return Conflict()
        case 404:
            return Missing()
        case 401 | 403:
            return Unauthorised()
        case 429:
            return Retryable(Code.SERVICE_UNAVAILABLE)
        case _ if status >= 500:
            return no_answer(method, Code.SERVICE_UNAVAILABLE)
        case _:
            return Fatal(Code.SERVICE_UNAVAILABLE)


def _refusal(response: requests.Response) -> AppwriteException:
    """The server's own words, for the log only."""
    try:
        body = response.json()
        return AppwriteException(body["message"], response.status_code, body.get("type"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return AppwriteException("an answer that is not Appwrite's", response.status_code)

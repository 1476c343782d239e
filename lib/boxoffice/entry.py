"""Between Appwrite's function runtime and a use case: the request in, the answer out, and nothing leaks."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from boxoffice.bookings.results import Failed
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Fatal
from boxoffice.logs import Log

_EXECUTION_ID = "x-appwrite-execution-id"
_MAX_EXECUTION_ID = 36  # a caller can put a header of its own over the platform's


class Request(Protocol):
    """What is used of the runtime's request. Its other properties decode the body and may raise."""

    @property
    def body_binary(self) -> bytes:
        """The body as it came."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by name."""
        ...


class Response(Protocol):
    """What is used of the runtime's response."""

    def json(self, obj: Any, status: int, headers: dict[str, str], /) -> Any:
        """An answer with a JSON body."""
        ...


class Context(Protocol):
    """What the runtime hands to `main`."""

    @property
    def req(self) -> Request:
        """The request."""
        ...

    @property
    def res(self) -> Response:
        """Makes answers."""
        ...

    def log(self, message: str, /) -> object:
        """Write to the execution's log."""
        ...

    def error(self, message: str, /) -> object:
        """Write to the execution's error log."""
        ...


@dataclass(frozen=True, slots=True)
class Execution:
    """One call of a function. Header names are in lower case."""

    id: str
    headers: Mapping[str, str]
    body: bytes
    log: Log


UseCase = Callable[[Execution], Awaitable[Mapping[str, Any] | Failed]]
"""Answers with the body of a success, or with why there is none. What it raises is answered as a failure."""


async def respond(context: Context, use_case: UseCase) -> Any:
    """Run `use_case` for the call in `context`, and answer whatever happens.

    The status comes from the table of codes. An exception's text is written to the log and never answered.
    """
    headers = {name.lower(): value for name, value in context.req.headers.items()}
    execution_id = headers.get(_EXECUTION_ID, "")[:_MAX_EXECUTION_ID]
    log = Log(context.log, context.error, execution_id)
    began = time.monotonic()
    result = await _guarded(use_case, Execution(execution_id, headers, context.req.body_binary, log))
    status, body = _answer(result, execution_id)
    log.info(
        "request.answered",
        status=status,
        code=result.error.code if isinstance(result, Failed) else None,
        replayed=bool(body.get("replayed")),
        milliseconds=round((time.monotonic() - began) * 1000),
    )
    # A dictionary of its own: the runtime's default one is shared between all answers.
    return context.res.json(body, status, {"content-type": "application/json"})


async def _guarded(use_case: UseCase, execution: Execution) -> Mapping[str, Any] | Failed:
    try:
        return await use_case(execution)
    except BoxofficeError as error:
        if error.kind is not ErrorKind.REJECTED:
            execution.log.error("request.failed", error)
        return Failed(error)
    except Exception as error:
        # Whatever state the bug left is written down, so that the same request finds out.
        unexpected = Fatal(Code.SERVICE_UNAVAILABLE)
        unexpected.__cause__ = error
        execution.log.error("request.crashed", unexpected)
        return Failed(unexpected)


def _answer(result: Mapping[str, Any] | Failed, execution_id: str) -> tuple[int, Mapping[str, Any]]:
    if not isinstance(result, Failed):
        return 200, result
    # Loaded by the first request: the models' library doubles the load of a cold function.
    from boxoffice.contract import answers

    return result.error.rule.status, answers.failure(result, execution_id)

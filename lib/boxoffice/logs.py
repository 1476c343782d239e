"""Structured logs: one JSON object per line, each with the execution's id."""

import json
from collections.abc import Callable
from typing import Any

from boxoffice.domain.errors import BoxofficeError

Write = Callable[[str], object]

_MAX_CAUSE = 300


class Log:
    """The log of one execution. Never pass a credential or a request's body as a field."""

    def __init__(self, write: Write, write_error: Write, execution_id: str) -> None:
        self._write = write
        self._write_error = write_error
        self._execution_id = execution_id

    def info(self, event: str, **fields: Any) -> None:
        """Something worth counting happened."""
        self._write(self._line("info", event, fields))

    def error(self, event: str, error: BoxofficeError, **fields: Any) -> None:
        """Something went wrong. The causes are written here, because clients never see them."""
        described = {"kind": error.kind, "code": error.code, "causes": _causes(error), **fields}
        self._write_error(self._line("error", event, described))

    def _line(self, level: str, event: str, fields: dict[str, Any]) -> str:
        entry = {"level": level, "event": event, "executionId": self._execution_id, **fields}
        return json.dumps(entry, default=str, separators=(",", ":"))


def _causes(error: BaseException) -> list[str]:
    causes = []
    cause = error.__cause__
    while cause is not None:
        causes.append(f"{type(cause).__name__}: {cause}"[:_MAX_CAUSE])
        cause = cause.__cause__
    return causes

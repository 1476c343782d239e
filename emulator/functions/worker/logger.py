"""Logs of one execution: what `context.log` and `context.error` are given, and what the code prints.

The process's own stdout and stderr are one stream that hands every text to the execution that wrote it. A
context variable knows which: it follows tasks and `asyncio.to_thread`. A plain thread has none, so what it
prints goes to the execution that began last, where the official runtime would put all of it.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from contextvars import ContextVar

LONGEST_MESSAGE = 8000
LONGEST_STREAM = 5 * 1024 * 1024
NATIVE_NOTE = "Native logs detected. Use context.log() or context.error() for better experience."


class _Stream:
    """A text that stops growing at its limit (in UTF-8 bytes)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[str] = []
        self._room = LONGEST_STREAM
        self._full = False

    def write(self, text: str) -> None:
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            return
        if size > self._room:
            text = text.encode()[: self._room].decode(errors="ignore")
            self._full = True
        self._room -= min(size, self._room)
        self._parts.append(text)

    def text(self) -> str:
        end = f"\n{self._name} file has been truncated to 5.00MB." if self._full else ""
        return "".join(self._parts) + end


class Logger:
    """The logs of one execution; a disabled one keeps nothing."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self._logs = _Stream("Log")
        self._errors = _Stream("Error")
        self._native = io.StringIO()

    def write_log(self, messages: Sequence[object]) -> None:
        """Messages as one text with blanks between them."""
        self._write(self._logs, messages)

    def write_error(self, messages: Sequence[object]) -> None:
        """The same among the errors."""
        self._write(self._errors, messages)

    def write_native(self, text: str) -> None:
        """What the code printed; nothing beyond the longest message is kept."""
        room = LONGEST_MESSAGE + 1 - self._native.tell()
        if self.enabled and room > 0:
            self._native.write(text[:room])

    def collect(self) -> tuple[str, str]:
        """The logs, what was printed at their end, and the errors."""
        printed = self._native.getvalue()
        if printed:
            self.write_log([NATIVE_NOTE])
            self.write_log([printed])
        return self._logs.text(), self._errors.text()

    def _write(self, stream: _Stream, messages: Sequence[object]) -> None:
        if not self.enabled:
            return
        text = " ".join(_spelled(message) for message in messages)
        if len(text) > LONGEST_MESSAGE:
            text = text[:LONGEST_MESSAGE] + "... Log truncated due to size limit (8000 characters)"
        stream.write(text)


def _spelled(message: object) -> str:
    if isinstance(message, list | dict | tuple):
        return json.dumps(message, separators=(",", ":"))
    return str(message)


_current: ContextVar[Logger | None] = ContextVar("execution_logger", default=None)
_running: dict[Logger, None] = {}


def begin(logger: Logger) -> None:
    """From here on the running task prints into this logger."""
    _current.set(logger)
    _running[logger] = None


def end(logger: Logger) -> None:
    """What is printed for this execution from now on is lost."""
    _running.pop(logger, None)


class _Printed(io.TextIOBase):
    """Stands in for stdout and stderr."""

    encoding = "utf-8"
    errors = "strict"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        logger = _current.get() or next(reversed(_running), None)
        if logger in _running:
            logger.write_native(text)
        return len(text)


def capture() -> None:
    """Replaces the process's stdout and stderr."""
    sys.stdout = sys.stderr = _Printed()

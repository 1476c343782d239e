"""Errors, by what can be done about them.

Whoever raises an error says which of four kinds it is, and everybody above decides by the kind alone:
a step that was refused left nothing behind, one without an answer may have.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from boxoffice.domain.codes import CODES, Code, CodeRule


class ErrorKind(StrEnum):
    """What an error says about the call that raised it."""

    REJECTED = "rejected"
    RETRYABLE = "retryable"
    AMBIGUOUS = "ambiguous"
    FATAL = "fatal"


class BoxofficeError(Exception):
    """An error with a code, a sentence for people, and details for programs.

    `retry_after` is in seconds: what the code's rule says, unless whoever raises it knows better. Give it
    only with a code that may be repeated.

    `message` and `details` are shown to clients: never put an exception's text or a secret into them.
    What is only for the log travels as `__cause__`.
    """

    kind: ClassVar[ErrorKind]

    def __init__(
        self,
        code: Code,
        message: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        # All of it goes into `args`, so that pickling and copying keep the whole error.
        super().__init__(code, message, details, retry_after)
        self.code = code
        self.message = message or CODES[code].sentence
        self.details: Mapping[str, Any] = dict(details or {})
        self.retry_after = CODES[code].retry_after if retry_after is None else retry_after

    @property
    def rule(self) -> CodeRule:
        """The code's row of the table."""
        return CODES[self.code]

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Rejected(BoxofficeError):  # noqa: N818 - named by its kind
    """A refusal. It took no effect, and the same request will be refused again."""

    kind = ErrorKind.REJECTED


class Retryable(BoxofficeError):  # noqa: N818 - named by its kind
    """It took no effect, and may succeed when it is repeated."""

    kind = ErrorKind.RETRYABLE


class Ambiguous(BoxofficeError):  # noqa: N818 - named by its kind
    """There was no usable answer: it may or may not have taken effect, now or later."""

    kind = ErrorKind.AMBIGUOUS


class Fatal(BoxofficeError):  # noqa: N818 - named by its kind
    """A bug or a broken server. Repeating it is pointless, and what it left behind is unknown."""

    kind = ErrorKind.FATAL


def typed(error: BaseException) -> BoxofficeError:
    """`error` itself when it is typed; otherwise a `Fatal` that keeps it as its cause."""
    if isinstance(error, BoxofficeError):
        return error
    fatal = Fatal(Code.BOOKING_ERROR)
    fatal.__cause__ = error
    return fatal

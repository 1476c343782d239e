"""The function as the runtime calls it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from boxoffice import bootstrap
from boxoffice.bookings.results import Failed
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.entry import Execution, respond

from functions.book_ticket_atomic.main import main

SECRET = "do not tell"


@dataclass(frozen=True)
class Request:
    body_binary: bytes
    headers: dict[str, str]


class Runtime:
    """A context as the runtime makes it."""

    def __init__(self, body: bytes = b"", **headers: str) -> None:
        self.req = Request(body, {name.replace("_", "-"): value for name, value in headers.items()})
        self.res = self
        self.answers: list[tuple[dict[str, Any], int, dict[str, str]]] = []
        self.lines: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def json(self, obj: Any, status: int, headers: dict[str, str], /) -> str:
        self.answers.append((json.loads(json.dumps(obj)), status, headers))
        return "answered"

    def log(self, message: str) -> None:
        self.lines.append(json.loads(message))

    def error(self, message: str) -> None:
        self.errors.append(json.loads(message))


def answer(runtime: Runtime, error: Exception | None = None) -> tuple[dict[str, Any], int]:
    async def use_case(execution: Execution) -> Failed:
        assert error is not None
        raise error

    returned = asyncio.run(respond(runtime, use_case) if error else main(runtime))
    assert returned == "answered"
    body, status, headers = runtime.answers[-1]
    assert headers == {"content-type": "application/json"}
    return body, status


def test_a_refusal_in_the_clients_form() -> None:
    runtime = Runtime(x_appwrite_execution_id="ex1")
    body, status = answer(runtime, Rejected(Code.EVENT_PAST, details={"a": 1}))
    assert status == 409
    assert body == {
        "success": False,
        "code": "EVENT_PAST",
        "error": "This event is over.",
        "retryable": False,
        "retryAfter": None,
        "suggestedAction": "Choose an event that is still to come.",
        "details": {"a": 1},
        "executionId": "ex1",
    }
    assert runtime.lines[-1]["code"] == "EVENT_PAST"
    assert runtime.lines[-1]["executionId"] == "ex1"
    assert not runtime.errors


def test_a_header_that_a_caller_put_over_the_platforms_is_cut() -> None:
    body, _ = answer(Runtime(x_appwrite_execution_id="x" * 1_000), Rejected(Code.EVENT_PAST))
    assert body["executionId"] == "x" * 36


def test_what_may_be_repeated_says_when() -> None:
    body, status = answer(Runtime(), Rejected(Code.BOOKING_IN_PROGRESS))
    assert (status, body["retryable"], body["retryAfter"]) == (409, True, 5)


def test_an_error_may_know_better_when() -> None:
    body, status = answer(Runtime(), Rejected(Code.RATE_LIMITED, retry_after=17))
    assert (status, body["retryable"], body["retryAfter"]) == (429, True, 17)


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), RecursionError(SECRET)])
def test_an_exceptions_text_is_logged_and_never_answered(error: Exception) -> None:
    runtime = Runtime()
    body, status = answer(runtime, error)
    assert (status, body["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert SECRET not in json.dumps(body)
    assert SECRET in runtime.errors[0]["causes"][0]


def test_the_cause_of_a_fatal_error_is_logged_and_never_answered() -> None:
    error = Fatal(Code.SERVICE_UNAVAILABLE)
    error.__cause__ = ValueError(SECRET)
    runtime = Runtime()
    body, _ = answer(runtime, error)
    assert SECRET not in json.dumps(body)
    assert SECRET in runtime.errors[0]["causes"][0]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"{}", b"x" * 1_000_000])
def test_bad_input_is_refused_before_anything_is_needed(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "process", lambda: pytest.fail("not for bad input"))
    _, status = answer(Runtime(body))
    assert status == 400


def test_a_missing_variable_is_named_and_nothing_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.process.cache_clear()
    monkeypatch.setenv("APPWRITE_FUNCTION_API_ENDPOINT", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("APPWRITE_FUNCTION_PROJECT_ID", "boxoffice")
    monkeypatch.setenv("RAZORPAY_KEY_ID", "id")
    monkeypatch.setenv("RAZORPAY_KEY_SECRET", SECRET)
    monkeypatch.delenv("TICKET_SIGNING_KEYS", raising=False)
    good = {"eventId": "e", "ticketTypeId": "t", "quantity": 1, "paymentId": "pay_1"}
    runtime = Runtime(json.dumps(good).encode())
    body, status = answer(runtime)
    assert status == 503
    assert "TICKET_SIGNING_KEYS" in body["error"]
    assert SECRET not in json.dumps([body, runtime.errors])

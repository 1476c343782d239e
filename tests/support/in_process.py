"""A function's code run in this process, where it can be patched, with its real adapters over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from boxoffice import bootstrap

from functions.book_ticket_atomic import main as book_ticket_atomic
from tests.support.target import Target


@dataclass(frozen=True, slots=True)
class _Request:
    body_binary: bytes
    headers: Mapping[str, str]


class _Response:
    def json(self, obj: Any, status: int, headers: dict[str, str], /) -> tuple[int, dict[str, Any]]:
        return status, obj


class _Context:
    def __init__(self, request: _Request) -> None:
        self.req = request
        self.res = _Response()
        self.written: list[str] = []

    def log(self, message: str, /) -> None:
        self.written.append(message)

    def error(self, message: str, /) -> None:
        self.written.append(message)


def configure(patch: pytest.MonkeyPatch, target: Target) -> None:
    """Gives this process the environment of a deployed function, until the test ends."""
    variables = {
        **target.variables,
        "APPWRITE_FUNCTION_API_ENDPOINT": target.endpoint,
        "APPWRITE_FUNCTION_PROJECT_ID": target.project_id,
    }
    for name, value in variables.items():
        patch.setenv(name, value)
    bootstrap.process.cache_clear()


def call(target: Target, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """What `book_ticket_atomic` answers: a status and JSON. headers: besides the function's own key."""
    context = _Context(_Request(body, {"x-appwrite-key": target.api_key, **headers}))
    answer: tuple[int, dict[str, Any]] = asyncio.run(book_ticket_atomic.main(context))
    return answer

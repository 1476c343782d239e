"""What tests use of a local Appwrite: the process, HTTP to it, and waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from scripts.appwrite_http import Http, RefusedError, found, ok
from scripts.local_appwrite import LocalServer, Ready

__all__ = ["Http", "LocalServer", "Ready", "RefusedError", "found", "ok", "wait_until"]

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 10.0, every: float = 0.02) -> T:
    """The first true value of `condition()`; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"nothing true within {seconds} s"
        time.sleep(every)

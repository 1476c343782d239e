"""Runs what is asynchronous to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from boxoffice.domain.errors import BoxofficeError

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


def error_of(work: Coroutine[Any, Any, Any]) -> BoxofficeError:
    """The error that it ends with."""
    with pytest.raises(BoxofficeError) as refused:
        run(work)
    return refused.value

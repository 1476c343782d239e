"""Checks of parameters that definitions share; stricter than `core.params`, as the real server is here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from emulator.core.params import Check, InvalidValueError
from emulator.databases import moments

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")
SYSTEM_KEYS = ("$id", "$createdAt", "$updatedAt")
SMALLEST_INTEGER = -(2**63)
LARGEST_INTEGER = 2**63 - 1


def key(value: Any) -> str:
    """A key of a column or an index."""
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise InvalidValueError(
            "must be at most 36 of a-z, A-Z, 0-9, '.', '_', '-', and begin with a letter or digit"
        )
    return value


def indexable_key(value: Any) -> str:
    """A key of a column, or a system field that indexes may name."""
    return str(value) if value in SYSTEM_KEYS else key(value)


def whole_number(value: Any) -> int:
    """A whole number of 64 bits, not as a text."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError("must be a whole number")
    if not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        raise InvalidValueError("must fit into 64 bits")
    return value


def number(value: Any) -> float:
    """A number, not as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValueError("must be a number")
    return value


def moment(value: Any) -> str:
    """A date and time with a year of four digits."""
    if not isinstance(value, str) or not moments.names_a_year(value) or moments.normalise(value) is None:
        raise InvalidValueError("must be a date and time in ISO 8601")
    return value


def satisfying(is_valid: Callable[[str], bool], name: str) -> Check:
    """A text of a format."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not is_valid(value):
            raise InvalidValueError(f"must be a valid {name}")
        return value

    return check

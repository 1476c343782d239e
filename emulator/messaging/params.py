"""Checks of what messages are made of."""

from __future__ import annotations

from typing import Any

from emulator.core.ids import is_id
from emulator.core.params import InvalidValueError, Param, list_of, uid
from emulator.permissions import is_role


def flag(value: Any) -> bool:
    """true or false; texts and numbers are neither here."""
    if not isinstance(value, bool):
        raise InvalidValueError("must be true or false")
    return value


def whole_number(value: Any) -> int:
    """A whole number, not as a text."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError("must be a whole number")
    return value


def file_reference(value: Any) -> tuple[str, str]:
    """`BUCKET:FILE`, as its two ids."""
    bucket, colon, file = str(value).partition(":")
    if not isinstance(value, str) or not colon or not is_id(bucket) or not is_id(file):
        raise InvalidValueError("must be the ids of a bucket and a file with a colon between")
    return bucket, file


def role(value: Any) -> str:
    """A role that may subscribe."""
    if not is_role(value):
        raise InvalidValueError("must be a list of roles")
    return str(value)


RECEIVERS = tuple(Param(name, list_of(uid, 100)) for name in ("topics", "users", "targets"))

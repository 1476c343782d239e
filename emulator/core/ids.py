"""Ids: which are allowed, and new unique ones."""

from __future__ import annotations

import re
import secrets
import time

_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}")


def is_id(value: object) -> bool:
    """At most 36 of `a-zA-Z0-9._-`, the first a letter or digit."""
    return isinstance(value, str) and _ALLOWED.fullmatch(value) is not None


def unique_id() -> str:
    """A new id of 20 hexadecimal digits: the time first, so that ids sort by age, then chance."""
    return f"{int(time.time() * 1_000_000):013x}"[:13] + secrets.token_hex(4)[:7]


def chosen_id(value: str) -> str:
    """The id a client asked for; `unique()` asks the server to make one."""
    return unique_id() if value == "unique()" else value

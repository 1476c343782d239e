"""Checks of what a function is declared with."""

from __future__ import annotations

import json
from typing import Any

from emulator.core.params import Check, InvalidValueError, Param, any_value, list_of, uid
from emulator.core.scopes import PROJECT_SCOPES
from emulator.functions.catalogue import RUNTIMES, SPECIFICATIONS, is_event
from emulator.functions.cron import is_cron
from emulator.permissions import is_role

MAX_ITEMS = 100
_MAX_HEADERS = 100
_MAX_HEADERS_BYTES = 16_384
_RESERVED_HEADERS = "x-appwrite-"

FUNCTION = Param("functionId", uid, required=True)


def _word(allowed: Any, what: str) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InvalidValueError(f"must be {what}")
        return value

    return check


runtime = _word(RUNTIMES, "the name of a runtime, such as python-3.12")
specification = _word(SPECIFICATIONS, f"one of: {', '.join(SPECIFICATIONS)}")
scopes = list_of(_word(PROJECT_SCOPES, "a list of scopes, such as rows.read"), MAX_ITEMS)


def roles(value: Any) -> list[str]:
    """Whom a permission may name, without an action: `any`, `users`, `user:x`, `team:x/owner`, `label:x` …"""
    found: list[str] = list_of(any_value, MAX_ITEMS)(value)
    for role in found:
        if not is_role(role):
            raise InvalidValueError(
                "must be a list of roles such as any, users, user:ID, team:ID, label:NAME"
            )
    return found


def events(value: Any) -> list[str]:
    """Names of events that may start a function; a function's own events may not."""
    found: list[str] = list_of(any_value, MAX_ITEMS)(value)
    for name in found:
        if not isinstance(name, str) or not is_event(name) or name.startswith("functions."):
            raise InvalidValueError(
                "must be a list of events such as users.*.create, none of them of functions"
            )
    return found


def schedule(value: Any) -> str:
    """A cron expression of five fields or one of its short names; an empty text is none."""
    if not isinstance(value, str) or (value and not is_cron(value)):
        raise InvalidValueError("must be a cron expression such as '*/5 * * * *'")
    return value


def headers(value: Any) -> dict[str, str]:
    """Headers for an execution as an object, or as its JSON in a form.

    Names have letters, digits and hyphens inside. What begins with `x-appwrite-` is the platform's; as in the
    real server another letter case passes.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise InvalidValueError("must be a JSON object") from None
    if value == []:
        return {}
    if not isinstance(value, dict) or len(value) > _MAX_HEADERS:
        raise InvalidValueError(f"must be an object of at most {_MAX_HEADERS} headers")
    found: dict[str, str] = {}
    for name, content in value.items():
        if not _is_header_name(name) or isinstance(content, list | dict):
            raise InvalidValueError("must have texts under names of letters, digits and hyphens")
        if name.startswith(_RESERVED_HEADERS):
            raise InvalidValueError(f"must not have headers that begin with {_RESERVED_HEADERS}")
        found[name] = "" if content is None else str(content)
    if sum(len(name) + len(content) for name, content in found.items()) >= _MAX_HEADERS_BYTES:
        raise InvalidValueError(f"must be smaller than {_MAX_HEADERS_BYTES} bytes")
    return found


def _is_header_name(name: str) -> bool:
    return (
        name.isascii() and bool(name) and name.replace("-", "").isalnum() and "-" not in (name[0], name[-1])
    )

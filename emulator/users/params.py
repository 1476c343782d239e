"""Checks of what users are made of, shared by the routes of the server and of the user itself."""

from __future__ import annotations

import json
import re
from typing import Any

from emulator.core.params import Check, InvalidValueError, Param, json_object, list_of, uid

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_LABEL = re.compile(r"[A-Za-z0-9]{1,36}")
_MAX_PREFS_BYTES = 65_535
_MAX_LABELS = 1000

PASSWORD_LENGTHS = (8, 256)


def phone(value: Any) -> str:
    """An international number: `+`, then 7 to 15 digits."""
    if not isinstance(value, str) or not _PHONE.fullmatch(value):
        raise InvalidValueError("must be a phone number: '+' and 7 to 15 digits")
    return value


def password(value: Any) -> str:
    """8 to 256 bytes of text."""
    shortest, longest = PASSWORD_LENGTHS
    if not isinstance(value, str) or not shortest <= len(value.encode("utf-8", "replace")) <= longest:
        raise InvalidValueError(f"must be a password of {shortest} to {longest} characters")
    return value


def or_empty(check: Check) -> Check:
    """A check that also takes the empty text, which removes the value."""
    return lambda value: "" if value == "" else check(value)


def prefs(value: Any) -> dict[str, Any]:
    """An object of at most 64 KiB as JSON."""
    found = json_object(value)
    if len(json.dumps(found)) > _MAX_PREFS_BYTES:
        raise InvalidValueError(f"must be at most {_MAX_PREFS_BYTES} bytes as JSON")
    return found


def labels(value: Any) -> list[str]:
    """Letters and digits, at most 36 each; doubles are left out."""
    return list(dict.fromkeys(list_of(_label, _MAX_LABELS)(value)))


def _label(value: Any) -> str:
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise InvalidValueError("must be a list of labels: at most 36 letters and digits")
    return value


USER = Param("userId", uid, required=True)

"""What the gateway accepts: amounts, currencies, notes, receipts and pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.razorpay.errors import GatewayRefusalError

MINIMUM_AMOUNT = 100


def read_amount(given: Mapping[str, Any], name: str = "amount", minimum: int = MINIMUM_AMOUNT) -> int:
    """A whole number of the smallest unit; required."""
    value = given.get(name)
    if value is None:
        raise GatewayRefusalError(f"{name}: is required.", name)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise GatewayRefusalError(f"The {name} must be an integer.", name)
    if value < minimum:
        raise GatewayRefusalError(f"The {name} must be at least {minimum} of the smallest unit.", name)
    return value


def read_currency(given: Mapping[str, Any]) -> str:
    """An ISO 4217 code; required."""
    value = given.get("currency")
    if value is None:
        raise GatewayRefusalError("currency: is required.", "currency")
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise GatewayRefusalError("The currency must be a code of three capital letters.", "currency")
    return value


def read_notes(given: Mapping[str, Any]) -> str:
    """Notes as kept: at most 15 pairs, each value at most 256 characters."""
    notes = given.get("notes") or {}
    if not isinstance(notes, dict):
        raise GatewayRefusalError("notes must be an object of names and values.", "notes")
    if len(notes) > 15:
        raise GatewayRefusalError("Number of fields in notes should be less than or equal to 15.", "notes")
    for name, value in notes.items():
        if isinstance(value, (dict, list)) or len(str(value)) > 256:
            raise GatewayRefusalError(f"notes.{name} must be a text of at most 256 characters.", "notes")
    return json.dumps(notes)


def read_receipt(given: Mapping[str, Any]) -> str | None:
    """The merchant's own reference, at most 40 characters, or None."""
    value = given.get("receipt")
    if value is None or (isinstance(value, str) and 0 < len(value) <= 40):
        return value
    raise GatewayRefusalError("The receipt must be a text of 1 to 40 characters.", "receipt")


def refuse_unknown(given: Mapping[str, Any], known: Iterable[str]) -> None:
    """GatewayRefusalError for a parameter that the call does not have."""
    extra = [name for name in given if name not in set(known)]
    if extra:
        raise GatewayRefusalError(f"{', '.join(extra)} is/are not required and should not be sent", extra[0])


def read_page(given: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """(count, skip, from, to) of a list: 10 by default and at most 100 items; Unix seconds, inclusive."""
    values = []
    for name, default, highest in (
        ("count", 10, 100),
        ("skip", 0, 2**53),
        ("from", 0, 2**53),
        ("to", 2**53, 2**53),
    ):
        value = given.get(name, default)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            raise GatewayRefusalError(f"The {name} must be an integer of at most {highest}.", name)
        values.append(value)
    count, skip, start, end = values
    return count, skip, start, end

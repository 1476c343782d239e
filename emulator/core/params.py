"""Parameters of routes: where a value comes from, what is allowed, and the checks that routes share.

A check takes the raw value, returns the value that the handler sees, and raises `InvalidValueError` with the
rest of a sentence ("must be …"). The first parameter, in the order of declaration, that fails is the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.ids import is_id

Check = Callable[[Any], Any]
_DIGITS = re.compile(r"[+-]?[0-9]{1,30}")


class InvalidValueError(Exception):
    """A value is not allowed; the message says what is."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a route, from the path, the query (GET, HEAD) or the body (other methods).

    nullable: an explicit null reaches the handler as None; otherwise null counts as absent.
    """

    name: str
    check: Check
    required: bool = False
    default: Any = None
    nullable: bool = False


def read_params(params: Sequence[Param], given: Mapping[str, Any]) -> dict[str, Any]:
    """The checked values by name; ApiError general_argument_invalid names the first that is wrong."""
    out: dict[str, Any] = {}
    for param in params:
        value = given.get(param.name)
        if value is None and not (param.nullable and param.name in given):
            if param.required:
                raise ApiError("general_argument_invalid", f'Param "{param.name}" is not optional.')
            out[param.name] = param.default
            continue
        try:
            out[param.name] = None if value is None else param.check(value)
        except InvalidValueError as invalid:
            raise ApiError(
                "general_argument_invalid", f"Invalid `{param.name}` param: Value {invalid}"
            ) from None
    return out


def any_value(value: Any) -> Any:
    """Whatever was sent; the handler checks it."""
    return value


def uid(value: Any) -> str:
    """An id that exists somewhere: at most 36 characters of `a-zA-Z0-9._-`, no special one first."""
    if not is_id(value):
        raise InvalidValueError(
            "must be at most 36 of a-z, A-Z, 0-9, '.', '_', '-', and begin with a letter or digit"
        )
    return str(value)


def custom_id(value: Any) -> str:
    """An id for something new: like `uid`, or `unique()`."""
    return "unique()" if value == "unique()" else uid(value)


def text(maximum: int, minimum: int = 1) -> Check:
    """A text of so many characters; a maximum of 0 is no maximum."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) < minimum or (maximum and len(value) > maximum):
            raise InvalidValueError(f"must be a text of {minimum} to {maximum or 'any number of'} characters")
        return value

    return check


def boolean(value: Any) -> bool:
    """true or false, also as the texts and numbers that query strings carry.

    The text `false` is true, as it is to PHP, where only `0` and the empty text are not.
    """
    if isinstance(value, bool):
        return value
    if value in ("true", "false", "1", 1):
        return True
    if value in ("0", 0):
        return False
    raise InvalidValueError("must be true or false")


def flag(value: Any) -> bool:
    """true or false as JSON spells them, nothing else."""
    if not isinstance(value, bool):
        raise InvalidValueError("must be true or false")
    return value


def spelled_boolean(value: Any) -> bool:
    """true or false where forms carry it, so that the text `false` means what it says."""
    return value != "false" and boolean(value)


def integer(minimum: int, maximum: int) -> Check:
    """A whole number in a range; digits in a text count, a boolean or a number with a point does not."""

    def check(value: Any) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise InvalidValueError(f"must be a whole number from {minimum} to {maximum}")
        return value

    return check


def one_of(*allowed: str) -> Check:
    """One word of a list."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise InvalidValueError(f"must be one of: {', '.join(allowed)}")
        return value

    return check


def list_of(check: Check, maximum: int = 0) -> Check:
    """A list whose items all pass a check, at most so many (0: any number)."""

    def check_all(value: Any) -> list[Any]:
        if isinstance(value, Mapping) and not value:
            return []
        if not isinstance(value, list):
            raise InvalidValueError("must be a list")
        if maximum and len(value) > maximum:
            raise InvalidValueError(f"must be a list of at most {maximum} items")
        return [check(item) for item in value]

    return check_all


def json_object(value: Any) -> dict[str, Any]:
    """A JSON object; the empty list that PHP clients send for one is taken too."""
    if value == []:
        return {}
    if not isinstance(value, dict):
        raise InvalidValueError("must be an object")
    return value

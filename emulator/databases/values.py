"""The one place that says which values a column takes, and how they are kept in SQLite.

A value is checked and brought into its normal form by `check_value`, a whole row by `check_row`. Both speak
JSON values; `to_sql` and `from_sql` translate at the edge of the store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.params import InvalidValueError
from emulator.databases import formats, moments
from emulator.databases.checks import LARGEST_INTEGER, SMALLEST_INTEGER
from emulator.databases.model import Column, Table

LARGEST_INTEGER_OF_4_BYTES = 2**31 - 1
LARGEST_FLOAT = 1.7976931348623157e308
_WHOLE_FLOATS_BELOW = 1e17
_FORMATS: dict[str, Callable[[str], bool]] = {
    "email": formats.is_email,
    "url": formats.is_url,
    "ip": formats.is_ip,
}
_DIGITS = re.compile(r"-?0*[0-9]{1,19}")


def check_row(table: Table, data: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The values of a row in their normal form.

    Whole (create, and an update after merging): every column, with defaults for what is absent or null.
    partial (bulk updates): only what is given, and nothing is required.
    InvalidValueError names the column that is unknown, missing or wrong.
    """
    if not partial:
        for column in table.columns.values():
            if column.required and data.get(column.key) is None:
                raise InvalidValueError(f"lacks the required '{column.key}'")
    for key in data:
        if key not in table.columns:
            raise InvalidValueError(f"has the unknown '{key}'")
    columns = [table.columns[key] for key in data] if partial else list(table.columns.values())
    return {column.key: _check_in_row(column, data.get(column.key), partial) for column in columns}


def _check_in_row(column: Column, value: Any, partial: bool) -> Any:
    if value is None and not partial:
        value = column.default
    try:
        return check_value(column, value)
    except InvalidValueError as invalid:
        raise InvalidValueError(f"has a wrong '{column.key}', which {invalid}") from None


def check_value(column: Column, value: Any) -> Any:
    """A value of a column, or a list of them, in its normal form; InvalidValueError says what is allowed."""
    if value is None:
        if column.required:
            raise InvalidValueError("must not be null")
        return None
    check = _CHECKS[column.type]
    if not column.array:
        return check(column, value)
    if value == {}:
        value = []
    if not isinstance(value, list):
        raise InvalidValueError("must be a list")
    if column.required and None in value:
        raise InvalidValueError("must not contain null")
    return [None if item is None else check(column, item) for item in value]


def _check_text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or len(value) > column.size or _has_surrogates(value):
        raise InvalidValueError(f"must be a text of at most {column.size} characters")
    if column.format == "enum":
        if value not in column.elements:
            raise InvalidValueError(f"must be one of: {', '.join(column.elements)}")
    elif column.format and not _FORMATS[column.format](value):
        raise InvalidValueError(f"must be a valid {column.format}")
    return value


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


def _check_integer(column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError("must be a whole number")
    largest = LARGEST_INTEGER if column.size >= 8 else LARGEST_INTEGER_OF_4_BYTES
    return int(_check_range(column, value, -largest, largest))


def _check_bigint(column: Column, value: Any) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError("must be a whole number")
    return int(_check_range(column, value, SMALLEST_INTEGER, LARGEST_INTEGER))


def _check_float(column: Column, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValueError("must be a number")
    return float(_check_range(column, value, -LARGEST_FLOAT, LARGEST_FLOAT))


def _check_range(column: Column, value: float, lowest: float, highest: float) -> float:
    lowest = lowest if column.min is None else max(lowest, column.min)
    highest = highest if column.max is None else min(highest, column.max)
    if not lowest <= value <= highest:
        raise InvalidValueError(f"must be from {lowest} to {highest}")
    return value


def _check_boolean(_column: Column, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError("must be true or false")
    return value


def _check_moment(_column: Column, value: Any) -> str:
    moment = moments.normalise(value) if isinstance(value, str) else None
    if moment is None:
        raise InvalidValueError("must be a date and time in ISO 8601")
    return moment


_CHECKS: dict[str, Callable[[Column, Any], Any]] = {
    "string": _check_text,
    "varchar": _check_text,
    "text": _check_text,
    "mediumtext": _check_text,
    "longtext": _check_text,
    "integer": _check_integer,
    "bigint": _check_bigint,
    "double": _check_float,
    "boolean": _check_boolean,
    "datetime": _check_moment,
}


def to_sql(column: Column, value: Any) -> Any:
    """A checked value as SQLite keeps it: lists as JSON text, booleans as 0 and 1."""
    if column.array:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return int(value) if isinstance(value, bool) else value


def from_sql(column: Column, stored: Any) -> Any:
    """A kept value as answers spell it: a list that is null is empty, a whole float has no fraction."""
    if column.array:
        items = json.loads(stored) if stored else []
        return [plain_number(item) for item in items] if column.type == "double" else items
    if stored is None:
        return None
    if column.type == "boolean":
        return bool(stored)
    return plain_number(stored) if column.type == "double" else stored


def plain_number(value: Any) -> Any:
    """A number without a fraction of nought, as the real server's JSON has it; other values as they are."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _WHOLE_FLOATS_BELOW:
        return int(value)
    return value

"""Queries as clients send them, from JSON texts to values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.http import load_json
from emulator.core.params import Param, boolean, list_of, text

LOGICAL = frozenset({"and", "or"})
ORDERS = frozenset({"orderAsc", "orderDesc", "orderRandom"})
CURSORS = frozenset({"cursorAfter", "cursorBefore"})
ONE_VALUE = frozenset(
    {"notEqual", "lessThan", "lessThanEqual", "greaterThan", "greaterThanEqual", "search", "notSearch",
     "startsWith", "notStartsWith", "endsWith", "notEndsWith"}
)  # fmt: skip
TWO_VALUES = frozenset({"between", "notBetween"})
CONTAINS = frozenset({"contains", "containsAll", "notContains"})
SOME_VALUES = CONTAINS | {"equal"}
NO_VALUES = frozenset({"isNull", "isNotNull"})
SEARCHES = frozenset({"search", "notSearch"})
FILTERS = LOGICAL | ONE_VALUE | TWO_VALUES | SOME_VALUES | NO_VALUES
METHODS = FILTERS | ORDERS | CURSORS | {"select", "limit", "offset"}

MAX_QUERIES = 100
MAX_QUERY_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Query:
    """One query. The values of `and` and `or` are queries themselves."""

    method: str
    attribute: str = ""
    values: tuple[Any, ...] = ()


def invalid_query(sentence: str) -> ApiError:
    """The refusal of a query."""
    return ApiError("general_query_invalid", f"Invalid query: {sentence}")


def parse_queries(texts: Iterable[str]) -> list[Query]:
    """The queries in JSON texts; ApiError general_query_invalid for one that cannot be read."""
    return [_parse_text(each) for each in texts]


def _parse_text(source: str) -> Query:
    try:
        value = load_json(source)
    except (ValueError, RecursionError):
        raise invalid_query("it is not JSON.") from None
    return _from_json(value)


def _from_json(value: Any) -> Query:
    if not isinstance(value, Mapping):
        raise invalid_query("it must be an object with a method.")
    method, attribute, values = value.get("method"), value.get("attribute"), value.get("values")
    if not isinstance(method, str) or method not in METHODS:
        raise invalid_query(f"there is no method {str(method)[:50]!r}.")
    if attribute is None:
        attribute = ""
    if not isinstance(attribute, str):
        raise invalid_query("the attribute must be a text.")
    if values is None:
        values = []
    if isinstance(values, Mapping):
        values = list(values.values())
    if not isinstance(values, list):
        raise invalid_query("the values must be a list.")
    if method in LOGICAL:
        values = [_from_json(each) for each in values]
    return Query(method, attribute, tuple(values))


QUERIES = Param("queries", list_of(text(MAX_QUERY_LENGTH), MAX_QUERIES), default=())
TOTAL = Param("total", boolean, default=True)
SEARCH = Param("search", text(256), default="")

"""Plans: queries checked against the fields they name, and sorted by what they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.core.ids import is_id
from emulator.queries.fields import Field
from emulator.queries.parse import (
    CONTAINS,
    CURSORS,
    FILTERS,
    LOGICAL,
    NO_VALUES,
    ONE_VALUE,
    ORDERS,
    SEARCHES,
    SOME_VALUES,
    Query,
    invalid_query,
    parse_queries,
)

MAX_VALUES = 500
MAX_INTEGER = (1 << 63) - 1
SELECTABLE = frozenset({"*", "$id", "$sequence", "$createdAt", "$updatedAt", "$permissions", "$collection"})


@dataclass(slots=True)
class Plan:
    """What to list. orders: (field, "ASC" or "DESC"), or ("", "RANDOM"); select None means everything."""

    filters: list[Query] = field(default_factory=list)
    orders: list[tuple[str, str]] = field(default_factory=list)
    select: set[str] | None = None
    limit: int | None = None
    offset: int = 0
    cursor: str = ""
    backwards: bool = False


def read_plan(texts: Iterable[str], fields: Mapping[str, Field], *, selects: bool = True) -> Plan:
    """The plan of query texts; ApiError general_query_invalid when one of them is not allowed.

    selects: whether `select` is. Of several limits, offsets or cursors the first counts, as on the server.
    """
    plan = Plan()
    has_offset = False
    for query in parse_queries(texts):
        if query.method in FILTERS:
            check_filter(query, fields)
            plan.filters.append(query)
        elif query.method in ORDERS:
            plan.orders.append(_order(query, fields))
        elif query.method == "select":
            if not selects:
                raise invalid_query("select is not allowed here.")
            plan.select = (plan.select or set()) | _selection(query.values, fields)
        elif query.method in CURSORS:
            cursor = query.values[0] if query.values else None
            if not is_id(cursor):
                raise invalid_query("a cursor must be an id.")
            if not plan.cursor:
                plan.cursor, plan.backwards = str(cursor), query.method == "cursorBefore"
        elif query.method == "limit":
            limit = _count(query, 1)
            plan.limit = limit if plan.limit is None else plan.limit
        else:
            offset = _count(query, 0)
            plan.offset = plan.offset if has_offset else offset
            has_offset = True
    if plan.select is not None and "*" in plan.select:
        plan.select = None
    return plan


def read_select(texts: Iterable[str], fields: Mapping[str, Field]) -> set[str] | None:
    """What to show of one entity, None for everything; only `select` is allowed there."""
    queries = parse_queries(texts)
    if any(query.method != "select" for query in queries):
        raise invalid_query("only select is allowed for one row.")
    chosen = set().union(*(_selection(query.values, fields) for query in queries))
    return chosen if chosen and "*" not in chosen else None


def check_filter(query: Query, fields: Mapping[str, Field]) -> None:
    """ApiError general_query_invalid unless the filter's field, number of values and their kinds fit."""
    if query.method in LOGICAL:
        if len(query.values) < 2:
            raise invalid_query(f"{query.method} needs at least two queries.")
        for inner in query.values:
            if inner.method not in FILTERS:
                raise invalid_query(f"{query.method} may contain filters only.")
            check_filter(inner, fields)
        return
    _check_number(query)
    found = _field(query.attribute, fields)
    if found.secret:
        raise invalid_query(f"{query.attribute!r} is encrypted and cannot be queried.")
    for value in query.values:
        found.comparable(query.attribute, value)
    if found.array and query.method not in CONTAINS | NO_VALUES:
        raise invalid_query(f"{query.method} is not for lists, and {query.attribute!r} is one.")
    if query.method in CONTAINS and not found.array and found.kind not in ("text", "id"):
        raise invalid_query(f"{query.method} is for texts and lists, and {query.attribute!r} is neither.")
    if query.method in SEARCHES and not found.fulltext:
        raise invalid_query(f"{query.method} on {query.attribute!r} needs a fulltext index.")


def _check_number(query: Query) -> None:
    count = len(query.values)
    if query.method in SOME_VALUES:
        if count == 0 or query.values[0] == []:
            raise invalid_query(f"{query.method} needs at least one value.")
    elif query.method in ONE_VALUE:
        if count != 1:
            raise invalid_query(f"{query.method} needs exactly one value.")
    elif query.method not in NO_VALUES and count != 2:
        raise invalid_query(f"{query.method} needs exactly two values.")
    if count > MAX_VALUES:
        raise invalid_query(f"there are more than {MAX_VALUES} values.")


def _field(name: str, fields: Mapping[str, Field]) -> Field:
    try:
        return fields[name]
    except KeyError:
        raise invalid_query(f"there is no {name!r}.") from None


def _order(query: Query, fields: Mapping[str, Field]) -> tuple[str, str]:
    if query.method == "orderRandom":
        return "", "RANDOM"
    name = query.attribute or "$sequence"
    _field(name, fields)
    return name, "ASC" if query.method == "orderAsc" else "DESC"


def _selection(values: Sequence[Any], fields: Mapping[str, Field]) -> set[str]:
    if not values or not all(isinstance(each, str) for each in values) or len(set(values)) < len(values):
        raise invalid_query("select needs names, each once.")
    for name in values:
        if name not in SELECTABLE:
            _field(name, fields)
    return set(values)


def _count(query: Query, minimum: int) -> int:
    value = query.values[0] if query.values else None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= MAX_INTEGER:
        raise invalid_query(f"{query.method} must be a whole number from {minimum} on.")
    return value

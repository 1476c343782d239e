"""Queries of subscriptions: which payloads a subscriber wants to hear of."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from emulator.queries.parse import LOGICAL, Query, invalid_query, parse_queries

Payload = Mapping[str, Any]
Filter = Callable[[Payload], bool]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "lessThan": operator.lt,
    "lessThanEqual": operator.le,
    "greaterThan": operator.gt,
    "greaterThanEqual": operator.ge,
}
_ALLOWED = LOGICAL | _ORDERED.keys() | {"equal", "notEqual", "isNull", "isNotNull", "select"}
_EVERYTHING = Query("select", values=("*",))


def read_queries(texts: Iterable[str]) -> list[Query]:
    """The queries of a subscription; ApiError general_query_invalid for what realtime does not know."""
    queries = parse_queries(texts)
    for query in queries:
        _check(query)
    return queries


def compile_filter(queries: Iterable[Query]) -> Filter:
    """What lets a payload through that meets all queries; none, or a `select *`, lets everything through."""
    wanted = list(queries)
    if not wanted or _EVERYTHING in wanted:
        return lambda payload: True
    return _every([_condition(query) for query in wanted])


def spell(query: Query) -> dict[str, Any]:
    """A query as the JSON object that a client would send."""
    values = [spell(value) if isinstance(value, Query) else value for value in query.values]
    attribute = {"attribute": query.attribute} if query.attribute else {}
    return {"method": query.method, **attribute, "values": values}


def _check(query: Query) -> None:
    if query.method not in _ALLOWED:
        raise invalid_query(f"realtime does not know {query.method}.")
    if query.method == "select" and query != _EVERYTHING:
        raise invalid_query("realtime only selects everything.")
    if query.method in LOGICAL:
        for inner in query.values:
            _check(inner)


def _condition(query: Query) -> Filter:
    if query.method in LOGICAL:
        inner = [_condition(each) for each in query.values]
        return _every(inner) if query.method == "and" else _some(inner)
    holds = _comparison(query.method, query.values)
    name = query.attribute
    return lambda payload: name in payload and holds(payload[name])


def _every(conditions: list[Filter]) -> Filter:
    return lambda payload: all(each(payload) for each in conditions)


def _some(conditions: list[Filter]) -> Filter:
    return lambda payload: any(each(payload) for each in conditions)


def _comparison(method: str, targets: tuple[Any, ...]) -> Callable[[Any], bool]:
    if method == "isNull":
        return lambda value: value is None
    if method == "isNotNull":
        return lambda value: value is not None
    if method == "equal":
        return lambda value: any(_same(value, target) for target in targets)
    if method == "notEqual":
        return lambda value: not any(_same(value, target) for target in targets)
    compare = _ORDERED[method]
    return lambda value: any(_in_order(compare, value, target) for target in targets)


def _same(value: Any, target: Any) -> bool:
    """Equal and of one type: true is not 1, and 1 is not "1"."""
    return type(value) is type(target) and bool(value == target)


def _in_order(compare: Callable[[Any, Any], bool], value: Any, target: Any) -> bool:
    try:
        return compare(value, target)
    except TypeError:
        return False

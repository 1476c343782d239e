"""Plans as SQL: conditions, order, and the page that a cursor begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.queries.fields import Field
from emulator.queries.parse import CONTAINS, LOGICAL, Query
from emulator.queries.plan import Plan

_RANGE = {"lessThan": "<", "lessThanEqual": "<=", "greaterThan": ">", "greaterThanEqual": ">="}
_PLACE_OF_PART = {"startsWith": "start", "endsWith": "end"}


def conditions(filters: Sequence[Query], fields: Mapping[str, Field], args: list[Any]) -> list[str]:
    """One condition for each filter; their parameters are appended to args."""
    return [_condition(query, fields, args) for query in filters]


def _condition(query: Query, fields: Mapping[str, Field], args: list[Any]) -> str:
    method = query.method
    if method in LOGICAL:
        return "(" + f" {method.upper()} ".join(conditions(query.values, fields, args)) + ")"
    field = fields[query.attribute]
    if method == "isNull":
        return f"{field.sql} IS NULL"
    if method == "isNotNull":
        return f"{field.sql} IS NOT NULL"
    if method in ("search", "notSearch"):
        args.append(query.values[0])
        return ("NOT " if method == "notSearch" else "") + f"search_matches({field.sql}, ?)"
    if method in CONTAINS:
        return _list_contains(query, field, args) if field.array else _text_contains(query, field, args)
    if method.endswith("With"):
        positive = method.removeprefix("not")
        args.append(_digits(query.values[0]))
        place = _PLACE_OF_PART[positive[0].lower() + positive[1:]]
        return ("NOT " if positive != method else "") + f"text_has({field.sql}, ?, '{place}')"
    args.extend(field.comparable(query.attribute, value) for value in query.values)
    if method == "equal":
        return f"{field.key} IN ({', '.join('?' * len(query.values))})"
    if method == "notEqual":
        return f"{field.key} <> ?"
    if method == "notBetween":
        return f"{field.key} NOT BETWEEN ? AND ?"
    if method == "between":
        return _few(f"{field.key} BETWEEN ? AND ?")
    return _few(f"{field.key} {_RANGE[method]} ?")


def _digits(value: Any) -> str:
    """A part of a text; the real server also looks for numbers, by their digits."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _few(condition: str) -> str:
    """Tells SQLite, which keeps no statistics, that a range is better read by its index than by rowid."""
    return f"likelihood({condition}, 0.001)"


def _text_contains(query: Query, field: Field, args: list[Any]) -> str:
    args.extend(query.values)
    if query.method == "notContains":
        return "(" + " AND ".join([f"NOT text_has({field.sql}, ?, 'any')"] * len(query.values)) + ")"
    place = "whole" if query.method == "containsAll" else "any"
    return "(" + " OR ".join([f"text_has({field.sql}, ?, '{place}')"] * len(query.values)) + ")"


def _list_contains(query: Query, field: Field, args: list[Any]) -> str:
    args.extend(field.comparable(query.attribute, value) for value in query.values)
    items = f"SELECT 1 FROM json_each({field.sql}) WHERE value"  # noqa: S608
    if query.method == "containsAll":
        return "(" + " AND ".join([f"EXISTS ({items} = ?)"] * len(query.values)) + ")"
    found = f"EXISTS ({items} IN ({', '.join('?' * len(query.values))}))"
    return f"({field.sql} IS NOT NULL AND NOT {found})" if query.method == "notContains" else found


def sort_order(plan: Plan) -> list[tuple[str, str]]:
    """The fields to sort by, with their directions; the sequence settles ties unless an id already does.

    Before a cursor the page is read backwards, so every direction is turned round.
    """
    orders = list(plan.orders)
    if not any(name in ("$id", "$sequence") for name, _ in orders):
        orders.append(("$sequence", "ASC"))
    if plan.backwards:
        turned = {"ASC": "DESC", "DESC": "ASC", "RANDOM": "RANDOM"}
        orders = [(name, turned[direction]) for name, direction in orders]
    return orders


def order_by(orders: Sequence[tuple[str, str]], fields: Mapping[str, Field]) -> str:
    """The ORDER BY clause."""
    terms = ["random()" if not name else f"{fields[name].key} {direction}" for name, direction in orders]
    return "ORDER BY " + ", ".join(terms)


def beyond_cursor(
    orders: Sequence[tuple[str, str]], fields: Mapping[str, Field], at: Sequence[Any], args: list[Any]
) -> str:
    """The condition for what comes after the cursor, whose sort keys are `at` (orders without random)."""
    keys = [(fields[name].key, direction) for name, direction in orders]
    cases = []
    for index, (key, direction) in enumerate(keys):
        same = [f"{earlier} = ?" for earlier, _ in keys[:index]]
        cases.append(" AND ".join([*same, f"{key} {'<' if direction == 'DESC' else '>'} ?"]))
        args.extend(at[: index + 1])
    return "(" + " OR ".join(f"({case})" for case in cases) + ")"

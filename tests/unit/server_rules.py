"""What the server makes of queries, and checks of rows: as `appwrite.json` declares them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from boxoffice.ports import MOST_VALUES, Range, Where
from boxoffice.schema import Table
from boxoffice.times import from_text

PROJECT = json.loads((Path(__file__).parents[2] / "appwrite.json").read_text())
TABLES = {table["$id"]: table for table in PROJECT["tables"]}


def check_conditions(where: Where) -> None:
    """What the server checks of a query: a list of values is neither empty nor too long."""
    for column, wanted in where.items():
        if not isinstance(wanted, str | Range):
            assert 1 <= len(wanted) <= MOST_VALUES, f"{column} is one of {len(wanted)} values"


def matches(row: Mapping[str, Any], where: Where) -> bool:
    return all(fits(row[column], wanted) for column, wanted in where.items())


def fits(value: Any, wanted: str | Sequence[str] | Range) -> bool:
    if isinstance(wanted, Range):
        return value is not None and value > wanted.above and (not wanted.upto or value <= wanted.upto)
    return value in ([wanted] if isinstance(wanted, str) else wanted)


def check_structure(table: Table, data: Mapping[str, Any]) -> None:
    """What the server checks of a row's structure."""
    declared = {column["key"]: column for column in TABLES[table]["columns"]}
    unknown = {name for name in data if not name.startswith("$")} - declared.keys()
    assert not unknown, f"{table} has no columns {unknown}"
    for key, column in declared.items():
        if data[key] is None:
            assert not column["required"], f"{table}.{key} is required"
        for value in (data[key] or ()) if column["array"] else (data[key],):
            _check_value(f"{table}.{key} = {value!r}", column, value)


def _check_value(what: str, column: Mapping[str, Any], value: Any) -> None:
    if value is None:
        return
    if column["type"] == "integer":
        assert type(value) is int, what
        assert column["min"] <= value <= column["max"], what
    elif column["type"] == "boolean":
        assert type(value) is bool, what
    elif column["type"] == "datetime":
        from_text(value)
    elif "elements" in column:
        assert value in column["elements"], what
    else:
        assert isinstance(value, str), what
        assert len(value) <= column["size"], what

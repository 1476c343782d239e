"""Lists of rows read by the indexes that their table has, as SQLite itself explains its plans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.core.caller import Caller
from emulator.core.store import Store
from emulator.databases import physical
from emulator.databases.model import Column, Index, Table
from emulator.queries.functions import SQL_FUNCTIONS
from emulator.queries.listing import Source, count, find
from emulator.queries.plan import read_plan
from emulator.rows.access import readable
from emulator.rows.shape import Shape

ANN = Caller(kind="user", user_id="ann", roles=frozenset({"any", "users", "user:ann"}))
KEY = Caller(kind="key")


def bookings() -> Table:
    columns = [Column("name", "string", 40), Column("qty", "integer", 8), Column("until", "datetime")]
    indexes = [
        Index(at, column.key, "key", (column.key,), (), (), "", "") for at, column in enumerate(columns)
    ]
    return Table(
        seq=1, id="t", database_id="d", name="t", permissions=(), row_security=True, enabled=True,
        created="", updated="",
        columns={column.key: column for column in columns},
        indexes={index.key: index for index in indexes},
    )  # fmt: skip


def query(method: str, attribute: str = "", *values: Any) -> str:
    return json.dumps({"method": method, "attribute": attribute, "values": list(values)})


@pytest.mark.parametrize(
    ("queries", "caller", "read_by"),
    [
        ([query("equal", "name", "Ada")], KEY, "rows_1_index_0"),
        ([query("equal", "name", "Ada", "Bob")], KEY, "rows_1_index_0"),
        ([query("equal", "qty", 1)], KEY, "rows_1_index_1"),
        ([query("greaterThan", "qty", 1)], KEY, "rows_1_index_1"),
        ([query("lessThan", "until", "2030-01-01")], KEY, "rows_1_index_2"),
        ([query("between", "qty", 1, 2)], KEY, "rows_1_index_1"),
        ([query("equal", "$id", "a", "b")], KEY, "sqlite_autoindex_rows_1_1"),
        ([query("orderDesc", "name")], KEY, "rows_1_index_0"),
        ([query("limit", "", 5)], ANN, "rows_1_permissions_by_role"),
        ([query("equal", "name", "Ada")], ANN, "rows_1_permissions_by_role"),
    ],
)
def test_a_list_uses_the_index(queries: list[str], caller: Caller, read_by: str) -> None:
    store, shape = Store(":memory:", (), SQL_FUNCTIONS), Shape(bookings())
    make(store, shape.table)
    source = Source(shape.table.sql_name, shape.fields, *readable(caller, shape.table), shape.columns)
    statements: list[str] = []
    store.db.set_trace_callback(statements.append)
    plan = read_plan(queries, shape.fields)
    find(store, source, plan)
    count(store, source, plan)
    store.db.set_trace_callback(None)
    explained = [explain(store, statement) for statement in statements]
    assert len(explained) == 2
    assert read_by in explained[0]
    if plan.filters:
        assert all("SCAN rows_1" not in each for each in explained)


def make(store: Store, table: Table) -> None:
    """The SQLite tables, columns and indexes of a table."""
    physical.create(store, table)
    for column in table.columns.values():
        physical.add_column(store, table, column)
    for index in table.indexes.values():
        physical.add_index(store, table, index)


def explain(store: Store, statement: str) -> str:
    """The steps of SQLite's plan, a line each."""
    return "\n".join(str(row[3]) for row in store.all(f"EXPLAIN QUERY PLAN {statement}"))

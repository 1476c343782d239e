"""Lists: plans run on the store. `list_entities` is all that an area needs to list what it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.core.errors import ApiError, register_types
from emulator.core.params import InvalidValueError, Param
from emulator.core.store import Row, Store
from emulator.queries.fields import Field
from emulator.queries.parse import QUERIES
from emulator.queries.plan import Plan, read_plan
from emulator.queries.sql import beyond_cursor, conditions, order_by, sort_order

register_types({"database_query_order_null": 400})

DEFAULT_LIMIT = 25
MAX_TOTAL = 5000


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list comes from: an SQL table, what queries may name, and a condition that always applies.

    fields must have `$id` and `$sequence`. args are the parameters of where. hides: what the condition leaves
    out may still be named by a cursor.
    """

    table: str
    fields: Mapping[str, Field]
    where: str = ""
    args: Sequence[Any] = ()
    columns: str = "*"
    hides: bool = False


def entity_queries(fields: Mapping[str, Field]) -> Param:
    """The parameter `queries` of a list of entities: what is wrong with them is an invalid argument there."""

    def check(value: Any) -> Any:
        queries = QUERIES.check(value)
        try:
            read_plan(queries, fields, selects=False)
        except ApiError as refused:
            raise InvalidValueError(f"is no list of queries: {refused.message}") from None
        return queries

    return Param("queries", check, default=())


def list_entities(
    store: Store,
    table: str,
    fields: Mapping[str, Field],
    queries: Iterable[str] = (),
    *,
    where: str = "",
    args: Sequence[Any] = (),
    search: str = "",
    search_in: str = "",
    total: bool = True,
) -> tuple[int, list[Row]]:
    """How many entities match (at most 5000; 0 when not asked for) and the page of them.

    fields: what queries may name, `system_fields(…)` included. queries: the texts of the parameter.
    where, args: a condition that always applies. search: words that the SQL expression search_in must have.
    ApiError general_query_invalid or general_cursor_not_found.
    """
    if search:
        where = f"({where or '1'}) AND search_matches({search_in}, ?)"
        args = (*args, search)
    source = Source(table, fields, where, args)
    plan = read_plan(queries, fields, selects=False)
    rows = find(store, source, plan)
    return (count(store, source, plan) if total else 0), rows


def find(store: Store, source: Source, plan: Plan) -> list[Row]:
    """The page of a plan, in its order."""
    orders = sort_order(plan)
    args: list[Any] = []
    wheres = conditions(plan.filters, source.fields, args)
    if source.where:
        wheres.append(f"({source.where})")
        args.extend(source.args)
    if plan.cursor:
        fixed = [order for order in orders if order[0]]
        wheres.append(beyond_cursor(fixed, source.fields, _cursor_keys(store, source, plan, fixed), args))
    sql = f"SELECT {source.columns} FROM {source.table}"  # noqa: S608
    if wheres:
        sql += " WHERE " + " AND ".join(wheres)
    sql += f" {order_by(orders, source.fields)} LIMIT ? OFFSET ?"
    rows = store.all(sql, *args, DEFAULT_LIMIT if plan.limit is None else plan.limit, plan.offset)
    return rows[::-1] if plan.backwards else rows


def count(store: Store, source: Source, plan: Plan) -> int:
    """How many match the filters of a plan, wherever its page begins; it stops counting at 5000."""
    args: list[Any] = []
    wheres = conditions(plan.filters, source.fields, args)
    if source.where:
        wheres.append(f"({source.where})")
        args.extend(source.args)
    condition = " WHERE " + " AND ".join(wheres) if wheres else ""
    inner = f"SELECT 1 FROM {source.table}{condition} LIMIT {MAX_TOTAL}"  # noqa: S608
    return int(store.value(f"SELECT COUNT(*) FROM ({inner})", *args))  # noqa: S608


def _cursor_keys(store: Store, source: Source, plan: Plan, orders: Sequence[tuple[str, str]]) -> list[Any]:
    keys = ", ".join(source.fields[name].key for name, _ in orders)
    where, args = ("1", ()) if source.hides or not source.where else (source.where, source.args)
    found = f"({where}) AND {source.fields['$id'].sql} = ?"
    row = store.one(f"SELECT {keys} FROM {source.table} WHERE {found}", *args, plan.cursor)  # noqa: S608
    if row is None:
        raise ApiError("general_cursor_not_found", f"There is nothing with the cursor's id {plan.cursor}.")
    if any(value is None for value in row):
        raise ApiError("database_query_order_null", "The cursor has a null where the order needs a value.")
    return list(row)

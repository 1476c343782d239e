"""Indexes of tables."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any

from emulator.core.context import Context
from emulator.core.http import Reply, no_content
from emulator.core.params import InvalidValueError, Param, list_of, uid
from emulator.core.routing import Route
from emulator.databases import checks, definitions
from emulator.databases.answers import show_index
from emulator.databases.database_routes import DATABASE_ID
from emulator.databases.index_rules import TYPES, check_index
from emulator.databases.model import Index, Table, load_database, load_table, read_index
from emulator.databases.namespaces import Namespace
from emulator.databases.widths import MAX_INDEXES
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

MAX_ITEMS = 100
_FIELDS = {
    **system_fields(id_="key"),
    "key": Field("key"),
    "type": Field("type"),
    "status": Field("'available'"),
    "attributes": Field("columns", array=True),
    "error": Field("''"),
}


def create_index(ns: Namespace, ctx: Context) -> Reply:
    """POST: the index is there at once, but the answer says `processing` as the real one does."""
    table, args = _table(ns, ctx), ctx.args
    if len(table.indexes) >= MAX_INDEXES:
        raise ns.error("column_index_limit_exceeded", f"The {ns.table} has {MAX_INDEXES} indexes already.")
    columns, lengths = args[ns.columns], [length or 0 for length in args["lengths"]]
    lengths += [0] * (len(columns) - len(lengths))
    index = Index(0, args["key"], args["type"], tuple(columns), tuple(lengths), tuple(args["orders"]))
    check_index(index, table.columns, ns)
    try:
        index = definitions.insert_index(ctx, table, index)
    except sqlite3.IntegrityError:
        raise ns.error("column_index_already_exists", f"The key '{index.key}' is taken.") from None
    _announce(ctx, ns, "create", table, index)
    return Reply(202, show_index(table, index, ns, "processing"))


def list_indexes(ns: Namespace, ctx: Context) -> Reply:
    """GET: the indexes of a table."""
    table = _table(ns, ctx)
    total, rows = list_entities(
        ctx.store, "database_indexes", _FIELDS, ctx.args["queries"],
        where="table_seq = ?", args=(table.seq,), total=ctx.args["total"],
    )  # fmt: skip
    return Reply(body={"total": total, "indexes": [show_index(table, read_index(row), ns) for row in rows]})


def get_index(ns: Namespace, ctx: Context) -> Reply:
    """GET one, by its key in its own letter case."""
    table = _table(ns, ctx)
    return Reply(body=show_index(table, _found(ns, ctx, table.indexes.get(ctx.args["key"])), ns))


def delete_index(ns: Namespace, ctx: Context) -> Reply:
    """DELETE: the column values stay."""
    table = _table(ns, ctx)
    index = _found(ns, ctx, definitions.find(table.indexes, ctx.args["key"]))
    definitions.delete_index(ctx, table, index)
    _announce(ctx, ns, "update", table, index)
    return no_content()


def _table(ns: Namespace, ctx: Context) -> Table:
    return load_table(ctx, ctx.args["databaseId"], ctx.args[ns.table_id], ns)


def _found(ns: Namespace, ctx: Context, index: Index | None) -> Index:
    if index is None:
        raise ns.error("column_index_not_found", f"There is no index with the key '{ctx.args['key']}'.")
    return index


def _announce(ctx: Context, ns: Namespace, action: str, table: Table, index: Index) -> None:
    parts = ((ns.tables, ns.table_id, table.id), ("indexes", "indexId", f"{table.seq}_{index.key}"))
    database = load_database(ctx, table.database_id)
    definitions.announce(ctx, database, ns, action, show_index(table, index, ns), *parts)


def _word_of(*allowed: str) -> Any:
    """A check for one word of a list in any letter case, which it keeps."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value.lower() not in allowed:
            raise InvalidValueError(f"must be one of: {', '.join(allowed)}")
        return value

    return check


def _length(value: Any) -> int | None:
    if value is not None and not -(2**31) <= checks.whole_number(value) < 2**31:
        raise InvalidValueError("must fit into 32 bits")
    return None if value is None else int(value)


def routes(ns: Namespace) -> tuple[Route, ...]:
    """The routes of one namespace."""
    table = (DATABASE_ID, Param(ns.table_id, uid, required=True))
    one = (*table, Param("key", checks.key, required=True))
    create = (
        *one,
        Param("type", _word_of(*TYPES), required=True),
        Param(ns.columns, list_of(checks.indexable_key, MAX_ITEMS), required=True),
        Param("orders", list_of(_word_of("asc", "desc"), MAX_ITEMS), default=()),
        Param("lengths", list_of(_length, MAX_ITEMS), default=()),
    )
    path = f"{ns.table_path}/indexes"
    read, write = f"{ns.index_scope}.read", f"{ns.index_scope}.write"
    return (
        Route("POST", path, partial(create_index, ns), write, create),
        Route("GET", path, partial(list_indexes, ns), read, (*table, entity_queries(_FIELDS), TOTAL)),
        Route("GET", path + "/{key}", partial(get_index, ns), read, one),
        Route("DELETE", path + "/{key}", partial(delete_index, ns), write, one),
    )

"""Columns, or attributes: made and changed through a route for each kind, read and deleted through one."""

from __future__ import annotations

import sqlite3
from functools import partial

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, no_content
from emulator.core.params import Param, flag, uid
from emulator.core.routing import Route
from emulator.databases import checks, definitions, physical
from emulator.databases.answers import show_column
from emulator.databases.column_kinds import (
    KINDS,
    NOT_EMULATED,
    Kind,
    changed_column,
    new_column,
    refuse_default,
)
from emulator.databases.database_routes import DATABASE_ID
from emulator.databases.index_rules import check_index
from emulator.databases.model import Column, Table, load_database, load_table, read_column
from emulator.databases.namespaces import Namespace
from emulator.databases.widths import fits
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

_FIELDS = {
    **system_fields(id_="key"),
    "key": Field("key"),
    "type": Field("type"),
    "size": Field("size", "integer"),
    "required": Field("required", "boolean"),
    "array": Field("array", "boolean"),
    "status": Field("'available'"),
    "error": Field("''"),
}


def create_column(ns: Namespace, kind: Kind, ctx: Context) -> Reply:
    """POST: the column is there at once, but the answer says `processing` as the real one does."""
    column = new_column(kind, ctx.args, ns)
    table = _table(ns, ctx)
    refuse_default(column, column.required, column.default, ns)
    if not fits([*table.columns.values(), column]):
        raise ns.error("column_limit_exceeded", f"The {ns.column} does not fit into a {ns.row}.")
    try:
        column = definitions.insert_column(ctx, table, column)
    except sqlite3.IntegrityError:
        raise ns.error("column_already_exists", f"The key '{column.key}' is taken.") from None
    _announce(ctx, ns, "create", table, column)
    return Reply(202, show_column(column, "processing"))


def update_column(ns: Namespace, kind: Kind, ctx: Context) -> Reply:
    """PATCH: default and requirement, and, when given, bounds, elements, size and key."""
    table = _table(ns, ctx)
    column = _column(ns, ctx, table)
    changed = changed_column(kind, column, ctx.args, ns)
    others = {key: other for key, other in table.columns.items() if other is not column}
    if not fits([*others.values(), changed]):
        raise ns.error("column_limit_exceeded", f"The {ns.column} does not fit into a {ns.row}.")
    if changed.size != column.size:
        for index in table.indexes.values():
            check_index(index, {**table.columns, column.key: changed}, ns)
        if physical.longest_text(ctx.store, table, column) > changed.size:
            raise ns.error("column_invalid_resize", f"A {ns.row} has a longer text than {changed.size}.")
    if definitions.find(others, changed.key) is not None:
        raise ns.error("column_already_exists", f"The key '{changed.key}' is taken.")
    changed = definitions.update_column(ctx, table, column, changed)
    _announce(ctx, ns, "update", table, changed)
    return Reply(body=show_column(changed, tells_encryption=False))


def list_columns(ns: Namespace, ctx: Context) -> Reply:
    """GET: the columns of a table; only those of the type `string` tell whether they are encrypted."""
    table = _table(ns, ctx)
    total, rows = list_entities(
        ctx.store, "database_columns", _FIELDS, ctx.args["queries"],
        where="table_seq = ?", args=(table.seq,), total=ctx.args["total"],
    )  # fmt: skip
    columns = [read_column(row) for row in rows]
    shown = [show_column(column, tells_encryption=column.type == "string") for column in columns]
    return Reply(body={"total": total, ns.columns: shown})


def get_column(ns: Namespace, ctx: Context) -> Reply:
    """GET one."""
    return Reply(body=show_column(_column(ns, ctx, _table(ns, ctx))))


def delete_column(ns: Namespace, ctx: Context) -> Reply:
    """DELETE: with the values of all rows."""
    table = _table(ns, ctx)
    column = _column(ns, ctx, table)
    definitions.delete_column(ctx, table, column)
    _announce(ctx, ns, "update", table, column)
    return no_content()


def refuse_kind(name: str, ctx: Context) -> Reply:
    """Columns that Appwrite has and this server does not."""
    raise ApiError("general_route_not_emulated", f"Columns of the kind {name} are not emulated here.")


def _table(ns: Namespace, ctx: Context) -> Table:
    return load_table(ctx, ctx.args["databaseId"], ctx.args[ns.table_id], ns)


def _column(ns: Namespace, ctx: Context, table: Table) -> Column:
    column = definitions.find(table.columns, ctx.args["key"])
    if column is None:
        raise ns.error("column_not_found", f"There is no {ns.column} with the key '{ctx.args['key']}'.")
    return column


def _announce(ctx: Context, ns: Namespace, action: str, table: Table, column: Column) -> None:
    parts = ((ns.tables, ns.table_id, table.id), (ns.columns, f"{ns.column}Id", f"{table.seq}_{column.key}"))
    database = load_database(ctx, table.database_id)
    definitions.announce(ctx, database, ns, action, show_column(column), *parts)


def routes(ns: Namespace) -> tuple[Route, ...]:
    """The routes of one namespace."""
    table = (DATABASE_ID, Param(ns.table_id, uid, required=True))
    one = (*table, Param("key", checks.key, required=True))
    listing = (*table, entity_queries(_FIELDS), TOTAL)
    path = f"{ns.table_path}/{ns.columns}"
    read, write = f"{ns.column_scope}.read", f"{ns.column_scope}.write"
    out = [
        Route("GET", path, partial(list_columns, ns), read, listing),
        Route("GET", path + "/{key}", partial(get_column, ns), read, one),
        Route("DELETE", path + "/{key}", partial(delete_column, ns), write, one),
    ]
    for kind in KINDS:
        required = Param("required", flag, required=True)
        create = (
            *one,
            *kind.own_params(creating=True),
            required,
            Param("default", kind.default),
            Param("array", flag, default=False),
        )
        update = (
            *one,
            *kind.own_params(creating=False),
            required,
            Param("default", kind.default, required=True, nullable=True),
            Param("newKey", checks.key),
        )
        out += [
            Route("POST", f"{path}/{kind.path}", partial(create_column, ns, kind), write, create),
            Route("PATCH", f"{path}/{kind.path}/{{key}}", partial(update_column, ns, kind), write, update),
        ]
    for name in NOT_EMULATED:
        out += [
            Route("POST", f"{path}/{name}", partial(refuse_kind, name), write),
            Route("PATCH", f"{path}/{name}/{{key}}", partial(refuse_kind, name), write),
        ]
    out.append(Route("PATCH", path + "/{key}/relationship", partial(refuse_kind, "relationship"), write))
    return tuple(out)

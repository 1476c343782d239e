"""Tables, or collections: their own settings. Columns and indexes have modules of their own."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from typing import Any

from emulator.core.context import Context
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Param, boolean, custom_id, flag, json_object, list_of, text, uid
from emulator.core.routing import Route
from emulator.databases import definitions
from emulator.databases.answers import show_table
from emulator.databases.database_routes import DATABASE_ID
from emulator.databases.inline import MAX_DEFINITIONS, add_inline
from emulator.databases.model import Database, Table, load_database, load_table, read_table
from emulator.databases.namespaces import TABLES, Namespace
from emulator.permissions import table_permissions
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL

_FIELDS = {**system_fields(), "name": Field("name"), "enabled": Field("enabled", "boolean")}
_FIELDS_OF_COLLECTIONS = {**_FIELDS, "documentSecurity": Field("row_security", "boolean")}


def create_table(ns: Namespace, ctx: Context) -> Reply:
    """POST: a table, with the columns and indexes that come along; the answer does not show these yet."""
    database = load_database(ctx, ctx.args["databaseId"])
    id_ = chosen_id(ctx.args[ns.table_id])
    try:
        table = definitions.insert_table(
            ctx, database, {"id": id_, "name": ctx.args["name"], **_settings(ns, ctx, ())}
        )
    except sqlite3.IntegrityError:
        raise ns.error("table_already_exists", f"The id '{id_}' is taken by a {ns.table}.") from None
    add_inline(ctx, ns, table, ctx.args[ns.columns], ctx.args["indexes"])
    _announce(ctx, database, ns, "create", table)
    return created(show_table(table, ns))


def list_tables(ns: Namespace, ctx: Context) -> Reply:
    """GET: the tables of a database."""
    database = load_database(ctx, ctx.args["databaseId"])
    total, rows = list_entities(
        ctx.store, "database_tables", _fields(ns), ctx.args["queries"],
        where="database_seq = ?", args=(database.seq,),
        search=ctx.args["search"], search_in="id || ' ' || name", total=ctx.args["total"],
    )  # fmt: skip
    tables = [show_table(read_table(ctx.store, database.id, row), ns) for row in rows]
    return Reply(body={"total": total, ns.tables: tables})


def get_table(ns: Namespace, ctx: Context) -> Reply:
    """GET one."""
    return Reply(body=show_table(load_table(ctx, ctx.args["databaseId"], ctx.args[ns.table_id], ns), ns))


def update_table(ns: Namespace, ctx: Context) -> Reply:
    """PUT: name and permissions stay when they are left out, the rest goes back to its default."""
    database = load_database(ctx, ctx.args["databaseId"])
    table = load_table(ctx, database.id, ctx.args[ns.table_id], ns)
    settings = {
        **_settings(ns, ctx, table.permissions),
        "name": ctx.args["name"] or table.name,
        "updated": ctx.now,
    }
    assignments = ", ".join(f"{name} = ?" for name in settings)
    ctx.store.run(f"UPDATE database_tables SET {assignments} WHERE seq = ?", *settings.values(), table.seq)  # noqa: S608
    definitions.forget(ctx)
    table = load_table(ctx, database.id, table.id, ns)
    _announce(ctx, database, ns, "update", table)
    return Reply(body=show_table(table, ns))


def delete_table(ns: Namespace, ctx: Context) -> Reply:
    """DELETE: with all of its rows."""
    database = load_database(ctx, ctx.args["databaseId"])
    table = load_table(ctx, database.id, ctx.args[ns.table_id], ns)
    definitions.delete_table(ctx, table)
    _announce(ctx, database, ns, "delete", table)
    return no_content()


def _settings(ns: Namespace, ctx: Context, permissions: tuple[str, ...]) -> dict[str, Any]:
    given = ctx.args["permissions"]
    return {
        "permissions": json.dumps(permissions if given is None else given),
        "row_security": ctx.args[ns.row_security],
        "enabled": ctx.args["enabled"],
    }


def _announce(ctx: Context, database: Database, ns: Namespace, action: str, table: Table) -> None:
    part = (ns.tables, ns.table_id, table.id)
    definitions.announce(ctx, database, ns, action, show_table(table, ns), part)


def _fields(ns: Namespace) -> dict[str, Field]:
    return _FIELDS if ns is TABLES else _FIELDS_OF_COLLECTIONS


def routes(ns: Namespace) -> tuple[Route, ...]:
    """The routes of one namespace."""
    settings = (
        Param("permissions", table_permissions),
        Param(ns.row_security, boolean, default=False),
        Param("enabled", flag, default=True),
    )
    create = (
        DATABASE_ID,
        Param(ns.table_id, custom_id, required=True),
        Param("name", text(128), required=True),
        *settings,
        Param(ns.columns, list_of(json_object, MAX_DEFINITIONS), default=()),
        Param("indexes", list_of(json_object, MAX_DEFINITIONS), default=()),
    )
    table = (DATABASE_ID, Param(ns.table_id, uid, required=True))
    listing = (DATABASE_ID, entity_queries(_fields(ns)), SEARCH, TOTAL)
    update = (*table, Param("name", text(128)), *settings)
    all_of, one = f"{ns.database_path}/{ns.tables}", ns.table_path
    read, write = f"{ns.table_scope}.read", f"{ns.table_scope}.write"
    return (
        Route("POST", all_of, partial(create_table, ns), write, create),
        Route("GET", all_of, partial(list_tables, ns), read, listing),
        Route("GET", one, partial(get_table, ns), read, table),
        Route("PUT", one, partial(update_table, ns), write, update),
        Route("DELETE", one, partial(delete_table, ns), write, table),
    )

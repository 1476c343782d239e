"""`/tablesdb` and `/databases`: the databases themselves."""

from __future__ import annotations

import sqlite3
from functools import partial

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Param, custom_id, flag, text, uid
from emulator.core.routing import Route
from emulator.databases import definitions
from emulator.databases.answers import show_database
from emulator.databases.model import load_database, read_database, read_table
from emulator.databases.namespaces import TABLES, Namespace
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL

DATABASE_ID = Param("databaseId", uid, required=True)
_FIELDS = {**system_fields(), "name": Field("name")}


def create_database(ns: Namespace, ctx: Context) -> Reply:
    """POST: an empty database of the namespace's type."""
    now, id_ = ctx.now, chosen_id(ctx.args["databaseId"])
    try:
        ctx.store.insert(
            "databases",
            {"id": id_, "name": ctx.args["name"], "type": ns.kind, "enabled": ctx.args["enabled"],
             "created": now, "updated": now},
        )  # fmt: skip
    except sqlite3.IntegrityError:
        raise ApiError("database_already_exists", f"The id '{id_}' is taken by a database.") from None
    database = load_database(ctx, id_)
    definitions.announce(ctx, database, ns, "create", show_database(database))
    return created(show_database(database))


def list_databases(ns: Namespace, ctx: Context) -> Reply:
    """GET: `/databases` lists its own, `/tablesdb` lists all."""
    total, rows = list_entities(
        ctx.store, "databases", _FIELDS, ctx.args["queries"],
        where="" if ns is TABLES else "type = ?", args=() if ns is TABLES else (ns.kind,),
        search=ctx.args["search"], search_in="id || ' ' || name", total=ctx.args["total"],
    )  # fmt: skip
    return Reply(body={"total": total, "databases": [show_database(read_database(row)) for row in rows]})


def get_database(ctx: Context) -> Reply:
    """GET one."""
    return Reply(body=show_database(load_database(ctx, ctx.args["databaseId"])))


def update_database(ns: Namespace, ctx: Context) -> Reply:
    """PUT: the name stays when it is left out, `enabled` becomes true."""
    database = load_database(ctx, ctx.args["databaseId"])
    ctx.store.run(
        "UPDATE databases SET name = ?, enabled = ?, updated = ? WHERE seq = ?",
        ctx.args["name"] or database.name, ctx.args["enabled"], ctx.now, database.seq,
    )  # fmt: skip
    definitions.forget(ctx)
    database = load_database(ctx, database.id)
    definitions.announce(ctx, database, ns, "update", show_database(database))
    return Reply(body=show_database(database))


def delete_database(ns: Namespace, ctx: Context) -> Reply:
    """DELETE: with its tables and all of their rows."""
    database = load_database(ctx, ctx.args["databaseId"])
    for row in ctx.store.all("SELECT * FROM database_tables WHERE database_seq = ?", database.seq):
        definitions.delete_table(ctx, read_table(ctx.store, database.id, row))
    ctx.store.run("DELETE FROM databases WHERE seq = ?", database.seq)
    definitions.forget(ctx)
    definitions.announce(ctx, database, ns, "delete", show_database(database))
    return no_content()


def routes(ns: Namespace) -> tuple[Route, ...]:
    """The routes of one namespace."""
    enabled = Param("enabled", flag, default=True)
    listing = (entity_queries(_FIELDS), SEARCH, TOTAL)
    naming = (Param("databaseId", custom_id, required=True), Param("name", text(128), required=True), enabled)
    update = (DATABASE_ID, Param("name", text(128)), enabled)
    one = ns.database_path
    return (
        Route("POST", ns.root, partial(create_database, ns), "databases.write", naming),
        Route("GET", ns.root, partial(list_databases, ns), "databases.read", listing),
        Route("GET", one, get_database, "databases.read", (DATABASE_ID,)),
        Route("PUT", one, partial(update_database, ns), "databases.write", update),
        Route("DELETE", one, partial(delete_database, ns), "databases.write", (DATABASE_ID,)),
    )

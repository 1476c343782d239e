"""One row at a time: create, get, list, update, upsert, delete."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.databases.namespaces import Namespace
from emulator.databases.physical import set_permissions
from emulator.permissions import given_by, given_to_new
from emulator.queries.listing import Source, count, find
from emulator.queries.plan import read_plan, read_select
from emulator.rows.access import may, read_timestamp, readable, require
from emulator.rows.answers import announce_deletion, answer_row, show_row
from emulator.rows.bulk import create_many
from emulator.rows.data import checked, read_sent, refuse_operators
from emulator.rows.records import change_time, find_row, insert_row, taken, update_row
from emulator.rows.shape import Shape, StoredRow, load_shape
from emulator.rows.upserts import upsert_values


def create(ns: Namespace, ctx: Context) -> Reply:
    """Creates one row from `data`, or many from `rows`."""
    data, many, row_id = ctx.args["data"], ctx.args[ns.rows], ctx.args[ns.row_id]
    if many:
        if data or row_id or ctx.args["permissions"]:
            raise ApiError(
                "general_bad_request", f"Send {ns.rows} alone: each has its own id and permissions."
            )
        return create_many(ns, ctx, many)
    if not data or not row_id:
        raise ns.error("row_missing_data", f"A new {ns.row} needs {ns.row_id} and data.")
    shape = load_shape(ctx, ns)
    permissions = given_to_new(ctx.caller, ctx.args["permissions"])
    require(ctx.caller, shape.table, "create")
    sent = read_sent(data, ctx.caller, ns)
    values = checked(shape, sent.values, ns)
    now = ctx.now
    row = StoredRow(0, chosen_id(row_id), sent.created or now, sent.updated or now, permissions, values)
    insert_row(ctx.store, shape, row, ns)
    row.values = shape.shown(values)
    return created(answer_row(ctx, row, shape.table, ns, "create"))


def get(ns: Namespace, ctx: Context) -> Reply:
    """One row; what the caller may not read is not found."""
    shape = load_shape(ctx, ns)
    select = read_select(ctx.args["queries"], shape.fields)
    row = find_row(ctx.store, shape, ctx.args[ns.row_id])
    if row is None or not may(ctx.caller, shape.table, "read", row):
        raise _missing(ns, ctx)
    return Reply(200, show_row(row, shape.table, ns, ctx.format, select))


def list_(ns: Namespace, ctx: Context) -> Reply:
    """The rows that match and that the caller may read."""
    shape = load_shape(ctx, ns)
    plan = read_plan(ctx.args["queries"], shape.fields)
    where, args = readable(ctx.caller, shape.table)
    source = Source(shape.table.sql_name, shape.fields, where, args, shape.columns, hides=True)
    rows = [
        show_row(shape.read(each), shape.table, ns, ctx.format, plan.select)
        for each in find(ctx.store, source, plan)
    ]
    total = count(ctx.store, source, plan) if ctx.args["total"] else 0
    return Reply(200, {"total": total, ns.rows: rows})


def update(ns: Namespace, ctx: Context) -> Reply:
    """Changes some values or the permissions of a row. A path in other letters renames its id."""
    unchanged_since = read_timestamp(ctx)
    data, permissions = ctx.args["data"], ctx.args["permissions"]
    if not data and permissions is None:
        raise ns.error("row_missing_payload", "Send data or permissions.")
    shape = load_shape(ctx, ns)
    sent = read_sent(data or {}, ctx.caller, ns)
    refuse_operators(sent.values)
    old = _existing(ns, ctx, shape)
    permissions = old.permissions if permissions is None else given_by(ctx.caller, permissions)
    merged = {**old.values, **sent.values}
    new_id, made = ctx.args[ns.row_id], sent.created or old.created
    before = (old.values, old.permissions, old.id, old.created, old.updated)
    differs = (merged, permissions, new_id, made, sent.updated or old.updated) != before
    require(ctx.caller, shape.table, "update" if differs else "read", old)
    updated = (sent.updated or change_time(ctx.now, old.updated)) if differs else old.updated
    _require_unchanged(ns, old, unchanged_since)
    values = checked(shape, merged, ns)
    changes = _system_changes(old, new_id, made, updated, permissions)
    try:
        update_row(ctx.store, shape, old.seq, changes, values)
    except sqlite3.IntegrityError:
        raise taken(ns) from None
    if permissions != old.permissions:
        set_permissions(ctx.store, shape.table, old.seq, permissions, new=False)
    row = StoredRow(old.seq, new_id, made, updated, permissions, shape.shown(values))
    return Reply(200, answer_row(ctx, row, shape.table, ns, "update"))


def upsert(ns: Namespace, ctx: Context) -> Reply:
    """Creates a row or overwrites what was sent of it; every required column must be sent either way.

    The header of compare-and-swap must be a moment here too, but nothing comes of it.
    """
    read_timestamp(ctx)
    data, permissions = ctx.args["data"], ctx.args["permissions"]
    if (not data and permissions is None) or (isinstance(data, list) and len(data) > 1):
        raise ns.error("row_missing_payload", "Send data or permissions.")
    shape = load_shape(ctx, ns)
    sent = read_sent(data or {}, ctx.caller, ns)
    refuse_operators(sent.values)
    row_id = ctx.args[ns.row_id]
    old = find_row(ctx.store, shape, row_id)
    if permissions is None and old is not None:
        permissions = old.permissions
    permissions = given_to_new(ctx.caller, permissions)
    row = upsert_values(ns, ctx, shape, sent, row_id, old, permissions)
    return Reply(200, answer_row(ctx, row, shape.table, ns, "upsert"))


def delete(ns: Namespace, ctx: Context) -> Reply:
    """Deletes a row."""
    unchanged_since = read_timestamp(ctx)
    shape = load_shape(ctx, ns)
    row = _existing(ns, ctx, shape)
    require(ctx.caller, shape.table, "delete", row)
    _require_unchanged(ns, row, unchanged_since)
    ctx.store.run(shape.delete, row.seq)
    announce_deletion(ctx, row, shape.table, ns)
    return no_content()


def _existing(ns: Namespace, ctx: Context, shape: Shape) -> StoredRow:
    row = find_row(ctx.store, shape, ctx.args[ns.row_id])
    if row is None:
        raise _missing(ns, ctx)
    return row


def _missing(ns: Namespace, ctx: Context) -> ApiError:
    return ns.error("row_not_found", f"There is no {ns.row} with the id '{ctx.args[ns.row_id]}'.")


def _require_unchanged(ns: Namespace, row: StoredRow, since: str) -> None:
    if since and row.updated > since:
        raise ns.error("row_update_conflict", f"The {ns.row} was changed after {since}.")


def _system_changes(
    old: StoredRow, new_id: str, made: str, updated: str, permissions: list[str]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if new_id != old.id:
        changes["_id"] = new_id
    if made != old.created:
        changes["_created"] = made
    if updated != old.updated:
        changes["_updated"] = updated
    if permissions != old.permissions:
        changes["_permissions"] = json.dumps(permissions)
    return changes

"""Many rows in one call, all of them or none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, created
from emulator.core.ids import chosen_id, is_id, unique_id
from emulator.databases.namespaces import Namespace
from emulator.databases.physical import set_permissions
from emulator.queries.listing import Source, find
from emulator.queries.plan import Plan, read_plan
from emulator.rows.access import require_key
from emulator.rows.answers import announce_deletion, answer_row, show_row
from emulator.rows.data import MAX_BULK, Sent, checked, own_permissions, read_sent, refuse_operators
from emulator.rows.records import change_time, find_row, insert_row, update_row
from emulator.rows.shape import Shape, StoredRow, load_shape
from emulator.rows.upserts import upsert_values

_ALL = -1
_LONGEST_ID = 255


def create_many(ns: Namespace, ctx: Context, many: list[dict[str, Any]]) -> Reply:
    """Creates rows, each with its own `$id` (made when absent) and `$permissions`."""
    if not ctx.caller.privileged:
        raise ApiError("general_unauthorized_scope", f"Only an API key may create many {ns.rows} at once.")
    shape = load_shape(ctx, ns)
    sent = [read_sent(each, ctx.caller, ns) for each in many]
    ids = [_new_id(each) for each in sent]
    permissions = [own_permissions(each) for each in sent]
    values = [checked(shape, each.values, ns) for each in sent]
    now = ctx.now
    bodies = []
    for each, id_, given, checked_values in zip(sent, ids, permissions, values, strict=True):
        row = StoredRow(0, id_, each.created or now, each.updated or now, given, checked_values)
        insert_row(ctx.store, shape, row, ns)
        row.values = shape.shown(checked_values)
        bodies.append(answer_row(ctx, row, shape.table, ns, "create"))
    return created({"total": len(bodies), ns.rows: bodies})


def _new_id(sent: Sent) -> str:
    if sent.id is None:
        return unique_id()
    if sent.id != "unique()" and not is_id(sent.id):
        raise ApiError("general_bad_request", "An $id must be at most 36 of a-z, A-Z, 0-9, '.', '_' and '-'.")
    return chosen_id(sent.id)


def update_many(ns: Namespace, ctx: Context) -> Reply:
    """Sets the same values in every row that matches the queries, which are read from the body."""
    data = ctx.args["data"]
    if not data:
        raise ns.error("row_missing_payload", "Send data.")
    require_key(ctx)
    shape = load_shape(ctx, ns)
    sent = read_sent(data, ctx.caller, ns)
    refuse_operators(sent.values)
    permissions = None if sent.permissions is None else own_permissions(sent)
    plan = read_plan(ctx.args["queries"], shape.fields)
    values = checked(shape, sent.values, ns, partial=True)
    now = ctx.now
    changes: dict[str, Any] = {}
    if sent.created is not None:
        changes["_created"] = sent.created
    if permissions is not None:
        changes["_permissions"] = json.dumps(permissions)
    rows = _matching(ctx, shape, plan)
    for row in rows:
        changes["_updated"] = sent.updated or change_time(now, row.updated)
        try:
            update_row(ctx.store, shape, row.seq, changes, values)
        except sqlite3.IntegrityError:
            raise ApiError("general_unknown", "The update would break a unique index.") from None
        row.updated, row.created = changes["_updated"], sent.created or row.created
        row.values = shape.shown({**row.values, **values})
        if permissions is not None:
            row.permissions = permissions
            set_permissions(ctx.store, shape.table, row.seq, permissions, new=False)
    bodies = [answer_row(ctx, row, shape.table, ns, "update") for row in rows[:MAX_BULK]]
    return Reply(200, {"total": len(rows), ns.rows: bodies})


def upsert_many(ns: Namespace, ctx: Context) -> Reply:
    """Creates or merges each of the rows; those that already are as sent are not answered."""
    require_key(ctx)
    shape = load_shape(ctx, ns)
    bodies: list[dict[str, Any]] = []
    seen: set[str] = set()
    for each in ctx.args[ns.rows]:
        sent = read_sent(each, ctx.caller, ns)
        refuse_operators(sent.values)
        id_ = sent.id or unique_id()
        if not isinstance(id_, str) or len(id_) > _LONGEST_ID:
            raise ns.error(
                "row_invalid_structure", f"An $id must be a text of at most {_LONGEST_ID} characters."
            )
        if id_ in seen:
            raise ns.error("row_already_exists", f"The id '{id_}' is there twice.")
        seen.add(id_)
        old = find_row(ctx.store, shape, id_)
        kept = old.permissions if sent.permissions is None and old is not None else own_permissions(sent)
        row = upsert_values(ns, ctx, shape, sent, id_, old, kept)
        if row is not old:
            bodies.append(answer_row(ctx, row, shape.table, ns, "upsert"))
    return Reply(200, {"total": len(bodies), ns.rows: bodies})


def delete_many(ns: Namespace, ctx: Context) -> Reply:
    """Deletes every row that matches the queries, which are read from the body: without any, all of them."""
    require_key(ctx)
    shape = load_shape(ctx, ns)
    plan = read_plan(ctx.args["queries"], shape.fields)
    rows = _matching(ctx, shape, plan)
    ctx.store.run_many(shape.delete, ((row.seq,) for row in rows))
    shown: Iterable[StoredRow] = rows[:MAX_BULK]
    bodies = []
    for row in shown:
        announce_deletion(ctx, row, shape.table, ns)
        bodies.append(show_row(row, shape.table, ns, ctx.format, plan.select))
    return Reply(200, {"total": len(rows), ns.rows: bodies})


def _matching(ctx: Context, shape: Shape, plan: Plan) -> list[StoredRow]:
    if plan.limit is None:
        plan.limit = _ALL
    source = Source(shape.table.sql_name, shape.fields, columns=shape.columns)
    return [shape.read(each) for each in find(ctx.store, source, plan)]

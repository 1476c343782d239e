"""Rows as answers and events show them."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from emulator.core.context import NEWEST_FORMAT, Context
from emulator.core.events import Event
from emulator.databases.model import Catalogue, Table
from emulator.databases.namespaces import Namespace
from emulator.permissions import readers
from emulator.rows.shape import StoredRow

_TEXT_SEQUENCE_FROM = (1, 9, 0)


def show_row(
    row: StoredRow,
    table: Table,
    ns: Namespace,
    format_: tuple[int, ...],
    select: Container[str] | None = None,
) -> dict[str, Any]:
    """A row in a response format. select: the columns to show, None for all; system fields always are."""
    body = dict(row.values) if select is None else {k: v for k, v in row.values.items() if k in select}
    body["$id"] = row.id
    body["$sequence"] = row.seq if format_ < _TEXT_SEQUENCE_FROM else str(row.seq)
    body["$createdAt"] = row.created
    body["$updatedAt"] = row.updated
    body["$permissions"] = row.permissions
    body["$databaseId"] = table.database_id
    body["$" + ns.table_id] = table.id
    return body


def answer_row(ctx: Context, row: StoredRow, table: Table, ns: Namespace, action: str) -> dict[str, Any]:
    """A row that was created, updated or upserted: the answer's body, also announced as an event."""
    body = show_row(row, table, ns, ctx.format)
    _announce(ctx, row, table, action, body)
    return body


def announce_deletion(ctx: Context, row: StoredRow, table: Table, ns: Namespace) -> None:
    """Announces that a row is gone."""
    _announce(ctx, row, table, "delete", show_row(row, table, ns, NEWEST_FORMAT))


def _announce(ctx: Context, row: StoredRow, table: Table, action: str, payload: dict[str, Any]) -> None:
    database = ctx.server.part(Catalogue).database(table.database_id)
    root = "tablesdb" if database is None or database.type == "tablesdb" else "databases"
    ids = {"databaseId": table.database_id, "tableId": table.id, "rowId": row.id}
    allowed = [*table.permissions, *row.permissions] if table.row_security else table.permissions
    pattern = f"{root}.[databaseId].tables.[tableId].rows.[rowId].{action}"
    ctx.emit(Event(pattern, ids, payload, readers(allowed), ctx.caller.user_id))

"""Reading and writing single rows in the store. Who may do it is decided before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.store import Store
from emulator.databases.namespaces import Namespace
from emulator.databases.physical import quoted, set_permissions
from emulator.rows.shape import Shape, StoredRow

_TICK = timedelta(milliseconds=1)
_NEAR = timedelta(seconds=1)


def find_row(store: Store, shape: Shape, row_id: str) -> StoredRow | None:
    """A row by its id in any letter case."""
    found = store.one(shape.by_id, row_id)
    return None if found is None else shape.read(found)


def insert_row(store: Store, shape: Shape, row: StoredRow, ns: Namespace) -> None:
    """Adds a row with checked values and sets its seq; ApiError row_already_exists when it is taken."""
    try:
        row.seq = store.db.execute(shape.insert, _parameters(shape, row)).lastrowid or 0
    except sqlite3.IntegrityError:
        raise taken(ns) from None
    if row.permissions:
        set_permissions(store, shape.table, row.seq, row.permissions, new=True)


def upsert_row(store: Store, shape: Shape, row: StoredRow, ns: Namespace) -> None:
    """Adds a row, or overwrites the one that has its id or a unique value of it, and sets its seq.

    As in the real server the overwritten row keeps its id and time of creation, even if it is another one.
    """
    try:
        row.seq = store.value(shape.upsert, *_parameters(shape, row))
    except sqlite3.IntegrityError:
        raise taken(ns) from None
    set_permissions(store, shape.table, row.seq, row.permissions, new=False)


def update_row(
    store: Store, shape: Shape, seq: int, changes: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Writes system columns (by SQL name) and checked values; sqlite3.IntegrityError when one is taken."""
    stored = shape.stored(values)
    names = [*changes, *(quoted(key) for key in stored)]
    if names:
        assignments = ", ".join(f"{name} = ?" for name in names)
        store.run(
            f"UPDATE {shape.table.sql_name} SET {assignments} WHERE _seq = ?",  # noqa: S608
            *changes.values(),
            *stored.values(),
            seq,
        )


def change_time(now: str, before: str) -> str:
    """When a row changes: now, or just after its last change when that was in the same millisecond.

    Compare-and-swap tells two states of a row apart by nothing but this time.
    """
    if now > before:
        return now
    later = datetime.fromisoformat(before) + _TICK
    return later.isoformat(timespec="milliseconds") if later - datetime.fromisoformat(now) < _NEAR else now


def taken(ns: Namespace) -> ApiError:
    """The refusal when an id, or a value of a unique index, is in use."""
    return ns.error(
        "row_already_exists", f"A {ns.row} with this id, or with a value that must be unique, exists."
    )


def _parameters(shape: Shape, row: StoredRow) -> list[Any]:
    permissions = json.dumps(row.permissions) if row.permissions else "[]"
    return [row.id, row.created, row.updated, permissions, *shape.stored(row.values).values()]

"""The one rule of upserts, for single and bulk calls."""

from __future__ import annotations

from emulator.core.context import Context
from emulator.databases.namespaces import Namespace
from emulator.rows.access import require
from emulator.rows.data import Sent, checked
from emulator.rows.records import change_time, upsert_row
from emulator.rows.shape import Shape, StoredRow


def upsert_values(
    ns: Namespace,
    ctx: Context,
    shape: Shape,
    sent: Sent,
    row_id: str,
    stored: StoredRow | None,
    permissions: list[str],
) -> StoredRow:
    """Creates a row, or merges what was sent into the stored one.

    A stored row under another spelling of the id is overwritten, not merged. Optional columns keep what they
    have, required ones must be sent. When nothing differs, nothing is written and no time changes.
    """
    table = shape.table
    old = stored if stored is not None and stored.id == row_id else None
    if old is not None and sorted(permissions) == sorted(old.permissions):
        permissions = old.permissions
        if sent.values == old.values:
            return old
    require(ctx.caller, table, "create" if old is None else "update", old)
    merged = dict(sent.values)
    if old is not None:
        for column in table.columns.values():
            if not column.required:
                merged.setdefault(column.key, old.values[column.key])
    values = checked(shape, merged, ns)
    now = ctx.now
    made = sent.created or (now if old is None else old.created)
    updated = sent.updated or change_time(now, "" if stored is None else stored.updated)
    row = StoredRow(0, row_id, made, updated, permissions, values)
    upsert_row(ctx.store, shape, row, ns)
    row.values = shape.shown(values)
    return row

"""Databases, tables, columns and indexes as answers spell them."""

from __future__ import annotations

from typing import Any

from emulator.databases.model import Column, Database, Index, Table
from emulator.databases.namespaces import Namespace
from emulator.databases.values import plain_number
from emulator.databases.widths import MAX_ROW_BYTES, row_bytes

_SIZED = ("string", "varchar")


def show_database(database: Database) -> dict[str, Any]:
    """A database."""
    return {
        "$id": database.id,
        "name": database.name,
        "$createdAt": database.created,
        "$updatedAt": database.updated,
        "enabled": database.enabled,
        "type": database.type,
    }


def show_table(table: Table, ns: Namespace) -> dict[str, Any]:
    """A table with its columns and indexes."""
    return {
        "$id": table.id,
        "$createdAt": table.created,
        "$updatedAt": table.updated,
        "$permissions": list(table.permissions),
        "databaseId": table.database_id,
        "name": table.name,
        "enabled": table.enabled,
        ns.row_security: table.row_security,
        ns.columns: [show_column(column) for column in table.columns.values()],
        "indexes": [show_index(table, index, ns) for index in table.indexes.values()],
        "bytesMax": MAX_ROW_BYTES,
        "bytesUsed": row_bytes(table.columns.values()),
    }


def show_column(
    column: Column, status: str = "available", *, tells_encryption: bool = True
) -> dict[str, Any]:
    """A column. The real server does not always tell whether a text is encrypted: null stands there then."""
    out: dict[str, Any] = {
        "key": column.key,
        "type": column.type,
        "status": status,
        "error": "",
        "required": column.required,
        "array": column.array,
        "$createdAt": column.created,
        "$updatedAt": column.updated,
    }
    if column.format == "enum":
        out["elements"] = list(column.elements)
    if column.format or column.type == "datetime":
        out["format"] = column.format
    elif column.is_text:
        if column.type in _SIZED:
            out["size"] = column.size
        out["encrypt"] = column.encrypt if tells_encryption else None
    elif column.type in ("integer", "bigint", "double"):
        out["min"], out["max"] = plain_number(column.min), plain_number(column.max)
    out["default"] = plain_number(column.declared_default)
    return out


def show_index(table: Table, index: Index, ns: Namespace, status: str = "available") -> dict[str, Any]:
    """An index."""
    return {
        "$id": f"{table.seq}_{index.key}",
        "$createdAt": index.created,
        "$updatedAt": index.updated,
        "key": index.key,
        "type": index.type,
        "status": status,
        "error": "",
        ns.columns: list(index.columns),
        "lengths": [length or 0 for length in index.lengths],
        "orders": list(index.orders),
    }

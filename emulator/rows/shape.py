"""Shapes: how the rows of one table look in SQL, in queries and as values, worked out once per definition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.core.context import Context, Server
from emulator.databases.model import Column, Table, load_table
from emulator.databases.namespaces import Namespace
from emulator.databases.physical import SYSTEM_COLUMNS, quoted
from emulator.databases.values import from_sql, to_sql
from emulator.queries.fields import Field, system_fields

_SYSTEM = tuple(
    SYSTEM_COLUMNS[name] for name in ("$sequence", "$id", "$createdAt", "$updatedAt", "$permissions")
)
_KINDS = {
    "integer": "integer",
    "bigint": "integer",
    "double": "float",
    "boolean": "boolean",
    "datetime": "datetime",
}


@dataclass(slots=True)
class StoredRow:
    """One row. values: by column, as answers spell them; permissions: expanded."""

    seq: int
    id: str
    created: str
    updated: str
    permissions: list[str]
    values: dict[str, Any]


class Shape:
    """Statements and translations for the rows of a table. A changed table gets a new shape."""

    def __init__(self, table: Table) -> None:
        self.table = table
        columns = list(table.columns.values())
        names = [quoted(column.key) for column in columns]
        self.keys = [column.key for column in columns]
        self.fields: Mapping[str, Field] = {
            **system_fields(seq="_seq", id_="_id", created="_created", updated="_updated"),
            **{column.key: _field(table, column) for column in columns},
        }
        self.columns = ", ".join((*_SYSTEM, *names))
        written = (*_SYSTEM[1:], *names)
        self.insert = (
            f"INSERT INTO {table.sql_name} ({', '.join(written)}) VALUES ({', '.join('?' * len(written))})"  # noqa: S608
        )
        overwritten = ", ".join(f"{name} = excluded.{name}" for name in ("_updated", "_permissions", *names))
        self.upsert = f"{self.insert} ON CONFLICT DO UPDATE SET {overwritten} RETURNING _seq"
        self.by_id = f"SELECT {self.columns} FROM {table.sql_name} WHERE _id = ?"  # noqa: S608
        self.delete = f"DELETE FROM {table.sql_name} WHERE _seq = ?"  # noqa: S608
        self._read_specially = [c for c in columns if c.array or c.type in ("boolean", "double")]
        self._written_specially = [c for c in columns if c.array or c.type == "boolean"]

    def read(self, stored: Sequence[Any]) -> StoredRow:
        """A row from what `columns` selects."""
        seq, id_, created, updated, permissions, *rest = stored
        values = dict(zip(self.keys, rest, strict=True))
        for column in self._read_specially:
            values[column.key] = from_sql(column, values[column.key])
        given = [] if permissions == "[]" else json.loads(permissions)
        return StoredRow(seq, id_, created, updated, given, values)

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Checked values as answers spell them: what `read` would give after they were written."""
        out = dict(values)
        for column in self._read_specially:
            out[column.key] = from_sql(column, to_sql(column, out[column.key]))
        return out

    def stored(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Checked values as SQLite keeps them."""
        out = dict(values)
        for column in self._written_specially:
            if column.key in out:
                out[column.key] = to_sql(column, out[column.key])
        return out


def _field(table: Table, column: Column) -> Field:
    return Field(
        sql=quoted(column.key),
        kind=_KINDS.get(column.type, "text"),
        array=column.array,
        fulltext=table.has_fulltext(column.key),
        secret=column.encrypt,
        bits=32 if column.type == "integer" and column.size < 8 else 64,
    )


class Shapes:
    """The shapes of the tables in use."""

    def __init__(self) -> None:
        self._shapes: dict[int, Shape] = {}

    def of(self, table: Table) -> Shape:
        """The shape of a table as it is defined now."""
        shape = self._shapes.get(table.seq)
        if shape is None or shape.table is not table:
            shape = self._shapes[table.seq] = Shape(table)
        return shape


async def start(server: Server) -> None:
    """Puts the shapes among the server's parts."""
    server.parts[Shapes] = Shapes()


def load_shape(ctx: Context, ns: Namespace) -> Shape:
    """The shape of the table in the request's path; ApiError database_not_found or table_not_found."""
    table = load_table(ctx, ctx.args["databaseId"], ctx.args[ns.table_id], ns)
    return ctx.server.part(Shapes).of(table)

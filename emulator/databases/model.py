"""Databases, tables, columns and indexes as handlers see them: read once, kept until one changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from emulator.core.context import Context, Server
from emulator.core.errors import ApiError
from emulator.core.store import Row, Store
from emulator.databases.namespaces import Namespace

TEXT_TYPES = frozenset({"string", "varchar", "text", "mediumtext", "longtext"})


@dataclass(frozen=True, slots=True)
class Database:
    """A database; type is the namespace that made it (`tablesdb`, `legacy`)."""

    seq: int
    id: str
    name: str
    type: str
    enabled: bool
    created: str
    updated: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    type: as answers spell it: `string`, `varchar`, `text`, `mediumtext`, `longtext`, `integer`, `bigint`,
    `double`, `boolean`, `datetime`. format: `email`, `enum`, `ip`, `url` (all of type `string`) or "".
    size: of texts in characters, of integers in bytes. min, max: of numbers. default: what rows get for null;
    declared_default: what answers show, which a change to null resets while rows keep getting the old one.
    """

    key: str
    type: str
    size: int = 0
    required: bool = False
    array: bool = False
    default: Any = None
    declared_default: Any = None
    format: str = ""
    min: float | None = None
    max: float | None = None
    elements: tuple[str, ...] = ()
    encrypt: bool = False
    created: str = ""
    updated: str = ""

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, which compare by `fold`."""
        return self.type in TEXT_TYPES


@dataclass(frozen=True, slots=True)
class Index:
    """An index. type: `key`, `unique` or `fulltext`.

    lengths: of prefixes in characters, 0 for the whole. lengths and orders may be shorter than columns.
    """

    seq: int
    key: str
    type: str
    columns: tuple[str, ...]
    lengths: tuple[int, ...]
    orders: tuple[str, ...]
    created: str = ""
    updated: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its definition; columns and indexes by key, in the order of their creation.

    permissions: Appwrite's spelling (`read("any")`). sql_name: the SQLite table of its rows, see `physical`.
    """

    seq: int
    id: str
    database_id: str
    name: str
    permissions: tuple[str, ...]
    row_security: bool
    enabled: bool
    created: str
    updated: str
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)

    @property
    def sql_name(self) -> str:
        """The SQLite table of its rows."""
        return f"rows_{self.seq}"

    @property
    def sql_permissions(self) -> str:
        """The SQLite table of its rows' permissions."""
        return f"rows_{self.seq}_permissions"

    def has_fulltext(self, key: str) -> bool:
        """Whether `search` may ask for a column."""
        return any(index.type == "fulltext" and index.columns == (key,) for index in self.indexes.values())


class Catalogue:
    """Every definition that was asked for, kept in memory; forgotten as a whole when anything changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._databases: dict[str, Database] = {}
        self._tables: dict[tuple[str, str], Table] = {}
        store.on_rollback.append(self.forget)

    def forget(self) -> None:
        """Drops what is remembered, after a change or a rollback."""
        self._databases.clear()
        self._tables.clear()

    def database(self, database_id: str) -> Database | None:
        """A database by its id in any letter case."""
        found = self._databases.get(database_id)
        if found is None:
            row = self._store.one("SELECT * FROM databases WHERE id = ?", database_id)
            if row is None:
                return None
            found = self._databases[database_id] = read_database(row)
        return found

    def table(self, database: Database, table_id: str) -> Table | None:
        """A table by its id in any letter case."""
        found = self._tables.get((database.id, table_id))
        if found is None:
            row = self._store.one(
                "SELECT * FROM database_tables WHERE database_seq = ? AND id = ?", database.seq, table_id
            )
            if row is None:
                return None
            found = self._tables[database.id, table_id] = read_table(self._store, database.id, row)
        return found


async def start(server: Server) -> None:
    """Puts the catalogue among the server's parts."""
    server.parts[Catalogue] = Catalogue(server.store)


def load_database(ctx: Context, database_id: str) -> Database:
    """The database; ApiError database_not_found when it is missing, or disabled for this caller."""
    database = ctx.server.part(Catalogue).database(database_id)
    if database is None or not (database.enabled or ctx.caller.privileged):
        raise ApiError("database_not_found", f"There is no database with the id '{database_id}'.")
    return database


def load_table(ctx: Context, database_id: str, table_id: str, ns: Namespace) -> Table:
    """The table; ApiError database_not_found or table_not_found when missing, or disabled for this caller."""
    table = ctx.server.part(Catalogue).table(load_database(ctx, database_id), table_id)
    if table is None or not (table.enabled or ctx.caller.privileged):
        raise ns.error("table_not_found", f"There is no {ns.table} with the id '{table_id}'.")
    return table


def read_database(row: Row) -> Database:
    """A database from its stored row."""
    values = dict(row)
    return Database(**{**values, "enabled": bool(values["enabled"])})


def read_table(store: Store, database_id: str, row: Row) -> Table:
    """A table, its columns and indexes from its stored row."""
    seq = row["seq"]
    columns = store.all("SELECT * FROM database_columns WHERE table_seq = ? ORDER BY seq", seq)
    indexes = store.all("SELECT * FROM database_indexes WHERE table_seq = ? ORDER BY seq", seq)
    return Table(
        seq=seq,
        id=row["id"],
        database_id=database_id,
        name=row["name"],
        permissions=tuple(json.loads(row["permissions"])),
        row_security=bool(row["row_security"]),
        enabled=bool(row["enabled"]),
        created=row["created"],
        updated=row["updated"],
        columns={column["key"]: read_column(column) for column in columns},
        indexes={index["key"]: read_index(index) for index in indexes},
    )


def read_column(row: Row) -> Column:
    """A column from its stored row."""
    options = json.loads(row["options"])
    return Column(
        key=row["key"],
        type=row["type"],
        size=row["size"],
        required=bool(row["required"]),
        array=bool(row["array"]),
        default=options.get("default"),
        declared_default=options.get("declared_default"),
        format=row["format"],
        min=options.get("min"),
        max=options.get("max"),
        elements=tuple(options.get("elements", ())),
        encrypt=bool(row["encrypt"]),
        created=row["created"],
        updated=row["updated"],
    )


def read_index(row: Row) -> Index:
    """An index from its stored row."""
    return Index(
        seq=row["seq"],
        key=row["key"],
        type=row["type"],
        columns=tuple(json.loads(row["columns"])),
        lengths=tuple(json.loads(row["lengths"])),
        orders=tuple(json.loads(row["orders"])),
        created=row["created"],
        updated=row["updated"],
    )

"""The SQLite tables behind the rows of a table.

`rows_<seq>` has one SQLite row for each row:

    _seq          its `$sequence`, never used twice
    _id           its id as the client spelled it; compares and is unique without regard to case (NOCASE)
    _created, _updated   moments as answers spell them, so that they sort as text
    _permissions  JSON list in Appwrite's spelling, for answers
    "<key>"       one for each column: texts and moments TEXT, whole numbers and booleans (0/1) INTEGER,
                  floats REAL, lists JSON text; NULL is null

`rows_<seq>_permissions (row_seq, action, role)` has one row for each expanded permission of a row, so that
who may read is an indexed lookup among any number of rows: `_seq IN (SELECT row_seq FROM … WHERE action =
'read' AND role IN (…))`. Whoever writes `_permissions` calls `set_permissions`; the permissions of a deleted
row go with it.

Key and unique indexes are real SQLite indexes, on `fold("key")` where the column is a text, which is also how
queries spell their conditions. A unique index made over values that are not unique stays a definition without
effect, as in the real server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from emulator.core.store import Store
from emulator.databases.model import Column, Index, Table
from emulator.permissions import role_of

SYSTEM_COLUMNS = {
    "$id": "_id",
    "$sequence": "_seq",
    "$createdAt": "_created",
    "$updatedAt": "_updated",
    "$permissions": "_permissions",
}
_SQL_TYPES = {"integer": "INTEGER", "bigint": "INTEGER", "boolean": "INTEGER", "double": "REAL"}


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create(store: Store, table: Table) -> None:
    """Makes the SQLite tables of a new table, which has no columns yet."""
    store.run(
        f"CREATE TABLE {table.sql_name} (_seq INTEGER PRIMARY KEY AUTOINCREMENT, "
        "_id TEXT NOT NULL COLLATE NOCASE UNIQUE, _created TEXT NOT NULL, _updated TEXT NOT NULL, "
        "_permissions TEXT NOT NULL)"
    )
    store.run(
        f"CREATE TABLE {table.sql_permissions} (row_seq INTEGER NOT NULL "
        f"REFERENCES {table.sql_name} (_seq) ON DELETE CASCADE, action TEXT NOT NULL, role TEXT NOT NULL, "
        "PRIMARY KEY (row_seq, action, role)) WITHOUT ROWID"
    )
    store.run(
        f"CREATE INDEX {table.sql_permissions}_by_role ON {table.sql_permissions} (role, action, row_seq)"
    )


def drop(store: Store, table: Table) -> None:
    """Removes the SQLite tables of a table and all of its rows."""
    store.run(f"DROP TABLE {table.sql_permissions}")
    store.run(f"DROP TABLE {table.sql_name}")


def clear(store: Store) -> None:
    """Removes the rows of all tables."""
    with store.transaction():
        for table in store.all("SELECT seq FROM database_tables"):
            store.run(f"DELETE FROM rows_{table['seq']}")  # noqa: S608


def add_column(store: Store, table: Table, column: Column) -> None:
    """Adds a column; rows that exist have null."""
    sql_type = "TEXT" if column.array else _SQL_TYPES.get(column.type, "TEXT")
    store.run(f"ALTER TABLE {table.sql_name} ADD COLUMN {quoted(column.key)} {sql_type}")


def rename_column(store: Store, table: Table, old: str, new: str) -> None:
    """Renames a column, in its indexes too."""
    store.run(f"ALTER TABLE {table.sql_name} RENAME COLUMN {quoted(old)} TO {quoted(new)}")


def drop_column(store: Store, table: Table, key: str) -> None:
    """Removes a column and its values; its indexes must be gone."""
    store.run(f"ALTER TABLE {table.sql_name} DROP COLUMN {quoted(key)}")


def longest_text(store: Store, table: Table, column: Column) -> int:
    """The length of the longest text in a column, in characters; 0 for lists, which are not cut."""
    if column.array:
        return 0
    return store.value(f"SELECT MAX(LENGTH({quoted(column.key)})) FROM {table.sql_name}") or 0  # noqa: S608


def add_index(store: Store, table: Table, index: Index) -> None:
    """Makes the SQLite index of a key or unique index; full-text ones are definitions only."""
    if index.type == "fulltext":
        return
    padding = len(index.columns)
    parts = ", ".join(
        _index_part(table, key, length, order)
        for key, length, order in zip(
            index.columns, (*index.lengths, *[0] * padding), (*index.orders, *["ASC"] * padding), strict=False
        )
    )
    unique = "UNIQUE " if index.type == "unique" else ""
    try:
        store.run(f"CREATE {unique}INDEX {_index_name(table, index)} ON {table.sql_name} ({parts})")
    except sqlite3.IntegrityError:
        return


def _index_part(table: Table, key: str, length: int, order: str) -> str:
    if key in SYSTEM_COLUMNS:
        return f"{SYSTEM_COLUMNS[key]} {order}"
    column = table.columns[key]
    name = quoted(column.key)
    if not column.is_text:
        return f"{name} {order}"
    return f"fold({f'substr({name}, 1, {length})' if length else name}) {order}"


def _index_name(table: Table, index: Index) -> str:
    return f"{table.sql_name}_index_{index.seq}"


def drop_index(store: Store, table: Table, index: Index) -> None:
    """Removes the SQLite index, if there is one."""
    store.run(f"DROP INDEX IF EXISTS {_index_name(table, index)}")


def set_permissions(store: Store, table: Table, row_seq: int, permissions: Iterable[str], new: bool) -> None:
    """Writes the expanded permissions of one row; `new` says that it cannot have any yet."""
    if not new:
        store.run(f"DELETE FROM {table.sql_permissions} WHERE row_seq = ?", row_seq)  # noqa: S608
    rows = [(row_seq, permission.partition("(")[0], role_of(permission)) for permission in permissions]
    if rows:
        store.run_many(f"INSERT INTO {table.sql_permissions} VALUES (?, ?, ?)", rows)  # noqa: S608

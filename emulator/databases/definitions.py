"""Changes of definitions: what is remembered, what SQLite has for it and what was read before, in step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from emulator.core.context import Context
from emulator.core.events import Event
from emulator.databases import physical
from emulator.databases.model import Catalogue, Column, Database, Index, Table, load_table
from emulator.databases.namespaces import COLLECTIONS, TABLES, Namespace

T = TypeVar("T")


def find(entries: Mapping[str, T], key: str) -> T | None:
    """A column or index by its key in any letter case."""
    return entries.get(key) or next((entries[own] for own in entries if own.lower() == key.lower()), None)


def insert_table(ctx: Context, database: Database, values: Mapping[str, Any]) -> Table:
    """Makes a table without columns; sqlite3.IntegrityError when the id is taken.

    values: the columns of `database_tables` but for the database and the moments.
    """
    now = ctx.now
    ctx.store.insert(
        "database_tables", {"database_seq": database.seq, "created": now, "updated": now, **values}
    )
    table = load_table(ctx, database.id, values["id"], TABLES)
    physical.create(ctx.store, table)
    return table


def delete_table(ctx: Context, table: Table) -> None:
    """Removes a table, its definition and its rows."""
    physical.drop(ctx.store, table)
    ctx.store.run("DELETE FROM database_tables WHERE seq = ?", table.seq)
    forget(ctx)


def insert_column(ctx: Context, table: Table, column: Column) -> Column:
    """Adds a column; sqlite3.IntegrityError when the key is taken. The result has its moments."""
    now = ctx.now
    column = replace(column, created=now, updated=now)
    ctx.store.insert("database_columns", {"table_seq": table.seq, **_stored_column(column)})
    physical.add_column(ctx.store, table, column)
    forget(ctx)
    return column


def update_column(ctx: Context, table: Table, old: Column, new: Column) -> Column:
    """Replaces a column's definition; with a new key it is renamed, also in the indexes over it."""
    new = replace(new, updated=ctx.now)
    stored = _stored_column(new)
    assignments = ", ".join(f"{name} = ?" for name in stored)
    ctx.store.run(
        f"UPDATE database_columns SET {assignments} WHERE table_seq = ? AND key = ?",  # noqa: S608
        *stored.values(), table.seq, old.key,
    )  # fmt: skip
    if new.key != old.key:
        physical.rename_column(ctx.store, table, old.key, new.key)
        for index in table.indexes.values():
            if old.key in index.columns:
                columns = tuple(new.key if key == old.key else key for key in index.columns)
                _update_index(ctx, replace(index, columns=columns))
    forget(ctx)
    return new


def delete_column(ctx: Context, table: Table, column: Column) -> None:
    """Removes a column and its values. An index over it loses it, and goes when nothing new is left of it."""
    indexes = dict(table.indexes)
    for index in table.indexes.values():
        if column.key in index.columns:
            physical.drop_index(ctx.store, table, index)
            rest = _without(index, column.key)
            others = [(other.columns, other.orders) for key, other in indexes.items() if key != index.key]
            if not rest.columns or (rest.columns, rest.orders) in others:
                ctx.store.run("DELETE FROM database_indexes WHERE seq = ?", index.seq)
                del indexes[index.key]
            else:
                _update_index(ctx, rest)
                physical.add_index(ctx.store, table, rest)
                indexes[index.key] = rest
    ctx.store.run("DELETE FROM database_columns WHERE table_seq = ? AND key = ?", table.seq, column.key)
    physical.drop_column(ctx.store, table, column.key)
    forget(ctx)


def _without(index: Index, key: str) -> Index:
    """An index without a column; lengths and orders lose every value equal to its own, as they do there."""
    at = index.columns.index(key)
    length, order = index.lengths[at : at + 1], index.orders[at : at + 1]
    return replace(
        index,
        columns=tuple(own for own in index.columns if own != key),
        lengths=tuple(own for own in index.lengths if own not in length),
        orders=tuple(own for own in index.orders if own not in order),
    )


def insert_index(ctx: Context, table: Table, index: Index) -> Index:
    """Adds an index; sqlite3.IntegrityError when the key is taken. The result has its number and moments."""
    now = ctx.now
    index = replace(index, created=now, updated=now)
    seq = ctx.store.insert("database_indexes", {"table_seq": table.seq, **_stored_index(index)})
    index = replace(index, seq=seq)
    physical.add_index(ctx.store, table, index)
    forget(ctx)
    return index


def _update_index(ctx: Context, index: Index) -> None:
    stored = _stored_index(replace(index, updated=ctx.now))
    assignments = ", ".join(f"{name} = ?" for name in stored)
    ctx.store.run(f"UPDATE database_indexes SET {assignments} WHERE seq = ?", *stored.values(), index.seq)  # noqa: S608


def delete_index(ctx: Context, table: Table, index: Index) -> None:
    """Removes an index."""
    physical.drop_index(ctx.store, table, index)
    ctx.store.run("DELETE FROM database_indexes WHERE seq = ?", index.seq)
    forget(ctx)


def _stored_column(column: Column) -> dict[str, Any]:
    options = {
        name: getattr(column, name) for name in ("default", "declared_default", "min", "max", "elements")
    }
    return {
        "key": column.key,
        "type": column.type,
        "format": column.format,
        "size": column.size,
        "required": column.required,
        "array": column.array,
        "encrypt": column.encrypt,
        "options": json.dumps({name: value for name, value in options.items() if value is not None}),
        "created": column.created,
        "updated": column.updated,
    }


def _stored_index(index: Index) -> dict[str, Any]:
    return {
        "key": index.key,
        "type": index.type,
        "columns": json.dumps(index.columns),
        "lengths": json.dumps(index.lengths),
        "orders": json.dumps(index.orders),
        "created": index.created,
        "updated": index.updated,
    }


def forget(ctx: Context) -> None:
    """Lets everything that was read before be read anew."""
    ctx.server.part(Catalogue).forget()


def announce(
    ctx: Context,
    database: Database,
    ns: Namespace,
    action: str,
    payload: Mapping[str, Any],
    *parts: tuple[str, str, str],
) -> None:
    """Announces a change of a definition.

    parts: what is inside the database, each as its plural, the name of its id and its id. A database that
    `/tablesdb` made speaks of tables in its events, whichever way it was changed.
    """
    if database.type == TABLES.kind and ns is COLLECTIONS:
        own = {COLLECTIONS.tables: TABLES.tables, COLLECTIONS.columns: TABLES.columns}
        parts = tuple((own.get(plural, plural), name, id_) for plural, name, id_ in parts)
    root = "tablesdb" if database.type == TABLES.kind else "databases"
    inside = "".join(f".{plural}.[{name}]" for plural, name, _ in parts)
    ids = {"databaseId": database.id, **{name: id_ for _, name, id_ in parts}}
    ctx.emit(Event(f"{root}.[databaseId]{inside}.{action}", ids, payload, user_id=ctx.caller.user_id))

"""One SQLite file in WAL mode behind everything that the server remembers.

All statements run on the server's one event-loop thread through one connection, and a handler does not
yield between `BEGIN` and `COMMIT`; so every request is serialisable by construction and needs no locks.
`synchronous=FULL`: what was answered 2xx is on the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row


class Store:
    """The connection and the few ways to use it. SQL parameters are positional (`?`).

    functions: what statements may call, by name, with the number of arguments; all are deterministic.
    """

    def __init__(
        self,
        path: Path | str,
        schemas: Iterable[str],
        functions: Mapping[str, tuple[int, Callable[..., Any]]],
    ) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=1024)
        self.db.row_factory = sqlite3.Row
        self.on_rollback: list[Callable[[], None]] = []
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            self.db.execute(f"PRAGMA {pragma}")
        for name, (count, function) in functions.items():
            self.db.create_function(name, count, function, deterministic=True)
        with self.transaction():
            for schema in schemas:
                for statement in schema.split(";"):
                    if statement.strip():
                        self.db.execute(statement)

    def one(self, sql: str, *args: Any) -> Row | None:
        """The first row, or None."""
        row: Row | None = self.db.execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: Any) -> list[Row]:
        """Every row."""
        return self.db.execute(sql, args).fetchall()

    def value(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(sql, args).fetchone()
        return None if row is None else row[0]

    def run(self, sql: str, *args: Any) -> int:
        """Executes one statement and returns how many rows it changed."""
        return self.db.execute(sql, args).rowcount

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Inserts one row and returns its rowid; sqlite3.IntegrityError when a unique value is taken."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        cursor = self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        return cursor.lastrowid or 0

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Executes one statement for each row of parameters."""
        self.db.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block, or none of it. Inside another transaction it is a part of that one."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            for undo in self.on_rollback:
                undo()
            raise
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Closes the file; SQLite checkpoints the write-ahead log."""
        self.db.close()

"""How many of a row's bytes its columns take in the real database (MariaDB), and what follows from that."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.databases.model import Column

MAX_ROW_BYTES = 65535
MAX_COLUMNS = 1010
MAX_INDEXES = 58
MAX_INDEX_CHARACTERS = 768
LARGEST_VARCHAR = 16381
_SYSTEM_BYTES = 1067
_POINTER_BYTES = 20
_FIXED_BYTES = {"bigint": 8, "double": 8, "boolean": 1, "datetime": 7}


def row_bytes(columns: Iterable[Column]) -> int:
    """The bytes of a row with these columns; lists and long texts live elsewhere and leave a pointer."""
    return _SYSTEM_BYTES + sum(map(_column_bytes, columns))


def _column_bytes(column: Column) -> int:
    if column.array or column.type in ("text", "mediumtext", "longtext"):
        return _POINTER_BYTES
    if column.type == "integer":
        return 8 if column.size >= 8 else 4
    if column.is_text:
        if column.size > LARGEST_VARCHAR:
            return _POINTER_BYTES
        return 4 * column.size + (2 if column.size > 255 else 1)
    return _FIXED_BYTES[column.type]


def fits(columns: Iterable[Column]) -> bool:
    """Whether a row with these columns is allowed."""
    columns = list(columns)
    return len(columns) <= MAX_COLUMNS and row_bytes(columns) < MAX_ROW_BYTES


def index_characters(column: Column) -> int:
    """What a column takes of an index's length, counted in characters of four bytes."""
    if column.is_text:
        return column.size
    return 2 if column.type == "double" else 1

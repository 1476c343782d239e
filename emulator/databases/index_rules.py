"""Which indexes are allowed over which columns."""

from __future__ import annotations

from collections.abc import Mapping

from emulator.core.errors import ApiError, register_types
from emulator.databases.model import Column, Index
from emulator.databases.namespaces import Namespace
from emulator.databases.widths import MAX_INDEX_CHARACTERS, index_characters

register_types({"index_invalid": 400})

TYPES = ("key", "fulltext", "unique", "spatial")
SYSTEM_COLUMNS = {
    "$id": Column("$id", "string", size=255, required=True),
    "$createdAt": Column("$createdAt", "datetime"),
    "$updatedAt": Column("$updatedAt", "datetime"),
}
_RESERVED_KEYS = ("primary", "_created_at", "_updated_at", "_tenant_id")


def indexed_columns(index: Index, columns: Mapping[str, Column], ns: Namespace) -> list[Column]:
    """The columns of an index; ApiError column_unknown, or index_invalid for a list."""
    found = []
    for key in index.columns:
        column = columns.get(key) or SYSTEM_COLUMNS.get(key)
        if column is None:
            raise ns.error("column_unknown", f"There is no {ns.column} with the key '{key}'.")
        if column.array:
            raise ApiError("index_invalid", f"'{key}' is a list, and lists cannot be indexed.")
        found.append(column)
    return found


def check_index(index: Index, columns: Mapping[str, Column], ns: Namespace) -> None:
    """ApiError column_unknown, index_invalid or column_index_invalid for an index that cannot be."""
    problem = _problem(index, indexed_columns(index, columns, ns))
    if problem:
        raise ns.error("column_index_invalid", problem)


def _problem(index: Index, columns: list[Column]) -> str:
    if index.type not in TYPES:
        return f"There is no index of the type '{index.type}'."
    if index.type == "spatial":
        return "A spatial index needs a spatial column."
    if not columns:
        return "An index needs a column."
    if len({column.key.lower() for column in columns}) < len(columns):
        return "A column stands in the index twice."
    if index.type == "fulltext" and not all(column.is_text for column in columns):
        return "A fulltext index is for texts only."
    lengths = [*index.lengths, *[0] * len(columns)]
    for column, length in zip(columns, lengths, strict=False):
        if length and not column.is_text:
            return f"'{column.key}' is no text and cannot have a length."
    if index.type != "fulltext":
        if len(index.lengths) > len(columns):
            return "There are more lengths than columns."
        total = 0
        for column, length in zip(columns, lengths, strict=False):
            longest = index_characters(column)
            if not 0 <= length <= longest:
                return f"The length of '{column.key}' must be from 0 to {longest}."
            total += length or longest
        if total > MAX_INDEX_CHARACTERS:
            return f"The index is {total} characters wide; {MAX_INDEX_CHARACTERS} are allowed."
    if index.key.lower() in _RESERVED_KEYS:
        return f"The key '{index.key}' is reserved."
    return ""

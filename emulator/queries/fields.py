"""Fields: what queries may name, which values they may be compared with, and how those look in SQL."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.databases import moments
from emulator.databases.collation import fold
from emulator.queries.parse import invalid_query

_SEQUENCE = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of what is listed.

    sql: the expression that yields it. kind: `text`, `integer`, `float`, `boolean`, `datetime` (stored as
    answers spell it), `id` (a column declared COLLATE NOCASE) or `sequence` (the row's number).
    array: the column holds a JSON list of that kind. fulltext: `search` is allowed.
    secret: it may be selected but not queried (encrypted columns). bits: the size of an integer.
    """

    sql: str
    kind: str = "text"
    array: bool = False
    fulltext: bool = False
    secret: bool = False
    bits: int = 64

    @property
    def key(self) -> str:
        """The expression that compares and sorts: for a text without case, accents and trailing spaces."""
        return f"fold({self.sql})" if self.kind == "text" and not self.array else self.sql

    def comparable(self, name: str, value: Any) -> Any:
        """A query's value as SQL compares it with `key`; ApiError general_query_invalid for another kind."""
        if not self._allows(value):
            raise invalid_query(f"a value is not allowed for {name!r}, which is of the kind {self.kind}.")
        if self.kind == "datetime":
            return moments.normalise(value)
        if self.kind == "float":
            return float(value)
        return fold(value) if self.kind == "text" and not self.array else value

    def _allows(self, value: Any) -> bool:
        if self.kind in ("text", "id"):
            return isinstance(value, str)
        if self.kind == "boolean":
            return isinstance(value, bool)
        if isinstance(value, bool):
            return False
        if self.kind == "integer":
            return isinstance(value, int) and -(1 << self.bits - 1) <= value < 1 << self.bits - 1
        if self.kind == "float":
            return isinstance(value, int | float) and abs(value) <= sys.float_info.max
        if self.kind == "sequence":
            text = str(value) if isinstance(value, int | str) else ""
            return _SEQUENCE.fullmatch(text) is not None and 0 < int(text) < 1 << 63
        return isinstance(value, str) and moments.names_a_year(value) and moments.normalise(value) is not None


def system_fields(
    seq: str = "seq", id_: str = "id", created: str = "created", updated: str = "updated"
) -> Mapping[str, Field]:
    """The fields that everything has, by the names of its SQL columns."""
    return {
        "$id": Field(id_, "id"),
        "$sequence": Field(seq, "sequence"),
        "$createdAt": Field(created, "datetime"),
        "$updatedAt": Field(updated, "datetime"),
    }

"""Columns and indexes that come along when a table is made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.params import Check, InvalidValueError, flag, integer, one_of, text
from emulator.databases import checks, definitions
from emulator.databases.column_kinds import KINDS, LARGEST_TEXT, LONGEST_ELEMENT, Kind, check_bounds
from emulator.databases.index_rules import SYSTEM_COLUMNS, check_index
from emulator.databases.model import Column, Index, Table, load_table
from emulator.databases.namespaces import Namespace
from emulator.databases.widths import MAX_INDEXES, fits

MAX_DEFINITIONS = 100
_KINDS = {
    (kind.type, kind.format): kind
    for kind in KINDS
    if kind.type in ("string", "integer", "bigint", "double", "boolean", "datetime")
}
_NOT_EMULATED = ("point", "linestring", "polygon")


def add_inline(
    ctx: Context, ns: Namespace, table: Table, columns: Sequence[Any], indexes: Sequence[Any]
) -> None:
    """Adds columns and indexes to a table that was just made.

    ApiError general_argument_invalid for a definition that is none, column_limit_exceeded, or what
    `check_index` refuses; the caller's transaction undoes the table then.
    """
    new = [_refusing(ns, _read_column, definition, ns) for definition in columns]
    if len({column.key for column in new}) < len(new):
        raise ApiError("general_argument_invalid", f"Two {ns.columns} have the same key.")
    if not fits(new):
        raise ns.error("column_limit_exceeded", f"The {ns.columns} do not fit into a {ns.row}.")
    try:
        for column in new:
            definitions.insert_column(ctx, table, column)
    except sqlite3.IntegrityError:
        raise ns.error("table_already_exists", f"Two {ns.columns} differ in letter case only.") from None
    _add_indexes(ctx, ns, load_table(ctx, table.database_id, table.id, ns), indexes)


def _add_indexes(ctx: Context, ns: Namespace, table: Table, indexes: Sequence[Any]) -> None:
    new = [_refusing(ns, _read_index, definition) for definition in indexes]
    if len({index.key for index in new}) < len(new) or len(new) > MAX_INDEXES:
        raise ApiError("general_argument_invalid", "Two indexes have the same key, or there are too many.")
    for index in new:
        for key in index.columns:
            if key not in table.columns and key not in SYSTEM_COLUMNS:
                raise ns.error("column_index_invalid", f"There is no {ns.column} with the key '{key}'.")
        check_index(index, table.columns, ns)
        definitions.insert_index(ctx, table, index)


def _refusing(ns: Namespace, read: Callable[..., Any], definition: Mapping[str, Any], *more: Any) -> Any:
    try:
        return read(definition, *more)
    except InvalidValueError as invalid:
        name = str(definition.get("key"))[:40]
        raise ApiError(
            "general_argument_invalid", f"The definition of '{name}' is wrong: {invalid}."
        ) from None


def _read_column(given: Mapping[str, Any], ns: Namespace) -> Column:
    if given.get("type") in _NOT_EMULATED:
        raise ApiError("general_route_not_emulated", f"{given['type']} {ns.columns} are not emulated here.")
    kind = _KINDS.get((given.get("type", ""), given.get("format") or ""))
    if kind is None:
        raise InvalidValueError("its type or format is unknown")
    required = _value(given, "required", flag, False)
    array = _value(given, "array", flag, False)
    default = _value(given, "default", kind.default, None)
    if default is not None and (required or array):
        raise InvalidValueError("a default is neither for a required one nor for an array")
    low, high = _bounds(given, kind)
    column = Column(
        key=checks.key(given.get("key")),
        type=kind.type,
        size=_size(given, kind),
        required=required,
        array=array,
        default=default,
        declared_default=default,
        format=kind.format,
        min=low,
        max=high,
        elements=_elements(given, kind),
    )
    if column.is_text and len(default or "") > column.size:
        raise InvalidValueError(f"the default is longer than {column.size} characters")
    try:
        check_bounds(column, ns)
    except ApiError as refused:
        raise InvalidValueError(refused.message) from None
    return column


def _value(given: Mapping[str, Any], name: str, check: Check, default: Any) -> Any:
    value = given.get(name)
    try:
        return default if value is None else check(value)
    except InvalidValueError as invalid:
        raise InvalidValueError(f"{name} {invalid}") from None


def _size(given: Mapping[str, Any], kind: Kind) -> int:
    """Texts always need a size; a whole number without one has four bytes, whatever its bounds are."""
    if kind.type == "string":
        size = _value(given, "size", checks.whole_number, 0)
        return int(_value({"size": size}, "size", integer(1, LARGEST_TEXT), 0))
    if kind.type == "integer":
        return 8 if _value(given, "size", checks.whole_number, 0) >= 8 else 4
    return kind.size


def _bounds(given: Mapping[str, Any], kind: Kind) -> tuple[float | None, float | None]:
    low, high = given.get("min"), given.get("max")
    if low is None and high is None:
        return None, None
    if kind.bound is None:
        raise InvalidValueError("min and max are for numbers")
    lowest, highest = kind.bounds
    return _value(given, "min", kind.bound, lowest), _value(given, "max", kind.bound, highest)


def _elements(given: Mapping[str, Any], kind: Kind) -> tuple[str, ...]:
    if kind.format != "enum":
        return ()
    elements = given.get("elements")
    if not isinstance(elements, list) or not elements:
        raise InvalidValueError("an enum needs elements")
    return tuple(_value({"element": element}, "element", text(LONGEST_ELEMENT), "") for element in elements)


def _read_index(given: Mapping[str, Any]) -> Index:
    columns = given.get("attributes")
    if not isinstance(columns, list) or not columns or len(columns) > MAX_DEFINITIONS:
        raise InvalidValueError(f"attributes must be a list of 1 to {MAX_DEFINITIONS}")
    orders, lengths = given.get("orders"), given.get("lengths")
    for name, values in (("orders", orders), ("lengths", lengths)):
        if values is not None and (not isinstance(values, list) or len(values) != len(columns)):
            raise InvalidValueError(f"{name} must be a list as long as attributes")
    return Index(
        seq=0,
        key=checks.key(given.get("key")),
        type=one_of("key", "fulltext", "unique", "spatial")(given.get("type")),
        columns=tuple(checks.indexable_key(key) for key in columns),
        lengths=tuple(checks.whole_number(length or 0) for length in lengths or ()),
        orders=tuple(one_of("ASC", "DESC")(order or "ASC") for order in orders or ()),
    )

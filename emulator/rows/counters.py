"""Counters: increment and decrement a number within bounds, as one step that cannot interleave."""

from __future__ import annotations

import re
import sys
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply
from emulator.core.params import InvalidValueError
from emulator.databases.namespaces import Namespace
from emulator.rows.access import require
from emulator.rows.answers import answer_row
from emulator.rows.records import change_time, find_row, update_row
from emulator.rows.shape import load_shape

register_types({"attribute_type_invalid": 400})

_LARGEST = {"integer": 2**63 - 1, "bigint": 2**63 - 1, "double": sys.float_info.max}
_LONGEST_INTEGER = 18
_NUMERIC = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def number(value: Any) -> float:
    """A number, also as a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _NUMERIC.fullmatch(value):
        raise InvalidValueError("must be a number")
    return float(value) if set(value) & set(".eE") or len(value) > _LONGEST_INTEGER else int(value)


def increment(ns: Namespace, ctx: Context) -> Reply:
    """Adds to a number; refused when the sum would be above `max`."""
    return _add(ns, ctx, ctx.args["value"], ctx.args["max"], upwards=True)


def decrement(ns: Namespace, ctx: Context) -> Reply:
    """Takes from a number; refused when the rest would be below `min`."""
    return _add(ns, ctx, ctx.args["value"], ctx.args["min"], upwards=False)


def _add(ns: Namespace, ctx: Context, step: float, bound: float | None, *, upwards: bool) -> Reply:
    """The answer has the new number but the old `$updatedAt`, as the real server gives it.

    The column's own range is not asked; a null stays null in the store, though it is answered as a number.
    """
    shape = load_shape(ctx, ns)
    if step <= 0:
        raise ApiError("general_argument_invalid", "Invalid `value` param: Value must be above 0")
    key = ctx.args[ns.column]
    column = shape.table.columns.get(key)
    row = find_row(ctx.store, shape, ctx.args[ns.row_id])
    if column is not None and (column.type not in _LARGEST or column.array):
        raise ApiError("attribute_type_invalid", f"'{key}' is not a number.")
    if column is None or row is None:
        raise ns.error("column_not_found", f"There is no {ns.row} with a {ns.column} '{key}' here.")
    require(ctx.caller, shape.table, "update", row)
    held = row.values[key]
    result = (held or 0) + (step if upwards else -step)
    beyond = bound is not None and (result > bound if upwards else result < bound)
    if beyond or abs(result) > _LARGEST[column.type]:
        raise ns.error("column_limit_exceeded", f"'{key}' has reached its bound.")
    kept = result if column.type == "double" else round(result)
    changes = {"_updated": change_time(ctx.now, row.updated)}
    update_row(ctx.store, shape, row.seq, changes, {} if held is None else {key: kept})
    row.values[key] = result
    return Reply(200, answer_row(ctx, row, shape.table, ns, "update"))

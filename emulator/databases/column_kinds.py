"""The kinds of columns that can be made: the route of each, its parameters, and how they become a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.params import Check, Param, flag, integer, list_of, text
from emulator.databases import checks, formats
from emulator.databases.model import Column
from emulator.databases.namespaces import Namespace
from emulator.databases.values import LARGEST_FLOAT, LARGEST_INTEGER_OF_4_BYTES
from emulator.databases.widths import LARGEST_VARCHAR

LARGEST_TEXT = 1_073_741_824
SMALLEST_ENCRYPTED = 150
MAX_ELEMENTS = 100
LONGEST_ELEMENT = 255


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column.

    path: its segment in routes. default: the check of its default value. size: that of its values, when it is
    fixed; largest_size: when the client chooses it. bound: the check of `min` and `max`; bounds: those when
    none are given. encrypts: it may be encrypted.
    """

    path: str
    type: str
    default: Check
    format: str = ""
    size: int = 0
    largest_size: int = 0
    bound: Check | None = None
    bounds: tuple[float, float] = (0, 0)
    encrypts: bool = False

    def own_params(self, creating: bool) -> tuple[Param, ...]:
        """What the kind asks for beside key, required, default and array."""
        params: list[Param] = []
        if self.largest_size:
            params.append(Param("size", integer(1, self.largest_size), required=creating))
        if self.bound:
            params += [Param("min", self.bound), Param("max", self.bound)]
        if self.format == "enum":
            params.append(Param("elements", list_of(text(LONGEST_ELEMENT), MAX_ELEMENTS), required=True))
        if self.encrypts and creating:
            params.append(Param("encrypt", flag, default=False))
        return tuple(params)


_WHOLE = (checks.SMALLEST_INTEGER, checks.LARGEST_INTEGER)
_ANY_TEXT = text(0, 0)
KINDS = (
    Kind("string", "string", _ANY_TEXT, largest_size=LARGEST_TEXT, encrypts=True),
    Kind("varchar", "varchar", _ANY_TEXT, largest_size=LARGEST_VARCHAR, encrypts=True),
    Kind("text", "text", _ANY_TEXT, size=65_535, encrypts=True),
    Kind("mediumtext", "mediumtext", _ANY_TEXT, size=16_777_215, encrypts=True),
    Kind("longtext", "longtext", _ANY_TEXT, size=4_294_967_295, encrypts=True),
    Kind("integer", "integer", checks.whole_number, bound=checks.whole_number, bounds=_WHOLE),
    Kind("bigint", "bigint", checks.whole_number, size=8, bound=checks.whole_number, bounds=_WHOLE),
    Kind("float", "double", checks.number, bound=checks.number, bounds=(-LARGEST_FLOAT, LARGEST_FLOAT)),
    Kind("boolean", "boolean", flag),
    Kind("datetime", "datetime", checks.moment),
    Kind("email", "string", checks.satisfying(formats.is_email, "email"), "email", 254),
    Kind("enum", "string", text(0), "enum", LONGEST_ELEMENT),
    Kind("ip", "string", checks.satisfying(formats.is_ip, "IP address"), "ip", 39),
    Kind("url", "string", checks.satisfying(formats.is_url, "URL"), "url", 2000),
)
NOT_EMULATED = ("point", "line", "polygon", "relationship")


def new_column(kind: Kind, args: Mapping[str, Any], ns: Namespace) -> Column:
    """The column that a request asks for; ApiError column_value_invalid or general_bad_request."""
    lowest, highest = kind.bounds
    low, high = args.get("min"), args.get("max")
    size = args.get("size") or kind.size
    if args.get("encrypt") and kind.largest_size and size < SMALLEST_ENCRYPTED:
        raise ApiError(
            "general_bad_request", f"An encrypted text needs a size of {SMALLEST_ENCRYPTED} or more."
        )
    column = Column(
        key=args["key"],
        type=kind.type,
        size=size,
        required=args["required"],
        array=args["array"],
        default=args["default"],
        declared_default=args["default"],
        format=kind.format,
        min=(lowest if low is None else low) if kind.bound else None,
        max=(highest if high is None else high) if kind.bound else None,
        elements=tuple(args.get("elements") or ()),
        encrypt=args.get("encrypt", False),
    )
    if column.is_text and len(column.default or "") > column.size:
        raise ns.error("column_value_invalid", f"The default is longer than {column.size} characters.")
    check_bounds(column, ns)
    if column.type == "integer":
        column = replace(column, size=8 if (column.max or 0) > LARGEST_INTEGER_OF_4_BYTES else 4)
    return column


def changed_column(kind: Kind, column: Column, args: Mapping[str, Any], ns: Namespace) -> Column:
    """A column after an update through the route of a kind; ApiError for what is not allowed.

    The route's kind need not be the column's: it says which parameters are read, the column what they mean.
    """
    default = args["default"]
    refuse_default(column, args["required"], default, ns)
    if kind.type != column.type and (default is not None or args.get("size")):
        raise ns.error("column_type_invalid", f"'{column.key}' is of the type {column.type}.")
    changed = replace(
        column,
        key=args["newKey"] or column.key,
        required=args["required"],
        declared_default=default,
        default=None if args["required"] else column.default if default is None else default,
        size=args.get("size") or column.size,
        min=column.min if args.get("min") is None else args["min"],
        max=column.max if args.get("max") is None else args["max"],
        elements=tuple(args.get("elements") or ()) if column.format == "enum" else (),
    )
    if column.format == "enum" and not changed.elements:
        raise ns.error("column_value_invalid", "An enum needs elements.")
    check_bounds(changed, ns)
    return changed


def refuse_default(column: Column, required: bool, default: Any, ns: Namespace) -> None:
    """ApiError column_default_unsupported for a default where there is always a value, or a list."""
    if default is not None and (required or column.array):
        what = "an array" if column.array else "a required one"
        raise ns.error("column_default_unsupported", f"The {ns.column} is {what} and cannot have a default.")


def check_bounds(column: Column, ns: Namespace) -> None:
    """ApiError column_value_invalid unless the bounds are in order and the declared default within them."""
    default = column.declared_default
    if column.min is not None and column.max is not None:
        if column.min > column.max:
            raise ns.error("column_value_invalid", "The minimum is above the maximum.")
        if default is not None and not column.min <= default <= column.max:
            raise ns.error("column_value_invalid", f"The default is not from {column.min} to {column.max}.")
    if column.format == "enum" and default is not None and default not in column.elements:
        raise ns.error("column_value_invalid", "The default is none of the elements.")

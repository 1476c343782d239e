"""Columns and indexes: how they are made, and how what is there differs from what is declared."""

from __future__ import annotations

from typing import Any

INTEGER_RANGE = (-(2**63), 2**63 - 1)
_FLOAT_LIMIT = 1.7e308
_CREATE_FIELDS = ("key", "required", "default", "array", "size", "min", "max", "elements", "encrypt")
_SAME_TYPE = {"double": "float"}
_NO_SIZE = frozenset({"text", "mediumtext", "longtext", "email", "url", "ip", "enum"})


def kind_of(column: dict[str, Any]) -> str:
    """The type that names a column's create route: `enum`, `email` … are formats of a string."""
    kind = str(column["type"])
    if kind == "string" and column.get("format"):
        return str(column["format"])
    return _SAME_TYPE.get(kind, kind)


def creation(column: dict[str, Any]) -> dict[str, Any]:
    """The body of the request that makes a column."""
    body = {name: column[name] for name in _CREATE_FIELDS if column.get(name) is not None}
    if kind_of(column) != "string" and kind_of(column) != "varchar":
        body.pop("size", None)
    if not body.get("encrypt"):
        body.pop("encrypt", None)
    return body


def column_facts(column: dict[str, Any]) -> dict[str, Any]:
    """What makes two columns the same, whether declared by us or described by the server."""
    kind = kind_of(column)
    facts: dict[str, Any] = {
        "type": kind,
        "required": bool(column.get("required")),
        "array": bool(column.get("array")),
        "default": column.get("default"),
        "encrypt": bool(column.get("encrypt")),
    }
    if kind in ("string", "varchar"):
        facts["size"] = column.get("size")
    if kind == "enum":
        facts["elements"] = list(column.get("elements") or ())
    if kind in ("integer", "float", "bigint"):
        facts["min"], facts["max"] = _bound(column.get("min")), _bound(column.get("max"))
    return facts


def index_facts(index: dict[str, Any]) -> dict[str, Any]:
    """What makes two indexes the same. Orders that are not given are ascending."""
    columns = list(index.get("columns") or index.get("attributes") or ())
    orders = [str(order or "ASC").upper() for order in index.get("orders") or ()]
    facts: dict[str, Any] = {"type": index["type"], "columns": columns}
    if index["type"] in ("key", "unique"):
        facts["orders"] = (orders + ["ASC"] * len(columns))[: len(columns)]
    return facts


def differences(declared: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """One phrase for each fact that differs."""
    return [
        f"{name} is {there.get(name)!r}, declared {value!r}"
        for name, value in declared.items()
        if there.get(name) != value
    ]


def _bound(value: Any) -> Any:
    """A bound, None when it is the type's own limit: what the server says for a bound that nobody gave."""
    if value is None or value in INTEGER_RANGE or abs(float(value)) >= _FLOAT_LIMIT:
        return None
    return float(value) if isinstance(value, float) and not value.is_integer() else int(value)

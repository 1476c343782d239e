"""What clients send as a row: JSON in its spellings, system fields among the values, and the checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.core.caller import Caller
from emulator.core.errors import ApiError
from emulator.core.http import load_json
from emulator.core.params import InvalidValueError, Param, custom_id, integer, list_of, uid
from emulator.databases import moments
from emulator.databases.namespaces import Namespace
from emulator.databases.values import check_row
from emulator.permissions import ROW_ACTIONS, TABLE_ACTIONS, expand, row_permissions
from emulator.rows.shape import Shape

MAX_BULK = 100
_MAX_TTL_SECONDS = 86400
_OPERATORS = frozenset(
    {"increment", "decrement", "multiply", "divide", "modulo", "power", "arrayAppend", "arrayPrepend",
     "arrayInsert", "arrayRemove", "arrayUnique", "arrayIntersect", "arrayDiff", "arrayFilter",
     "stringConcat", "stringReplace", "toggle", "dateAddDays", "dateSubDays", "dateSetNow"}
)  # fmt: skip


@dataclass(slots=True)
class Sent:
    """The parts of a row as sent. created, updated: from keys only, normalised; None where not given."""

    values: dict[str, Any]
    id: Any = None
    created: str | None = None
    updated: str | None = None
    permissions: Any = None


def json_data(value: Any) -> Any:
    """An object, a list, or a text of JSON; the decoded value."""
    if isinstance(value, str):
        try:
            value = load_json(value)
        except (ValueError, RecursionError):
            raise InvalidValueError("must be JSON") from None
    if value is not None and not isinstance(value, dict | list):
        raise InvalidValueError("must be an object")
    return value


def _object(value: Any) -> dict[str, Any]:
    decoded = json_data(value)
    if not isinstance(decoded, dict):
        raise InvalidValueError("must be an object")
    return decoded


def _no_transaction(value: Any) -> str:
    raise ApiError("general_route_not_emulated", "Transactions are not emulated: leave transactionId out.")


def path_params(ns: Namespace, *more: Param) -> tuple[Param, ...]:
    """The parameters of a table's path, and more."""
    return (
        Param("databaseId", uid, required=True),
        Param(ns.table_id, uid, required=True),
        *more,
        TRANSACTION,
    )


def row_id(ns: Namespace) -> Param:
    """The id of a row that exists."""
    return Param(ns.row_id, uid, required=True)


def new_row_id(ns: Namespace, *, required: bool) -> Param:
    """The id of a row that may be new."""
    return Param(ns.row_id, custom_id, required=required)


def bulk_rows(ns: Namespace, *, required: bool) -> Param:
    """The rows of a bulk call."""
    return Param(ns.rows, list_of(_object, MAX_BULK), required=required)


DATA = Param("data", json_data)
PERMISSIONS = Param("permissions", row_permissions)
TRANSACTION = Param("transactionId", _no_transaction)
TTL = Param("ttl", integer(0, _MAX_TTL_SECONDS), default=0)


def read_sent(data: Any, caller: Caller, ns: Namespace) -> Sent:
    """What was sent, apart by system fields and values; those of the server's own making are dropped."""
    if isinstance(data, list):
        data = {str(at): value for at, value in enumerate(data)}
    if not any(key.startswith("$") for key in data):
        return Sent(dict(data))
    values = dict(data)
    for name in ("$sequence", "$databaseId", "$" + ns.table_id, "$collection", "$tenant"):
        values.pop(name, None)
    created, updated = values.pop("$createdAt", None), values.pop("$updatedAt", None)
    if not caller.privileged:
        created = updated = None
    return Sent(
        id=values.pop("$id", None),
        permissions=values.pop("$permissions", None),
        created=_moment(created, ns),
        updated=_moment(updated, ns),
        values=values,
    )


def _moment(value: Any, ns: Namespace) -> str | None:
    if value is None:
        return None
    moment = moments.normalise(value) if isinstance(value, str) else None
    if moment is None:
        raise ns.error("row_invalid_structure", "A time of the row is not a date and time.")
    return moment


def own_permissions(sent: Sent) -> list[str]:
    """The expanded permissions in a bulk call's row, [] without; ApiError general_bad_request.

    Unlike a single row's they may name `create`, to no effect.
    """
    if not sent.permissions:
        return []
    try:
        if not isinstance(sent.permissions, list):
            raise InvalidValueError("must be a list")
        return expand(sent.permissions, TABLE_ACTIONS, of_write=ROW_ACTIONS)
    except InvalidValueError as invalid:
        raise ApiError("general_bad_request", f"$permissions {invalid}.") from None


def checked(
    shape: Shape, values: Mapping[str, Any], ns: Namespace, *, partial: bool = False
) -> dict[str, Any]:
    """Values in their normal form; ApiError row_invalid_structure."""
    try:
        return check_row(shape.table, values, partial=partial)
    except InvalidValueError as invalid:
        raise ns.error("row_invalid_structure", f"The {ns.row} {invalid}.") from None


def refuse_operators(values: Mapping[str, Any]) -> None:
    """ApiError general_route_not_emulated for a value that is an operator (`Operator.increment(1)`)."""
    for value in values.values():
        if isinstance(value, str) and value.startswith("{") and '"method"' in value:
            try:
                method = load_json(value).get("method")
            except (ValueError, RecursionError):
                continue
            if method in _OPERATORS:
                raise ApiError(
                    "general_route_not_emulated", "Operators are not emulated: send the value itself."
                )

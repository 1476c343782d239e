"""Who may do what with the rows of a table: the table's permissions, and each row's under row security."""

from __future__ import annotations

from typing import Any

from emulator.core.caller import Caller
from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.databases import moments
from emulator.databases.model import Table
from emulator.permissions import can
from emulator.rows.shape import StoredRow


def may(caller: Caller, table: Table, action: str, row: StoredRow | None = None) -> bool:
    """Whether the caller may read, update or delete a row, or (without a row) create one."""
    if caller.privileged or can(caller.roles, table.permissions, action):
        return True
    return row is not None and table.row_security and can(caller.roles, row.permissions, action)


def require(caller: Caller, table: Table, action: str, row: StoredRow | None = None) -> None:
    """ApiError user_unauthorized unless the caller may."""
    if not may(caller, table, action, row):
        raise ApiError("user_unauthorized", f"You may not {action} here.")


def readable(caller: Caller, table: Table) -> tuple[str, list[Any]]:
    """The SQL condition for the rows that the caller may read, "" for all, with its parameters.

    ApiError user_unauthorized when the table does not let the caller read and row security is off.
    """
    if may(caller, table, "read"):
        return "", []
    if not table.row_security:
        raise ApiError("user_unauthorized", "You may not read here.")
    roles = sorted(caller.roles)
    marks = ", ".join("?" * len(roles))
    owned = f"SELECT row_seq FROM {table.sql_permissions} WHERE action = 'read' AND role IN ({marks})"  # noqa: S608
    return f"_seq IN ({owned})", list(roles)


def require_key(ctx: Context) -> None:
    """ApiError database_not_found for users: changing many rows is for keys, who alone see databases."""
    if not ctx.caller.privileged:
        raise ApiError("database_not_found", "Only an API key may change many rows at once.")


def read_timestamp(ctx: Context) -> str:
    """The header x-appwrite-timestamp as rows spell moments, or ""; ApiError general_argument_invalid."""
    header = ctx.request.headers.get("x-appwrite-timestamp", "")
    if not header:
        return ""
    moment = moments.normalise(header)
    if moment is None:
        raise ApiError("general_argument_invalid", "The header x-appwrite-timestamp is not a date and time.")
    return moment

"""Permissions such as `read("user:ann")`: which are allowed, who may give them, and what they permit.

A permission is an action (`read`, `create`, `update`, `delete`, or `write` for the last three) and a role:
`any`, `guests`, `users[/verified|/unverified]`, `user:ID[/verified|/unverified]`, `team:ID[/ROLE]`,
`member:ID`, `label:NAME`. Everything stored is expanded (no `write`) and without repetitions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from emulator.core.caller import Caller
from emulator.core.errors import ApiError
from emulator.core.params import Check, InvalidValueError

MAX_PERMISSIONS = 100
WRITE_ACTIONS = ("create", "update", "delete")
TABLE_ACTIONS = ("create", "read", "update", "delete")
ROW_ACTIONS = ("read", "update", "delete")

_PERMISSION = re.compile(r'(read|create|update|delete|write)\("([^"]*)"\)')
_KEY = r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}"
_ROLE = re.compile(
    rf"any|guests|users(?:/(?:verified|unverified))?|user:{_KEY}(?:/(?:verified|unverified))?"
    rf"|team:{_KEY}(?:/[A-Za-z0-9][A-Za-z0-9._-]{{0,80}})?|member:{_KEY}|label:[A-Za-z0-9]{{1,36}}"
)


def is_role(value: object) -> bool:
    """Whether a text is a role that a permission (or a function's `execute` list) may name."""
    return isinstance(value, str) and _ROLE.fullmatch(value) is not None


def permission_list(actions: Sequence[str]) -> Check:
    """A parameter check: a list of permissions for these actions (and `write`), returned expanded."""

    def check(value: Any) -> list[str]:
        if not isinstance(value, list):
            raise InvalidValueError("must be a list of permissions")
        if len(value) > MAX_PERMISSIONS:
            raise InvalidValueError(f"must be a list of at most {MAX_PERMISSIONS} permissions")
        return expand(value, actions)

    return check


table_permissions = permission_list(TABLE_ACTIONS)
row_permissions = permission_list(ROW_ACTIONS)


def expand(
    permissions: Iterable[object], actions: Sequence[str], of_write: Sequence[str] | None = None
) -> list[str]:
    """Permissions with `write` spelt out, in order, each once; InvalidValueError for one that is none.

    actions: which are allowed. of_write: what `write` may stand for, when that is not all of them.
    """
    out: dict[str, None] = {}
    written = [each for each in WRITE_ACTIONS if each in (actions if of_write is None else of_write)]
    for permission in permissions:
        found = _PERMISSION.fullmatch(permission) if isinstance(permission, str) else None
        if found is None or not is_role(found[2]):
            raise InvalidValueError(f"has a permission that is none: {str(permission)[:100]!r}")
        action, role = found.groups()
        if action == "write":
            out.update((f'{each}("{role}")', None) for each in written)
        elif action in actions:
            out[f'{action}("{role}")'] = None
        else:
            raise InvalidValueError(f"has the action {action}, which is none of: {', '.join(actions)}")
    return list(out)


def given_by(caller: Caller, permissions: Sequence[str]) -> list[str]:
    """Expanded permissions that the caller wants to give; ApiError user_unauthorized for a foreign role.

    Keys and admins may give any; users only what they have themselves.
    """
    if not caller.privileged:
        for permission in permissions:
            if role_of(permission) not in caller.roles:
                raise ApiError("user_unauthorized", f"You may not give {permission}: you lack that role.")
    return list(permissions)


def given_to_new(
    caller: Caller, permissions: Sequence[str] | None, actions: Sequence[str] = ROW_ACTIONS
) -> list[str]:
    """The permissions of something new: those given, or, for a user who gives none, all to that user."""
    if permissions is not None:
        return given_by(caller, permissions)
    if caller.privileged or not caller.user_id:
        return []
    return [f'{action}("user:{caller.user_id}")' for action in actions]


def can(roles: Collection[str], permissions: Iterable[str], action: str) -> bool:
    """Whether one of the roles has the permission for an action. Privileged callers are not asked."""
    start = action + '("'
    return any(each.startswith(start) and each[len(start) : -2] in roles for each in permissions)


def role_of(permission: str) -> str:
    """The role of a permission: `user:ann` of `read("user:ann")`."""
    return permission[permission.index('"') + 1 : -2]


def readers(permissions: Iterable[str]) -> list[str]:
    """The roles that may read, as events name them."""
    return [role_of(each) for each in permissions if each.startswith("read(")]

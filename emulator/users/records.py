"""Users in the store: found, made, changed and deleted, with the targets that follow their addresses."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.ids import chosen_id, unique_id
from emulator.core.store import Row, Store
from emulator.users.passwords import hash_password
from emulator.users.views import user_view

register_types(
    {
        "user_already_exists": 409,
        "user_email_already_exists": 409,
        "user_not_found": 404,
        "user_phone_already_exists": 409,
        "user_target_already_exists": 409,
    }
)


def find_user(store: Store, project: str, user_id: str) -> Row:
    """The user with an id; ApiError user_not_found."""
    user = store.one("SELECT * FROM users WHERE project = ? AND id = ?", project, user_id)
    if user is None:
        raise ApiError("user_not_found", f"There is no user {user_id}.")
    return user


def user_by_email(store: Store, project: str, email: str) -> Row | None:
    """The user with an address (in lower case)."""
    return store.one("SELECT * FROM users WHERE project = ? AND email = ?", project, email)


def targets_of(store: Store, user: Row) -> list[Row]:
    """Where messages to a user go, oldest first."""
    return store.all("SELECT * FROM targets WHERE user_seq = ? ORDER BY seq", user["seq"])


def targets_by_user(store: Store, users: Iterable[Row]) -> dict[int, list[Row]]:
    """The targets of many users at once, by the user's sequence."""
    found: dict[int, list[Row]] = {user["seq"]: [] for user in users}
    marks = ", ".join("?" * len(found))
    for target in store.all(f"SELECT * FROM targets WHERE user_seq IN ({marks}) ORDER BY seq", *found):  # noqa: S608
        found[target["user_seq"]].append(target)
    return found


def create_user(
    ctx: Context,
    project: str,
    user_id: str = "unique()",
    *,
    email: str | None = None,
    phone: str | None = None,
    password: str | None = None,
    name: str = "",
    password_is_known: bool = True,
) -> Row:
    """A new user; ApiError user_already_exists when its id, address or number is taken.

    password_is_known is False for somebody who was invited and never chose one.
    """
    now = ctx.now
    user_id = chosen_id(user_id)
    try:
        ctx.store.insert(
            "users",
            {
                "project": project,
                "id": user_id,
                "created": now,
                "updated": now,
                "name": name,
                "email": email,
                "phone": phone,
                "password": hash_password(password) if password else None,
                "password_update": now if password and password_is_known else "",
                "registration": now,
                "status": 1,
                "labels": "[]",
                "email_verification": 0,
                "phone_verification": 0,
                "prefs": "{}",
                "accessed": "",
            },
        )
    except sqlite3.IntegrityError:
        raise ApiError("user_already_exists", "A user has this id, e-mail address or phone number.") from None
    user = find_user(ctx.store, project, user_id)
    _place_target(ctx, user, "email", None, email)
    _place_target(ctx, user, "sms", None, phone)
    announce(ctx, user, "create")
    return user


def change_user(ctx: Context, user: Row, **columns: Any) -> Row:
    """The user after some of its columns were set."""
    names = ", ".join(f"{name} = ?" for name in columns)
    ctx.store.run(
        f"UPDATE users SET {names}, updated = ? WHERE seq = ?",  # noqa: S608
        *columns.values(), ctx.now, user["seq"],
    )  # fmt: skip
    return find_user(ctx.store, user["project"], user["id"])


def change_email(ctx: Context, user: Row, email: str, **columns: Any) -> Row:
    """The user with another address ("" for none), not verified; its target follows.

    ApiError user_target_already_exists when somebody has the address, be it the user itself, and
    user_email_already_exists when two users are to have none: as in the real server one may.
    """
    _refuse_taken_target(ctx, user, email)
    try:
        changed = change_user(ctx, user, email=email, email_verification=0, **columns)
    except sqlite3.IntegrityError:
        raise ApiError("user_email_already_exists", "Another user has this e-mail address.") from None
    _place_target(ctx, user, "email", user["email"], email)
    return changed


def change_phone(ctx: Context, user: Row, phone: str) -> Row:
    """The user with another number ("" for none), not verified; errors as of `change_email`."""
    _refuse_taken_target(ctx, user, phone)
    try:
        changed = change_user(ctx, user, phone=phone or None, phone_verification=0)
    except sqlite3.IntegrityError:
        raise ApiError("user_phone_already_exists", "Another user has this phone number.") from None
    _place_target(ctx, user, "sms", user["phone"], phone)
    return changed


def change_password(ctx: Context, user: Row, password: str) -> Row:
    """The user with another password; the empty text takes it away."""
    hashed = hash_password(password) if password else ""
    return change_user(ctx, user, password=hashed, password_update=ctx.now)


def change_prefs(ctx: Context, user: Row, prefs: dict[str, Any]) -> Row:
    """The user with these preferences and no others."""
    return change_user(ctx, user, prefs=json.dumps(prefs))


def delete_user(ctx: Context, user: Row) -> None:
    """Removes a user with its sessions, targets and memberships."""
    announce(ctx, user, "delete")
    ctx.store.run(
        "UPDATE teams SET total = total - 1"
        " WHERE seq IN (SELECT team_seq FROM memberships WHERE user_seq = ?)",
        user["seq"],
    )
    ctx.store.run("DELETE FROM users WHERE seq = ?", user["seq"])


def announce(ctx: Context, user: Row, what: str, payload: dict[str, Any] | None = None, **ids: str) -> None:
    """Tells of `users.[userId].<what>`; the user is the payload unless another is given."""
    if user["project"] != ctx.server.config.project_id:
        return
    if payload is None:
        payload = user_view(user, targets_of(ctx.store, user))
    ctx.emit(
        Event(f"users.[userId].{what}", {"userId": user["id"], **ids}, payload, user_id=ctx.caller.user_id)
    )


def _refuse_taken_target(ctx: Context, user: Row, identifier: str) -> None:
    taken = "SELECT 1 FROM targets WHERE project = ? AND identifier = ?"
    if identifier and ctx.store.one(taken, user["project"], identifier):
        raise ApiError("user_target_already_exists", "A target with this address exists.")


def _place_target(ctx: Context, user: Row, kind: str, old: str | None, new: str | None) -> None:
    """Makes, moves or removes the target of an address; one that already leads there is left alone."""
    mine = (user["seq"], kind, old or "")
    where = "WHERE user_seq = ? AND provider_type = ? AND identifier = ?"
    if not new:
        ctx.store.run(f"DELETE FROM targets {where}", *mine)  # noqa: S608
        return
    if ctx.store.run(f"UPDATE targets SET identifier = ?, updated = ? {where}", new, ctx.now, *mine):  # noqa: S608
        return
    ctx.store.run(
        "INSERT OR IGNORE INTO targets"
        " (project, id, user_seq, created, updated, name, provider_type, identifier)"
        " VALUES (?, ?, ?, ?, ?, '', ?, ?)",
        user["project"], unique_id(), user["seq"], ctx.now, ctx.now, kind, new,
    )  # fmt: skip

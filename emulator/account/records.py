"""The user behind a request of the account area."""

from __future__ import annotations

from typing import Any

from emulator.auth import CONSOLE
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.store import Row
from emulator.users.passwords import verify_password
from emulator.users.records import announce, find_user, targets_of
from emulator.users.views import account_view

register_types({"user_invalid_credentials": 401})


def home_of(ctx: Context) -> str:
    """Where the caller's account lives: the console for an admin, else the project of the request."""
    return CONSOLE if ctx.caller.kind == "admin" else ctx.project_id


def me(ctx: Context) -> Row:
    """The caller's own row."""
    return find_user(ctx.store, home_of(ctx), ctx.caller.user_id)


def check_password(user: Row, password: str) -> None:
    """ApiError user_invalid_credentials for a wrong one; anything will do for who never chose one."""
    if user["password_update"] and not verify_password(password, user["password"]):
        raise ApiError("user_invalid_credentials", "The password is wrong.")


def show(ctx: Context, user: Row) -> dict[str, Any]:
    """The account as its user sees it."""
    return account_view(user, targets_of(ctx.store, user), ctx.format)


def changed(ctx: Context, user: Row, what: str) -> dict[str, Any]:
    """Announces `users.[userId].update.<what>` and answers with the account."""
    shown = show(ctx, user)
    announce(ctx, user, f"update.{what}", shown)
    return shown

"""The user who calls: registering, reading and changing oneself."""

from __future__ import annotations

import json

from emulator.account import sessions
from emulator.account.cookies import without_session
from emulator.account.records import changed, check_password, home_of, me, show
from emulator.auth import CONSOLE
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, custom_id, text
from emulator.core.routing import Route
from emulator.users.emails import email
from emulator.users.params import password, phone, prefs
from emulator.users.passwords import hash_password
from emulator.users.records import (
    change_email,
    change_password,
    change_phone,
    change_prefs,
    change_user,
    create_user,
    delete_user,
)

register_types({"user_console_count_exceeded": 501})


def register(ctx: Context) -> Reply:
    """Makes an account; signing in is a call of its own."""
    if ctx.project_id == CONSOLE:
        raise ApiError("user_console_count_exceeded", "The console has its one administrator.")
    args = ctx.args
    user = create_user(
        ctx, ctx.project_id, args["userId"],
        email=args["email"], password=args["password"], name=args["name"],
    )  # fmt: skip
    return created(show(ctx, user))


def get_account(ctx: Context) -> Reply:
    """Who am I."""
    return Reply(200, show(ctx, me(ctx)))


def delete_account(ctx: Context) -> Reply:
    """Removes the user with all that hangs on it."""
    delete_user(ctx, me(ctx))
    return no_content()


def get_prefs(ctx: Context) -> Reply:
    """The preferences alone."""
    return Reply(200, json.loads(me(ctx)["prefs"]))


def update_prefs(ctx: Context) -> Reply:
    """Replaces the preferences."""
    return Reply(200, changed(ctx, change_prefs(ctx, me(ctx), ctx.args["prefs"]), "prefs"))


def update_name(ctx: Context) -> Reply:
    """Another name."""
    return Reply(200, changed(ctx, change_user(ctx, me(ctx), name=ctx.args["name"]), "name"))


def update_password(ctx: Context) -> Reply:
    """Another password; the old one proves the right to, unless there never was one."""
    user = me(ctx)
    check_password(user, ctx.args["oldPassword"])
    return Reply(200, changed(ctx, change_password(ctx, user, ctx.args["password"]), "password"))


def update_email(ctx: Context) -> Reply:
    """Another address. Who had no password gets the one that is given: so anonymous users become real."""
    user, secret = me(ctx), ctx.args["password"]
    check_password(user, secret)
    first = {} if user["password_update"] else {"password": hash_password(secret), "password_update": ctx.now}
    return Reply(200, changed(ctx, change_email(ctx, user, ctx.args["email"], **first), "email"))


def update_phone(ctx: Context) -> Reply:
    """Another number."""
    user = me(ctx)
    check_password(user, ctx.args["password"])
    return Reply(200, changed(ctx, change_phone(ctx, user, ctx.args["phone"]), "phone"))


def block_oneself(ctx: Context) -> Reply:
    """Switches the account off; only the server can switch it on again."""
    shown = changed(ctx, change_user(ctx, me(ctx), status=0), "status")
    return without_session(Reply(200, shown), ctx, home_of(ctx))


_PASSWORD = Param("password", password, required=True)
_EMAIL = Param("email", email, required=True)
_REGISTER = (
    Param("userId", custom_id, required=True),
    _EMAIL,
    _PASSWORD,
    Param("name", text(128), default=""),
)

ROUTES = (
    Route("POST", "/account", register, "sessions.write", _REGISTER),
    Route("GET", "/account", get_account, "account"),
    Route("DELETE", "/account", delete_account, "account"),
    Route("GET", "/account/prefs", get_prefs, "account"),
    Route("PATCH", "/account/prefs", update_prefs, "account", (Param("prefs", prefs, required=True),)),
    Route("PATCH", "/account/name", update_name, "account", (Param("name", text(128), required=True),)),
    Route(
        "PATCH", "/account/password", update_password, "account",
        (_PASSWORD, Param("oldPassword", text(256, 0), default="")),
    ),
    Route("PATCH", "/account/email", update_email, "account", (_EMAIL, _PASSWORD)),
    Route(
        "PATCH", "/account/phone", update_phone, "account",
        (Param("phone", phone, required=True), _PASSWORD),
    ),
    Route("PATCH", "/account/status", block_oneself, "account"),
    *sessions.ROUTES,
)  # fmt: skip

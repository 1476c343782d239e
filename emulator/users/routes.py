"""Users as the server manages them."""

from __future__ import annotations

import json
from typing import Any

from emulator.auth import issue_session_jwt
from emulator.core.context import Context
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, boolean, custom_id, flag, integer, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL
from emulator.users import records, sessions, tokens
from emulator.users.emails import email
from emulator.users.params import USER, labels, or_empty, password, phone, prefs
from emulator.users.views import user_view

_FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "email": Field("email"),
    "phone": Field("phone"),
    "status": Field("status", "boolean"),
    "passwordUpdate": Field("password_update", "datetime"),
    "registration": Field("registration", "datetime"),
    "emailVerification": Field("email_verification", "boolean"),
    "phoneVerification": Field("phone_verification", "boolean"),
    "labels": Field("labels", array=True),
    "impersonator": Field("0", "boolean"),
}
_SEARCHED = "id || ' ' || coalesce(email, '') || ' ' || coalesce(phone, '') || ' ' || name"


def create_user(ctx: Context) -> Reply:
    """Makes a user; an id is all that it needs."""
    args = ctx.args
    user = records.create_user(
        ctx, ctx.project_id, args["userId"],
        email=args["email"], phone=args["phone"], password=args["password"], name=args["name"],
    )  # fmt: skip
    return created(_show(ctx, user))


def list_users(ctx: Context) -> Reply:
    """Users that match queries and a search over id, address, number and name."""
    args = ctx.args
    total, users = list_entities(
        ctx.store, "users", _FIELDS, args["queries"], where="project = ?", args=(ctx.project_id,),
        search=args["search"], search_in=_SEARCHED, total=args["total"],
    )  # fmt: skip
    targets = records.targets_by_user(ctx.store, users)
    shown = [user_view(user, targets[user["seq"]], ctx.format) for user in users]
    return Reply(200, {"total": total, "users": shown})


def get_user(ctx: Context) -> Reply:
    """One user."""
    return Reply(200, _show(ctx, _user(ctx)))


def delete_user(ctx: Context) -> Reply:
    """Removes a user with its sessions, targets and memberships."""
    records.delete_user(ctx, _user(ctx))
    return no_content()


def get_prefs(ctx: Context) -> Reply:
    """The preferences alone."""
    return Reply(200, json.loads(_user(ctx)["prefs"]))


def update_prefs(ctx: Context) -> Reply:
    """Replaces the preferences."""
    user = records.change_prefs(ctx, _user(ctx), ctx.args["prefs"])
    records.announce(ctx, user, "update.prefs", ctx.args["prefs"])
    return Reply(200, ctx.args["prefs"])


def update_name(ctx: Context) -> Reply:
    """Another name; the empty one is allowed."""
    return _changed(ctx, records.change_user(ctx, _user(ctx), name=ctx.args["name"]), "name")


def update_status(ctx: Context) -> Reply:
    """Blocks a user, or lets it in again; its sessions stay as they are."""
    return _changed(ctx, records.change_user(ctx, _user(ctx), status=int(ctx.args["status"])), "status")


def update_labels(ctx: Context) -> Reply:
    """Replaces the labels."""
    return _changed(
        ctx, records.change_user(ctx, _user(ctx), labels=json.dumps(ctx.args["labels"])), "labels"
    )


def update_password(ctx: Context) -> Reply:
    """Another password; the empty one takes it away."""
    return _changed(ctx, records.change_password(ctx, _user(ctx), ctx.args["password"]), "password")


def update_email(ctx: Context) -> Reply:
    """Another address, not verified."""
    return _changed(ctx, records.change_email(ctx, _user(ctx), ctx.args["email"]), "email")


def update_phone(ctx: Context) -> Reply:
    """Another number, not verified."""
    return _changed(ctx, records.change_phone(ctx, _user(ctx), ctx.args["number"]), "phone")


def verify_email(ctx: Context) -> Reply:
    """Sets whether the address is verified."""
    verified = int(ctx.args["emailVerification"])
    return _changed(ctx, records.change_user(ctx, _user(ctx), email_verification=verified), "verification")


def verify_phone(ctx: Context) -> Reply:
    """Sets whether the number is verified."""
    verified = int(ctx.args["phoneVerification"])
    return _changed(ctx, records.change_user(ctx, _user(ctx), phone_verification=verified), "verification")


def list_sessions(ctx: Context) -> Reply:
    """All sessions of a user."""
    user = _user(ctx)
    shown = [sessions.show(ctx, user, session) for session in sessions.sessions_of(ctx, user)]
    return Reply(200, {"total": len(shown) if ctx.args["total"] else 0, "sessions": shown})


def create_session(ctx: Context) -> Reply:
    """Signs a user in on the server's word; the secret is for the header x-appwrite-session."""
    user = _user(ctx)
    session, proof = sessions.open_session(ctx, user, "server", "server")
    shown = sessions.show(ctx, user, session, proof)
    records.announce(ctx, user, "sessions.[sessionId].create", shown, sessionId=session["id"])
    return created(shown)


def delete_session(ctx: Context) -> Reply:
    """Ends a session; as in the real server it may be another user's."""
    user = _user(ctx)
    sessions.end_session(ctx, user, sessions.find_any_session(ctx, ctx.args["sessionId"]))
    return no_content()


def delete_sessions(ctx: Context) -> Reply:
    """Ends every session of a user."""
    user = _user(ctx)
    ctx.store.run("DELETE FROM sessions WHERE user_seq = ?", user["seq"])
    records.announce(ctx, user, "sessions.delete")
    return no_content()


def create_jwt(ctx: Context) -> Reply:
    """A token of a user; tied to one of its sessions when that is named (`recent`: the newest)."""
    user, wanted = _user(ctx), ctx.args["sessionId"]
    open_ones = [session["id"] for session in sessions.sessions_of(ctx, user)]
    if wanted == "recent":
        wanted = open_ones[-1] if open_ones else ""
    session = wanted if wanted in open_ones else ""
    return created({"jwt": issue_session_jwt(ctx.server, user["id"], session, ctx.args["duration"])})


def _user(ctx: Context) -> Row:
    return records.find_user(ctx.store, ctx.project_id, ctx.args["userId"])


def _show(ctx: Context, user: Row) -> dict[str, Any]:
    return user_view(user, records.targets_of(ctx.store, user), ctx.format)


def _changed(ctx: Context, user: Row, what: str) -> Reply:
    shown = _show(ctx, user)
    records.announce(ctx, user, f"update.{what}", shown)
    return Reply(200, shown)


def _update(path: str, handler: Any, *params: Param, method: str = "PATCH") -> Route:
    return Route(method, f"/users/{{userId}}/{path}", handler, "users.write", (USER, *params))


_CREATE = (
    Param("userId", custom_id, required=True),
    Param("email", email),
    Param("phone", phone),
    Param("password", password),
    Param("name", text(128), default=""),
)
_JWT = (Param("sessionId", uid, default=""), Param("duration", integer(0, 3600), default=900))
_OF_SOMEBODY = (Param("userId", custom_id, required=True),)
_SESSION = (USER, Param("sessionId", uid, required=True))
_LIST = (entity_queries(_FIELDS), SEARCH, TOTAL)

ROUTES = (
    Route("POST", "/users", create_user, "users.write", _CREATE),
    Route("GET", "/users", list_users, "users.read", _LIST),
    Route("GET", "/users/{userId}", get_user, "users.read", (USER,)),
    Route("DELETE", "/users/{userId}", delete_user, "users.write", (USER,)),
    Route("GET", "/users/{userId}/prefs", get_prefs, "users.read", (USER,)),
    _update("prefs", update_prefs, Param("prefs", prefs, required=True)),
    _update("name", update_name, Param("name", text(128, 0), required=True)),
    _update("status", update_status, Param("status", boolean, required=True)),
    _update("labels", update_labels, Param("labels", labels, required=True), method="PUT"),
    _update("password", update_password, Param("password", or_empty(password), required=True)),
    _update("email", update_email, Param("email", or_empty(email), required=True)),
    _update("phone", update_phone, Param("number", or_empty(phone), required=True)),
    _update("verification", verify_email, Param("emailVerification", flag, required=True)),
    _update("verification/phone", verify_phone, Param("phoneVerification", flag, required=True)),
    Route("GET", "/users/{userId}/sessions", list_sessions, "users.sessions.read", (USER, TOTAL)),
    Route("POST", "/users/{userId}/sessions", create_session, "users.sessions.write", _OF_SOMEBODY),
    Route("DELETE", "/users/{userId}/sessions", delete_sessions, "users.sessions.write", (USER,)),
    Route("DELETE", "/users/{userId}/sessions/{sessionId}", delete_session, "users.sessions.write", _SESSION),
    Route("POST", "/users/{userId}/jwts", create_jwt, "users.write", (USER, *_JWT)),
    *tokens.ROUTES,
)

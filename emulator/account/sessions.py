"""Signing in and out: sessions of the user who calls."""

from __future__ import annotations

from typing import Any

from emulator.account.cookies import with_session, without_session
from emulator.account.records import home_of, me
from emulator.auth import CONSOLE, issue_session_jwt
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, custom_id, integer, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.users.emails import email
from emulator.users.params import password
from emulator.users.passwords import verify_password
from emulator.users.records import announce, create_user, user_by_email
from emulator.users.sessions import end_session, extend_session, find_session, open_session, sessions_of, show
from emulator.users.tokens import redeem

register_types({"user_anonymous_console_prohibited": 401, "user_session_already_exists": 401})


def sign_in(ctx: Context) -> Reply:
    """Opens a session for an address and its password."""
    _refuse_signed_in(ctx)
    user = user_by_email(ctx.store, ctx.project_id, ctx.args["email"])
    known = user is not None and user["password_update"]
    if user is None or not known or not verify_password(ctx.args["password"], user["password"]):
        raise ApiError("user_invalid_credentials", "The e-mail address or the password is wrong.")
    if not user["status"]:
        raise ApiError("user_blocked", "This account is blocked.")
    return _signed_in(ctx, user, "email", "password", user["email"])


def sign_in_by_token(ctx: Context) -> Reply:
    """Opens a session for a token that the server made for the user."""
    _refuse_signed_in(ctx)
    return _signed_in(ctx, redeem(ctx, ctx.args["userId"], ctx.args["secret"]), "token", "token")


def sign_in_anonymously(ctx: Context) -> Reply:
    """Makes a user with neither address nor password, and opens its session."""
    _refuse_signed_in(ctx)
    if ctx.project_id == CONSOLE:
        raise ApiError("user_anonymous_console_prohibited", "The console has no anonymous users.")
    return _signed_in(ctx, create_user(ctx, ctx.project_id), "anonymous", "anonymous")


def list_sessions(ctx: Context) -> Reply:
    """All sessions of the user."""
    user = me(ctx)
    shown = [show(ctx, user, session) for session in sessions_of(ctx, user)]
    return Reply(200, {"total": len(shown), "sessions": shown})


def get_session(ctx: Context) -> Reply:
    """One session; `current` is the one that makes the request."""
    user = me(ctx)
    return Reply(200, show(ctx, user, _chosen(ctx, user)))


def update_session(ctx: Context) -> Reply:
    """Makes a session last another year."""
    user = me(ctx)
    session = extend_session(ctx, user, _chosen(ctx, user))
    shown = show(ctx, user, session)
    announce(ctx, user, "sessions.[sessionId].update", shown, sessionId=session["id"])
    return Reply(200, shown)


def delete_session(ctx: Context) -> Reply:
    """Ends one session; the browser forgets its own."""
    user = me(ctx)
    session = _chosen(ctx, user)
    end_session(ctx, user, session)
    reply = no_content()
    return without_session(reply, ctx, home_of(ctx)) if session["id"] == ctx.caller.session_id else reply


def delete_sessions(ctx: Context) -> Reply:
    """Ends all sessions of the user."""
    user = me(ctx)
    for session in sessions_of(ctx, user):
        end_session(ctx, user, session)
    return without_session(no_content(), ctx, home_of(ctx))


def create_jwt(ctx: Context) -> Reply:
    """A token that lives as long as asked for, and no longer than the session."""
    if not ctx.caller.session_id:
        raise ApiError("user_session_not_found", "A JWT is made from a session, and there is none.")
    jwt = issue_session_jwt(ctx.server, ctx.caller.user_id, ctx.caller.session_id, ctx.args["duration"])
    return created({"jwt": jwt})


def _refuse_signed_in(ctx: Context) -> None:
    if ctx.caller.user_id:
        raise ApiError("user_session_already_exists", "There is a session already; end it first.")


def _signed_in(ctx: Context, user: Row, provider: str, factor: str, uid: str = "") -> Reply:
    session, text = open_session(ctx, user, provider, factor, uid)
    shown: dict[str, Any] = show(ctx, user, session, text) | {"current": True}
    announce(ctx, user, "sessions.[sessionId].create", shown, sessionId=session["id"])
    return with_session(created(shown), ctx, ctx.project_id, text)


def _chosen(ctx: Context, user: Row) -> Row:
    wanted = ctx.args["sessionId"]
    return find_session(ctx, user, ctx.caller.session_id if wanted == "current" else wanted)


_SESSION = (Param("sessionId", uid, required=True),)
_CREDENTIALS = (Param("email", email, required=True), Param("password", password, required=True))
_TOKEN = (Param("userId", custom_id, required=True), Param("secret", text(256), required=True))
DURATION = Param("duration", integer(0, 3600), default=900)

ROUTES = (
    Route("POST", "/account/sessions/email", sign_in, "sessions.write", _CREDENTIALS),
    Route("POST", "/account/sessions/token", sign_in_by_token, "sessions.write", _TOKEN),
    Route("POST", "/account/sessions/anonymous", sign_in_anonymously, "sessions.write"),
    Route("GET", "/account/sessions", list_sessions, "account"),
    Route("DELETE", "/account/sessions", delete_sessions, "account"),
    Route("GET", "/account/sessions/{sessionId}", get_session, "account", _SESSION),
    Route("PATCH", "/account/sessions/{sessionId}", update_session, "account", _SESSION),
    Route("DELETE", "/account/sessions/{sessionId}", delete_session, "account", _SESSION),
    Route("POST", "/account/jwts", create_jwt, "account", (DURATION,)),
)

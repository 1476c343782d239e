"""Sessions in the store: opened with a secret that is shown once, listed, and ended."""

from __future__ import annotations

import secrets
from typing import Any

from emulator.core.clock import spell
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.ids import unique_id
from emulator.core.store import Row
from emulator.users.records import announce
from emulator.users.secrets import digest, pack
from emulator.users.views import session_view

register_types({"user_session_not_found": 404})

LIFETIME = 365 * 24 * 3600


def open_session(ctx: Context, user: Row, provider: str, factor: str, uid: str = "") -> tuple[Row, str]:
    """A new session for a year, and the text that proves it (a cookie or x-appwrite-session)."""
    secret = secrets.token_hex(32)
    session_id = unique_id()
    ctx.store.insert(
        "sessions",
        {
            "id": session_id,
            "user_seq": user["seq"],
            "created": ctx.now,
            "updated": ctx.now,
            "expire": _in_a_year(ctx),
            "secret_hash": digest(secret),
            "provider": provider,
            "provider_uid": uid,
            "factor": factor,
            "ip": ctx.request.client or "127.0.0.1",
        },
    )
    ctx.store.run("UPDATE users SET accessed = ? WHERE seq = ?", ctx.now, user["seq"])
    return find_session(ctx, user, session_id), pack(user["id"], secret)


def extend_session(ctx: Context, user: Row, session: Row) -> Row:
    """The session, good for another year."""
    ctx.store.run(
        "UPDATE sessions SET expire = ?, updated = ? WHERE seq = ?", _in_a_year(ctx), ctx.now, session["seq"]
    )
    return find_session(ctx, user, session["id"])


def sessions_of(ctx: Context, user: Row) -> list[Row]:
    """The sessions of a user, oldest first."""
    return ctx.store.all("SELECT * FROM sessions WHERE user_seq = ? ORDER BY seq", user["seq"])


def find_session(ctx: Context, user: Row, session_id: str) -> Row:
    """A session of a user; ApiError user_session_not_found."""
    session = ctx.store.one("SELECT * FROM sessions WHERE user_seq = ? AND id = ?", user["seq"], session_id)
    if session is None:
        raise ApiError("user_session_not_found", "There is no such session.")
    return session


def find_any_session(ctx: Context, session_id: str) -> Row:
    """A session of any user of the project; ApiError user_session_not_found."""
    session = ctx.store.one(
        "SELECT s.* FROM sessions s JOIN users u ON u.seq = s.user_seq WHERE u.project = ? AND s.id = ?",
        ctx.project_id, session_id,
    )  # fmt: skip
    if session is None:
        raise ApiError("user_session_not_found", "There is no such session.")
    return session


def end_session(ctx: Context, user: Row, session: Row) -> None:
    """Removes a session; its cookies and tokens are worth nothing from then on."""
    ctx.store.run("DELETE FROM sessions WHERE seq = ?", session["seq"])
    announce(ctx, user, "sessions.[sessionId].delete", show(ctx, user, session), sessionId=session["id"])


def show(ctx: Context, user: Row, session: Row, text: str = "") -> dict[str, Any]:
    """A session as the caller sees it: secrets only for keys and admins (a digest unless it is new)."""
    secret = (text or session["secret_hash"]) if ctx.caller.privileged else ""
    return session_view(session, user["id"], session["id"] == ctx.caller.session_id, secret)


def _in_a_year(ctx: Context) -> str:
    return spell(ctx.server.clock.time() + LIFETIME)

"""The two cookies of a session and the header for browsers that refuse both."""

from __future__ import annotations

import json
from email.utils import formatdate

from emulator.auth import session_cookie
from emulator.core.context import Context
from emulator.core.http import Reply
from emulator.users.sessions import LIFETIME


def with_session(reply: Reply, ctx: Context, project: str, text: str) -> Reply:
    """The reply with a session for the browser to keep."""
    name = session_cookie(project)
    return _with_cookies(reply, name, text, ctx.server.clock.time(), LIFETIME, json.dumps({name: text}))


def without_session(reply: Reply, ctx: Context, project: str) -> Reply:
    """The reply that makes the browser forget its session."""
    return _with_cookies(reply, session_cookie(project), "", ctx.server.clock.time(), 0, "[]")


def _with_cookies(reply: Reply, name: str, text: str, now: float, lifetime: int, fallback: str) -> Reply:
    """The older cookie is for browsers that do not know SameSite=None."""
    expires = formatdate(now + lifetime if lifetime else 0, usegmt=True)
    rest = f"{text}; expires={expires}; Max-Age={lifetime}; path=/; HttpOnly"
    reply.cookies += [f"{name}_legacy={rest}", f"{name}={rest}; SameSite=None"]
    reply.headers["X-Fallback-Cookies"] = fallback
    return reply

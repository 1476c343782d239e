"""Who is at the other end of a socket, proven as requests are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emulator import auth
from emulator.core.caller import GUEST, Caller
from emulator.core.context import Server
from emulator.core.errors import ApiError
from emulator.core.http import Request


def by_handshake(server: Server, project: str, handshake: Request, token: str) -> Callable[[], Caller]:
    """Proves the caller by the handshake's cookie or headers, or by the JWT of its address.

    The first proof raises what a request would be refused with; later, what no longer holds is a guest's.
    """
    headers = {name: value for name, value in handshake.headers.items() if name != "x-appwrite-key"}
    if token:
        headers.setdefault("x-appwrite-jwt", token)
    request = replace(handshake, headers=headers)
    auth.authenticate(server, request, project)
    return lambda: _prove(server, project, request)


def by_session(server: Server, project: str, session: str) -> Callable[[], Caller]:
    """Proves the caller by a session's text, as `authentication` messages carry it."""
    request = Request("GET", "/realtime", "", {"x-appwrite-session": session}, [])
    return lambda: _prove(server, project, request)


def _prove(server: Server, project: str, request: Request) -> Caller:
    try:
        return auth.authenticate(server, request, project)
    except ApiError:
        return GUEST

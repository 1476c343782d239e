"""Who is calling: the project, then an API key, a function's key, a token, a session, or nobody."""

from __future__ import annotations

import hmac

from emulator.core.caller import GUEST, Caller
from emulator.core.context import Server
from emulator.core.errors import ApiError
from emulator.core.http import Request

CONSOLE = "console"


def find_project(server: Server, request: Request) -> str:
    """The project that the request names; ApiError project_not_found when it is not this server's."""
    project = request.headers.get("x-appwrite-project", "")
    if project and project not in (server.config.project_id, CONSOLE):
        raise ApiError("project_not_found", "There is no project with this id on this server.")
    return project


def authenticate(server: Server, request: Request, project: str) -> Caller:
    """The caller that the request proves; ApiError user_unauthorized for a key that does not exist."""
    key = request.headers.get("x-appwrite-key", "")
    if key and project:
        if hmac.compare_digest(key.encode(), server.config.api_key.encode()):
            return Caller(kind="key", roles=frozenset(), scopes=None)
        raise ApiError("user_unauthorized", "The API key is not valid for this project.")
    return GUEST

"""Who is calling: the project, then a token or a session, then an API key or a function's key, or nobody.

Cost per request: none for the server's own key and for functions' keys, one indexed statement otherwise.
"""

from __future__ import annotations

import hmac
import json

from emulator.core import jwt
from emulator.core.caller import GUEST, Caller
from emulator.core.context import Server
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Request, parse_query
from emulator.core.scopes import (
    ADMIN_SCOPES,
    CONSOLE_GUEST_SCOPES,
    CONSOLE_USER_SCOPES,
    EVERY_KEY_SCOPE,
    KEY_SCOPES,
    USER_SCOPES,
    granted,
)
from emulator.core.store import Row
from emulator.users.secrets import digest, unpack

register_types(
    {
        "project_id_missing": 403,
        "project_key_expired": 401,
        "user_blocked": 403,
        "user_jwt_and_cookie_set": 403,
        "user_jwt_invalid": 401,
    }
)

CONSOLE = "console"
FUNCTION_KEY = "ephemeral_"
OLDER_FUNCTION_KEY = "dynamic_"
LOOKED_UP_KEYS = ("standard", "account", "organization")
CONSOLE_GUEST = Caller(scopes=CONSOLE_GUEST_SCOPES)

_IDENTITY = """
    SELECT u.id, u.status, u.email_verification OR u.phone_verification AS verified, u.labels,
        (SELECT json_group_array(json_array(t.id, m.id, json(m.roles)))
            FROM memberships m JOIN teams t ON t.seq = m.team_seq WHERE m.user_seq = u.seq) AS memberships
"""
_BY_SESSION = f"""{_IDENTITY}, s.id AS session_id
    FROM sessions s JOIN users u ON u.seq = s.user_seq
    WHERE s.secret_hash = ? AND s.expire > ? AND u.project = ?"""
_BY_TOKEN = f"""{_IDENTITY}, '' AS session_id FROM users u
    WHERE u.project = ? AND u.id = ?
        AND (? = '' OR EXISTS (SELECT 1 FROM sessions s WHERE s.user_seq = u.seq AND s.id = ?))"""  # noqa: S608


def find_project(server: Server, request: Request) -> str:
    """The project that the request names, the console when none; ApiError project_not_found for another's."""
    project = request.headers.get("x-appwrite-project") or ""
    if not project and "project=" in request.query_string:
        project = str(parse_query(request.query_string).get("project", ""))
    if project and project not in (server.config.project_id, CONSOLE):
        raise ApiError("project_not_found", "There is no project with this id on this server.")
    return project or CONSOLE


def authenticate(server: Server, request: Request, project: str) -> Caller:
    """The caller that the request proves.

    ApiError user_jwt_invalid for a token that is not good, user_unauthorized or project_key_expired for such
    a key. A session or a function's key that is not good is nobody, and so is a key of an unknown kind.
    """
    headers = request.headers
    admin = headers.get("x-appwrite-mode") == "admin" and project != CONSOLE
    home = CONSOLE if admin else project
    key = headers.get("x-appwrite-key")
    user = None
    if not key or "x-appwrite-jwt" in headers:
        user = _by_session(server, request, home)
    token = headers.get("x-appwrite-jwt")
    if token:
        if user is not None:
            raise ApiError("user_jwt_and_cookie_set", "Send a session or a JWT, not both.")
        user = _by_token(server, token, home)
    if key:
        return _key_holder(server, key, project, headers.get("x-appwrite-project", ""))
    if user is None:
        return CONSOLE_GUEST if project == CONSOLE else GUEST
    if admin:
        return _caller(user, "admin", ADMIN_SCOPES)
    return _caller(user, "user", CONSOLE_USER_SCOPES if project == CONSOLE else USER_SCOPES)


def issue_session_jwt(server: Server, user_id: str, session_id: str, lifetime: int = 900) -> str:
    """A token of a user for so many seconds; with a session's id it dies with that session."""
    claims = {"userId": user_id, "sessionId": session_id}
    return jwt.sign(claims, server.config.secret, server.clock.time(), lifetime)


def issue_dynamic_key(
    server: Server, scopes: list[str], function_id: str, execution_id: str, lifetime: int
) -> str:
    """The API key of one execution: a function's scopes for so many seconds (its timeout and a margin)."""
    claims = {"scopes": scopes, "functionId": function_id, "executionId": execution_id}
    return FUNCTION_KEY + jwt.sign(claims, server.config.secret, server.clock.time(), lifetime)


def session_cookie(project: str) -> str:
    """The name of the cookie that carries a session of a project's user."""
    return f"a_session_{project}"


def _by_session(server: Server, request: Request, project: str) -> Row | None:
    secret = unpack(_session_text(request, session_cookie(project)))
    if not secret:
        return None
    return server.store.one(_BY_SESSION, digest(secret), server.clock.now(), project)


def _session_text(request: Request, cookie: str) -> str:
    """From the cookie, the header of server-side rendering, or the fallback of browsers without cookies."""
    if "cookie" in request.headers:
        cookies = request.cookies()
        found = cookies.get(cookie) or cookies.get(f"{cookie}_legacy")
        if found:
            return found
    header = request.headers.get("x-appwrite-session")
    if header:
        return header
    try:
        fallback = json.loads(request.headers.get("x-fallback-cookies", "null"))
    except ValueError:
        return ""
    return str(fallback.get(cookie, "")) if isinstance(fallback, dict) else ""


def _by_token(server: Server, token: str, project: str) -> Row | None:
    try:
        claims = jwt.verify(token, server.config.secret, server.clock.time())
    except jwt.InvalidTokenError as invalid:
        raise ApiError("user_jwt_invalid", f"The JWT is not valid: {invalid}.") from None
    session = claims.get("sessionId", "")
    return server.store.one(_BY_TOKEN, project, claims.get("userId", ""), session, session)


def _caller(user: Row, kind: str, scopes: frozenset[str]) -> Caller:
    return Caller(
        kind=kind,
        user_id=user["id"],
        session_id=user["session_id"],
        roles=frozenset(_roles(user)),
        scopes=scopes,
        blocked=not user["status"],
    )


def _roles(user: Row) -> list[str]:
    state = "verified" if user["verified"] else "unverified"
    roles = ["any", "users", f"users/{state}", f"user:{user['id']}", f"user:{user['id']}/{state}"]
    for team, membership, team_roles in json.loads(user["memberships"]):
        roles += [f"team:{team}", f"member:{membership}", *(f"team:{team}/{role}" for role in team_roles)]
    roles += [f"label:{label}" for label in json.loads(user["labels"])]
    return roles


def _key_holder(server: Server, key: str, project: str, named: str) -> Caller:
    if not named:
        raise ApiError("project_id_missing", "An API key needs the project in X-Appwrite-Project.")
    if project != CONSOLE:
        if hmac.compare_digest(key.encode(), server.config.api_key.encode()):
            return Caller(kind="key", roles=frozenset(), scopes=EVERY_KEY_SCOPE)
        if key.startswith((FUNCTION_KEY, OLDER_FUNCTION_KEY)):
            return _function(server, key.partition("_")[2])
        row = server.store.one("SELECT scopes, expire FROM keys WHERE secret = ?", key)
        if row is not None:
            if row["expire"] and row["expire"] < server.clock.now():
                raise ApiError("project_key_expired", "The API key has expired.")
            return _key(json.loads(row["scopes"]))
    kind, underscore, _ = key.partition("_")
    if underscore and kind not in LOOKED_UP_KEYS:
        return CONSOLE_GUEST if project == CONSOLE else GUEST
    raise ApiError("user_unauthorized", "The API key is not valid for this project.")


def _function(server: Server, token: str) -> Caller:
    try:
        claims = jwt.verify(token, server.config.secret, server.clock.time())
    except jwt.InvalidTokenError:
        claims = {}
    if "executionId" not in claims:
        return GUEST
    return _key(claims["scopes"], claims["executionId"])


def _key(scopes: list[str], execution_id: str = "") -> Caller:
    return Caller(
        kind="key", roles=frozenset(), scopes=granted(scopes) | KEY_SCOPES, execution_id=execution_id
    )

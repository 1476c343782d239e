"""What browsers are told: preflights, the headers of every answer, and origins that are refused."""

from __future__ import annotations

from urllib.parse import urlsplit

from emulator.core.context import Server
from emulator.core.errors import ApiError
from emulator.core.http import Reply, Request

_ALLOWED_HEADERS = (
    "Accept, Origin, Cookie, Set-Cookie, Content-Type, Content-Range, Cache-Control, Expires, Pragma, "
    "X-Appwrite-Project, X-Appwrite-Key, X-Appwrite-Dev-Key, X-Appwrite-Locale, X-Appwrite-Mode, "
    "X-Appwrite-JWT, X-Appwrite-Response-Format, X-Appwrite-Timeout, X-Appwrite-ID, X-Appwrite-Timestamp, "
    "X-Appwrite-Session, X-Appwrite-Platform, X-Fallback-Cookies, X-Forwarded-For, X-Forwarded-User-Agent, "
    "X-SDK-Version, X-SDK-Name, X-SDK-Language, X-SDK-Platform, X-SDK-GraphQL, Content-Length, User-Agent"
)
_FIXED = {
    "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
    "access-control-allow-credentials": "true",
    "access-control-max-age": "86400",
    "access-control-expose-headers": "X-Appwrite-Session, X-Fallback-Cookies",
    "access-control-allow-headers": _ALLOWED_HEADERS,
}


def preflight(request: Request) -> Reply:
    """A preflight is allowed from anywhere; the request itself is what gets refused."""
    headers = {"access-control-allow-origin": request.headers.get("origin", "*"), **_FIXED}
    return Reply(204, None, "text/html", headers)


def cors_headers(server: Server, request: Request) -> dict[str, str]:
    """The headers of an answer; the origin is echoed only when it is known."""
    origin = request.headers.get("origin", "")
    if origin and is_known_origin(server, origin):
        return {"access-control-allow-origin": origin, **_FIXED}
    return dict(_FIXED)


def is_known_origin(server: Server, origin: str) -> bool:
    """Loopback names are known without being registered as a platform."""
    return urlsplit(origin).hostname in ("localhost", "127.0.0.1", "::1")


def refuse_unknown_origin(server: Server, request: Request) -> None:
    """ApiError general_unknown_origin when a browser page of an unknown origin calls without a key."""
    origin = request.headers.get("origin", "")
    if origin and "x-appwrite-key" not in request.headers and not is_known_origin(server, origin):
        raise ApiError("general_unknown_origin", "This origin is not a platform of the project.")

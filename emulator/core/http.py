"""Requests as handlers see them and replies as they are sent: parsing, encoding, compression."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from emulator.core.caller import GUEST, Caller

COMPRESS_FROM_BYTES = 1024
CHUNKED_FROM_BYTES = 2_000_001
COMPRESSIBLE = ("application/json", "text/", "application/javascript", "image/svg+xml")
_PART_OF_NAME = re.compile(r"[^\[\]]+|\[\]")


@dataclass(slots=True)
class Upload:
    """A file part of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Request:
    """One HTTP request, its body read. `path` begins after the API's root; header names are lower-case.

    target: path and query as they stood in the request line. caller: who it turned out to be, for the request
    log; a guest until a site has found out.
    """

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    form: dict[str, Any] | None = None
    host: str = "localhost"
    client: str = ""
    caller: Caller = GUEST
    target: str = "/"

    def given(self) -> dict[str, Any]:
        """The parameters of the request: from the query for GET and HEAD, otherwise from the body."""
        if self.method in ("GET", "HEAD"):
            return parse_query(self.query_string)
        if self.form is not None:
            return self.form
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return parse_query(self.body.decode("utf-8", "replace"))
        if kind == "application/json" and self.body:
            try:
                value = load_json(self.body.decode())
            except (ValueError, RecursionError):
                return {}
            return value if isinstance(value, dict) else {}
        return {}

    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}


@dataclass(slots=True)
class Reply:
    """An answer. body: a JSON value, bytes (with `content_type`), or None for an empty one."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)


def host_name(host: str) -> str:
    """The name in a `host` header, without the port and in lower case."""
    return host.partition(":")[0].lower()


def created(body: Any) -> Reply:
    """201 with the new entity."""
    return Reply(201, body)


def no_content() -> Reply:
    """204; the type is not JSON because clients would parse the empty body."""
    return Reply(204, None, "text/html")


def load_json(text: str) -> Any:
    """The value of a JSON text; ValueError or RecursionError for what PHP does not take either.

    Beyond the syntax those are NaN, the infinities, and halves of surrogate pairs.
    """
    value = json.loads(text, parse_constant=_refuse_constant)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse_query(query: str) -> dict[str, Any]:
    """A query string the way PHP reads it: `a[]=1`, `a[0]=1` and `a[k]=v` build lists and objects."""
    out: dict[str, Any] = {}
    if not query:
        return out
    for name, value in parse_qsl(query, keep_blank_values=True):
        _place(out, _PART_OF_NAME.findall(name) or [name], value)
    return {name: _as_list(value) for name, value in out.items()}


def _place(target: dict[str, Any], parts: list[str], value: str) -> None:
    key = parts[0] if parts[0] != "[]" else str(len(target))
    if len(parts) == 1:
        target[key] = value
        return
    inner = target.get(key)
    if not isinstance(inner, dict):
        inner = target[key] = {}
    _place(inner, parts[1:], value)


def _as_list(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    value = {key: _as_list(inner) for key, inner in value.items()}
    return list(value.values()) if all(key.isdigit() for key in value) else value


def encode(
    reply: Reply, head: bool, accept_encoding: str, extra: Mapping[str, str]
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The header list and the body bytes of a reply as ASGI sends them; a long body comes without length."""
    body = reply.body
    if body is None:
        content = b""
    elif isinstance(body, bytes):
        content = body
    else:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    headers = {"content-type": reply.content_type, **extra, **reply.headers}
    if reply.content_type == "application/json" and not isinstance(body, bytes):
        headers["content-type"] = "application/json; charset=UTF-8"
    compressible = len(content) >= COMPRESS_FROM_BYTES and reply.content_type.startswith(COMPRESSIBLE)
    if compressible and "gzip" in accept_encoding and "content-range" not in headers:
        content = gzip.compress(content, 1)
        headers["content-encoding"] = "gzip"
    if len(content) < CHUNKED_FROM_BYTES:
        headers["content-length"] = str(len(content))
    lines = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    lines += [(b"set-cookie", cookie.encode("latin-1")) for cookie in reply.cookies]
    return lines, b"" if head else content

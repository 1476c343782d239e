"""A request as it comes in, from ASGI's pieces to one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request as SentRequest

from emulator.core.http import Request, Upload

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_request(scope: Scope, receive: Receive, prefix: str, *, with_form: bool) -> Request:
    """The whole request, its body read; a multipart form is parsed when it is wanted so.

    Raises `ClientDisconnect` when the client goes away before it has sent everything: half a request is none.
    """
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    query = scope["query_string"].decode("latin-1")
    request = Request(
        method=scope["method"],
        path=scope["path"][len(prefix) :] or "/",
        query_string=query,
        headers=headers,
        raw_headers=raw,
        host=headers.get("host", "localhost"),
        client=scope["client"][0] if scope.get("client") else "",
        target=scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
    )
    if with_form and headers.get("content-type", "").startswith("multipart/form-data"):
        request.form = await _read_form(scope, receive)
        return request
    request.body = await SentRequest(scope, receive).body()
    return request


async def _read_form(scope: Scope, receive: Receive) -> dict[str, Any]:
    async with SentRequest(scope, receive).form() as form:
        fields: list[tuple[str, Any]] = []
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                content = await value.read()
                kind = value.content_type or "application/octet-stream"
                fields.append((name, Upload(value.filename or "", kind, content)))
            else:
                fields.append((name, value))
    return _gather(fields)


def _gather(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Form fields by name; `name[]` and `name[0]` collect into a list, as PHP does."""
    out: dict[str, Any] = {}
    for name, value in fields:
        base, bracket, _ = name.partition("[")
        if bracket:
            out.setdefault(base, []).append(value)
        else:
            out[name] = value
    return out

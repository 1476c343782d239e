"""The WebSocket at `/v1/realtime`: the handshake, then what the client says and what it is told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from emulator import auth
from emulator.core.context import Server
from emulator.core.errors import ApiError
from emulator.core.http import Request, parse_query
from emulator.core.ids import unique_id
from emulator.cors import is_known_origin
from emulator.queries.parse import Query
from emulator.realtime.channels import allowed_channels
from emulator.realtime.filters import compile_filter, read_queries
from emulator.realtime.hub import Connection, Hub
from emulator.realtime.identity import by_handshake
from emulator.realtime.messages import RefusalError, account_of, answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("emulator")
PATH = "/v1/realtime"
POLICY_VIOLATION = 1008


async def serve_socket(server: Server, scope: Scope, receive: Receive, send: Send) -> None:
    """Serves one WebSocket from its handshake to its end."""
    await receive()
    if scope["path"] != PATH:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    try:
        connection, greeting = _open(server, _handshake(scope))
    except RefusalError as refusal:
        await send({"type": "websocket.send", "text": refusal.spell()})
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    connection.push(json.dumps(greeting))
    try:
        await _converse(server, connection, receive, send)
    finally:
        server.part(Hub).remove(connection)


def _handshake(scope: Scope) -> Request:
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
    return Request("GET", "/realtime", scope["query_string"].decode("latin-1"), headers, raw)


def _open(server: Server, handshake: Request) -> tuple[Connection, dict[str, Any]]:
    """The connection with the subscriptions of its address, and the greeting; RefusalError for neither."""
    query = parse_query(handshake.query_string)
    origin = handshake.headers.get("origin", "")
    try:
        project = auth.find_project(server, handshake)
        if origin and not is_known_origin(server, origin):
            raise RefusalError(POLICY_VIOLATION, "This origin is not a platform of the project.")
        identify = by_handshake(server, project, handshake, str(query.get("jwt", "")))
    except ApiError as error:
        code = POLICY_VIOLATION if error.type == "project_not_found" else error.status
        raise RefusalError(code, error.message) from None
    connection = Connection(project, identify)
    channels = allowed_channels(_asked_channels(query), connection.caller.user_id)
    subscriptions = _subscriptions(channels, query)
    hub = server.part(Hub)
    hub.add(connection)
    ids = [unique_id() for _ in subscriptions]
    for subscription_id, (names, queries) in zip(ids, subscriptions, strict=True):
        hub.subscribe(connection, subscription_id, names, compile_filter(queries))
    data = {"channels": channels, "subscriptions": ids, "user": account_of(server.store, connection)}
    return connection, {"type": "connected", "data": data}


def _asked_channels(query: dict[str, Any]) -> list[str]:
    asked = query.get("channels", [])
    return [each for each in (asked if isinstance(asked, list) else [asked]) if isinstance(each, str)]


def _subscriptions(channels: list[str], query: dict[str, Any]) -> list[tuple[list[str], list[Query]]]:
    """The subscriptions of an address: a channel's own parameter holds lists of queries, one for each."""
    own = {name.replace(".", "_"): value for name, value in query.items() if name != "project"}
    out: dict[int, tuple[list[str], list[Query]]] = {}
    for channel in channels:
        slots = own.get(channel.replace(".", "_"), [[]])
        for at, slot in enumerate(slots if isinstance(slots, list) else [slots]):
            names, queries = out.setdefault(at, ([], []))
            names.append(channel)
            if not queries:
                queries += _read(slot if isinstance(slot, list) else [slot])
    return [out[at] for at in sorted(out)]


def _read(texts: list[Any]) -> list[Query]:
    try:
        return read_queries(str(text) for text in texts)
    except ApiError as invalid:
        raise RefusalError(POLICY_VIOLATION, invalid.message) from None


async def _converse(server: Server, connection: Connection, receive: Receive, send: Send) -> None:
    """Listens and tells until either end has had enough: the client leaves, or lets too much pile up."""
    tasks = {
        asyncio.create_task(_listen(server, connection, receive)),
        asyncio.create_task(_tell(connection, send)),
        asyncio.create_task(connection.overflowed.wait()),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _listen(server: Server, connection: Connection, receive: Receive) -> None:
    while True:
        event = await receive()
        if event["type"] != "websocket.receive":
            return
        text = event.get("text")
        if text is None:
            text = event["bytes"].decode("utf-8", "replace")
        try:
            connection.push(json.dumps(answer(server, connection, text)))
        except RefusalError as refusal:
            connection.push(refusal.spell())
        except Exception:
            log.exception("a message over a socket could not be answered")
            connection.push(RefusalError(500, "The server failed; its log says why.").spell())


async def _tell(connection: Connection, send: Send) -> None:
    while True:
        text, rest = await connection.waiting.get()
        await send({"type": "websocket.send", "text": text + rest})
        if not connection.waiting.empty():
            # Neither call above waits while there is work; a long queue must not hold up the requests.
            await asyncio.sleep(0)

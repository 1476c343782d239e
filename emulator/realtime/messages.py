"""What clients say over an open socket: ping, authentication, subscribe, unsubscribe."""

from __future__ import annotations

import json
from typing import Any, TypeGuard

from emulator.core.context import NEWEST_FORMAT, Server
from emulator.core.errors import ApiError
from emulator.core.ids import is_id, unique_id
from emulator.core.store import Store
from emulator.realtime.channels import allowed_channels
from emulator.realtime.filters import compile_filter, read_queries, spell
from emulator.realtime.hub import Connection, Hub
from emulator.realtime.identity import by_session
from emulator.users.records import find_user, targets_of
from emulator.users.views import account_view

INVALID_MESSAGE = 1003
_LONGEST_SESSION = 2048


class RefusalError(Exception):
    """Something that a client is told is wrong; code: as a close frame would carry it, or an HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    def spell(self) -> str:
        """The message that the client gets."""
        return json.dumps({"type": "error", "data": {"code": self.code, "message": str(self)}})


def answer(server: Server, connection: Connection, text: str) -> dict[str, Any]:
    """The answer to a message; RefusalError when it means nothing."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise RefusalError(INVALID_MESSAGE, "The message is not a JSON object.")
    kind, data = message.get("type"), message.get("data")
    if kind == "ping":
        return {"type": "pong"}
    if kind == "authentication":
        return _response(kind, user=_authenticate(server, connection, data))
    if kind == "subscribe":
        return _response(kind, subscriptions=_subscribe(server, connection, data))
    if kind == "unsubscribe":
        return _response(kind, subscriptions=_unsubscribe(server, connection, data))
    raise RefusalError(INVALID_MESSAGE, "The message has no type that the server knows.")


def account_of(store: Store, connection: Connection) -> dict[str, Any] | None:
    """The user behind a connection as it sees itself; None for a guest."""
    if not connection.caller.user_id:
        return None
    user = find_user(store, connection.project, connection.caller.user_id)
    return account_view(user, targets_of(store, user), NEWEST_FORMAT)


def _response(to: str, **what: Any) -> dict[str, Any]:
    return {"type": "response", "data": {"to": to, "success": True, **what}}


def _authenticate(server: Server, connection: Connection, data: Any) -> dict[str, Any] | None:
    session = data.get("session") if isinstance(data, dict) else None
    if not isinstance(session, str) or not 0 < len(session) <= _LONGEST_SESSION:
        raise RefusalError(INVALID_MESSAGE, "The message needs a session.")
    identify = by_session(server, connection.project, session)
    if not identify().user_id:
        raise RefusalError(INVALID_MESSAGE, "The session is not valid.")
    server.part(Hub).authenticate(connection, identify)
    return account_of(server.store, connection)


def _subscribe(server: Server, connection: Connection, data: Any) -> list[dict[str, Any]]:
    planned = []
    for item in _items(data):
        subscription_id = item.get("subscriptionId", "unique()")
        channels, texts = item.get("channels"), item.get("queries", [])
        if subscription_id != "unique()" and not is_id(subscription_id):
            raise RefusalError(INVALID_MESSAGE, "A subscriptionId is not an id.")
        if not _are_texts(channels) or not _are_texts(texts):
            raise RefusalError(INVALID_MESSAGE, "Channels and queries must be lists of texts.")
        try:
            queries = read_queries(texts)
        except ApiError as invalid:
            raise RefusalError(INVALID_MESSAGE, invalid.message) from None
        if "subscriptionId" not in item:
            subscription_id = unique_id()
        planned.append((subscription_id, allowed_channels(channels, connection.caller.user_id), queries))
    for subscription_id, channels, queries in planned:
        server.part(Hub).subscribe(connection, subscription_id, channels, compile_filter(queries))
    return [
        {
            "subscriptionId": subscription_id,
            "channels": channels,
            "queries": [json.dumps(spell(query), separators=(",", ":")) for query in queries],
        }
        for subscription_id, channels, queries in planned
    ]


def _unsubscribe(server: Server, connection: Connection, data: Any) -> list[dict[str, Any]]:
    ids = [item.get("subscriptionId") for item in _items(data)]
    if not all(isinstance(each, str) and each for each in ids):
        raise RefusalError(INVALID_MESSAGE, "Each item needs a subscriptionId.")
    hub = server.part(Hub)
    return [{"subscriptionId": each, "removed": hub.unsubscribe(connection, str(each))} for each in ids]


def _items(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise RefusalError(INVALID_MESSAGE, "The data must be a list of objects.")
    return data


def _are_texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)

"""API keys of the project, with scopes and an end."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Param, custom_id, list_of, one_of, text, uid
from emulator.core.routing import Route
from emulator.core.scopes import PROJECT_SCOPES
from emulator.core.store import Row
from emulator.databases.checks import moment
from emulator.databases.moments import normalise
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

register_types({"key_already_exists": 409, "key_not_found": 404})

_FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "expire": Field("expire", "datetime"),
    "scopes": Field("scopes", array=True),
    "accessedAt": Field("NULL", "datetime"),
}
_ID_NEEDED_FROM = (1, 9, 0)
_SCOPES_NEEDED_FROM = (1, 9, 1)
_NO_LIMIT = '{"method": "limit", "values": [5000]}'


def create_key(ctx: Context) -> Reply:
    """Makes a key; its secret begins with `standard_`."""
    args, now = ctx.args, ctx.now
    if args["keyId"] is None and ctx.format >= _ID_NEEDED_FROM:
        raise ApiError("general_argument_invalid", 'Param "keyId" is not optional.')
    key_id = chosen_id(args["keyId"] or "unique()")
    try:
        ctx.store.insert(
            "keys",
            {
                "id": key_id,
                "created": now,
                "updated": now,
                "name": args["name"],
                "scopes": json.dumps(_scopes(ctx)),
                "expire": _end(args["expire"]),
                "secret": "standard_" + secrets.token_hex(128),
            },
        )
    except sqlite3.IntegrityError:
        raise ApiError("key_already_exists", "A key has this id.") from None
    return created(key_view(_find(ctx, key_id)))


def list_keys(ctx: Context) -> Reply:
    """All keys that were made, unless a limit is asked for; the server's own is not among them."""
    queries = ctx.args["queries"]
    if not any('"limit"' in str(query) for query in queries):
        queries = [*queries, _NO_LIMIT]
    total, keys = list_entities(ctx.store, "keys", _FIELDS, queries, total=ctx.args["total"])
    return Reply(200, {"total": total, "keys": [key_view(key) for key in keys]})


def get_key(ctx: Context) -> Reply:
    """One key."""
    return Reply(200, key_view(_find(ctx, ctx.args["keyId"])))


def update_key(ctx: Context) -> Reply:
    """Replaces name, scopes and end; the secret stays."""
    args, key = ctx.args, _find(ctx, ctx.args["keyId"])
    ctx.store.run(
        "UPDATE keys SET name = ?, scopes = ?, expire = ?, updated = ? WHERE seq = ?",
        args["name"], json.dumps(_scopes(ctx)), _end(args["expire"]), ctx.now, key["seq"],
    )  # fmt: skip
    return Reply(200, key_view(_find(ctx, key["id"])))


def delete_key(ctx: Context) -> Reply:
    """Removes a key; it is dead at once."""
    ctx.store.run("DELETE FROM keys WHERE seq = ?", _find(ctx, ctx.args["keyId"])["seq"])
    return no_content()


def key_view(key: Row) -> dict[str, Any]:
    """A key as answers show it."""
    return {
        "$id": key["id"],
        "$createdAt": key["created"],
        "$updatedAt": key["updated"],
        "name": key["name"],
        "expire": key["expire"],
        "scopes": json.loads(key["scopes"]),
        "secret": key["secret"],
        "accessedAt": "",
        "sdks": [],
    }


def _find(ctx: Context, key_id: str) -> Row:
    key = ctx.store.one("SELECT * FROM keys WHERE id = ?", key_id)
    if key is None:
        raise ApiError("key_not_found", f"There is no key {key_id}.")
    return key


def _end(moment_: str) -> str:
    return normalise(moment_) or ""


def _scopes(ctx: Context) -> list[str]:
    """Before 1.9.1 whatever is no list stood for no scopes."""
    scopes: list[str] | None = ctx.args["scopes"]
    if scopes is None and ctx.format >= _SCOPES_NEEDED_FROM:
        raise ApiError("general_argument_invalid", 'Param "scopes" must be a list.')
    return scopes or []


def _scopes_or_none(value: Any) -> list[str] | None:
    return _SCOPES(value) if isinstance(value, list | dict) else None


_KEY = Param("keyId", uid, required=True)
_NEW_KEY = Param("keyId", custom_id)
_SCOPES = list_of(one_of(*sorted(PROJECT_SCOPES)), 100)
_CONTENT = (
    Param("name", text(128), required=True),
    Param("scopes", _scopes_or_none),
    Param("expire", moment, default=""),
)
_LIST = (entity_queries(_FIELDS), TOTAL)

ROUTES = (
    Route("POST", "/project/keys", create_key, "keys.write", (_NEW_KEY, *_CONTENT)),
    Route("GET", "/project/keys", list_keys, "keys.read", _LIST),
    Route("GET", "/project/keys/{keyId}", get_key, "keys.read", (_KEY,)),
    Route("PUT", "/project/keys/{keyId}", update_key, "keys.write", (_KEY, *_CONTENT)),
    Route("DELETE", "/project/keys/{keyId}", delete_key, "keys.write", (_KEY,)),
)

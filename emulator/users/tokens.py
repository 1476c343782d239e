"""One-time tokens: the server hands one to a user by its own means, and the user signs in with it."""

from __future__ import annotations

import secrets

from emulator.core.clock import spell
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created
from emulator.core.ids import unique_id
from emulator.core.params import Param, integer
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.users.params import USER
from emulator.users.records import announce, find_user
from emulator.users.secrets import digest

register_types({"user_invalid_token": 401})

_A_YEAR = 365 * 24 * 3600


def create_token(ctx: Context) -> Reply:
    """A secret of some hexadecimal digits, good for one session."""
    user = find_user(ctx.store, ctx.project_id, ctx.args["userId"])
    length = ctx.args["length"]
    secret = secrets.token_hex(length // 2 + 1)[:length]
    shown = {
        "$id": unique_id(),
        "$createdAt": ctx.now,
        "userId": user["id"],
        "secret": secret,
        "expire": spell(ctx.server.clock.time() + ctx.args["expire"]),
        "phrase": "",
    }
    ctx.store.insert(
        "tokens",
        {
            "id": shown["$id"],
            "user_seq": user["seq"],
            "secret_hash": digest(secret),
            "expire": shown["expire"],
        },
    )
    announce(ctx, user, "tokens.[tokenId].create", shown, tokenId=shown["$id"])
    return created(shown)


def redeem(ctx: Context, user_id: str, secret: str) -> Row:
    """The user whose token this is; it cannot be used again. ApiError user_invalid_token."""
    user = ctx.store.one(
        "SELECT u.*, t.id AS token_id FROM users u JOIN tokens t ON t.user_seq = u.seq"
        " WHERE u.project = ? AND u.id = ? AND t.secret_hash = ? AND t.expire >= ?",
        ctx.project_id, user_id, digest(secret), ctx.now,
    )  # fmt: skip
    if user is None:
        raise ApiError("user_invalid_token", "The token is not this user's, was used, or has expired.")
    ctx.store.run("DELETE FROM tokens WHERE id = ?", user["token_id"])
    return user


ROUTES = (
    Route(
        "POST", "/users/{userId}/tokens", create_token, "users.write",
        (
            USER, Param("length", integer(4, 128), default=6),
            Param("expire", integer(60, _A_YEAR), default=900),
        ),
    ),
)  # fmt: skip

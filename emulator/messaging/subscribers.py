"""Subscribers: targets that get what is sent to a topic."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.events import Event
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.store import Row
from emulator.messaging.topics import find_topic
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities
from emulator.users.views import target_view

FIELDS = {
    **system_fields(),
    "targetId": Field("target_id", "id"),
    "topicId": Field("topic_id", "id"),
    "userId": Field("user_id", "id"),
    "providerType": Field("provider_type"),
}
_SEARCHED = "id || ' ' || target_id || ' ' || user_id || ' ' || provider_type"


def create_subscriber(ctx: Context) -> Reply:
    """POST /messaging/topics/{topicId}/subscribers."""
    topic = find_topic(ctx, ctx.args["topicId"])
    if not ctx.caller.privileged and ctx.caller.roles.isdisjoint(json.loads(topic["subscribe"])):
        raise ApiError("user_unauthorized", "You may not subscribe to this topic.")
    target = ctx.store.one(
        "SELECT * FROM targets WHERE id = ? AND project = ?", ctx.args["targetId"], ctx.project_id
    )
    if target is None:
        raise ApiError("user_target_not_found", f"There is no target with the id {ctx.args['targetId']}.")
    subscriber_id = chosen_id(ctx.args["subscriberId"])
    values = {
        "id": subscriber_id, "created": ctx.now, "updated": ctx.now, "topic_seq": topic["seq"],
        "target_seq": target["seq"], "provider_type": target["provider_type"],
    }  # fmt: skip
    try:
        ctx.store.insert("subscribers", values)
    except sqlite3.IntegrityError:
        raise ApiError(
            "subscriber_already_exists", "The target is subscribed already, or the id is taken."
        ) from None
    subscriber = ctx.store.one("SELECT * FROM named_subscribers WHERE id = ?", subscriber_id)
    assert subscriber is not None
    return created(_announced(ctx, subscriber, "create"))


def list_subscribers(ctx: Context) -> Reply:
    """GET /messaging/topics/{topicId}/subscribers: users see themselves only."""
    topic = find_topic(ctx, ctx.args["topicId"])
    where, args = "topic_seq = ?", [topic["seq"]]
    if not ctx.caller.privileged:
        where += " AND user_id = ?"
        args.append(ctx.caller.user_id)
    total, rows = list_entities(
        ctx.store, "named_subscribers", FIELDS, ctx.args["queries"], where=where, args=args,
        search=ctx.args["search"], search_in=_SEARCHED, total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "subscribers": [_show(ctx, row) for row in rows]})


def get_subscriber(ctx: Context) -> Reply:
    """GET /messaging/topics/{topicId}/subscribers/{subscriberId}."""
    return Reply(200, _show(ctx, _find(ctx)))


def delete_subscriber(ctx: Context) -> Reply:
    """DELETE /messaging/topics/{topicId}/subscribers/{subscriberId}."""
    subscriber = _find(ctx)
    ctx.store.run("DELETE FROM subscribers WHERE seq = ?", subscriber["seq"])
    _announced(ctx, subscriber, "delete")
    return no_content()


def _find(ctx: Context) -> Row:
    topic = find_topic(ctx, ctx.args["topicId"])
    row = ctx.store.one(
        "SELECT * FROM named_subscribers WHERE id = ? AND topic_seq = ?",
        ctx.args["subscriberId"],
        topic["seq"],
    )
    if row is None or not (ctx.caller.privileged or row["user_id"] == ctx.caller.user_id):
        raise ApiError("subscriber_not_found", "The topic has no subscriber with this id.")
    return row


def _show(ctx: Context, row: Row) -> dict[str, Any]:
    target = ctx.store.one("SELECT * FROM targets WHERE seq = ?", row["target_seq"])
    assert target is not None
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "targetId": row["target_id"],
        "target": target_view(target, row["user_id"]),
        "userId": row["user_id"],
        "userName": row["user_name"],
        "topicId": row["topic_id"],
        "providerType": row["provider_type"],
    }


def _announced(ctx: Context, subscriber: Row, action: str) -> dict[str, Any]:
    shown = _show(ctx, subscriber)
    ids = {"topicId": subscriber["topic_id"], "subscriberId": subscriber["id"]}
    pattern = f"topics.[topicId].subscribers.[subscriberId].{action}"
    ctx.emit(Event(pattern, ids, shown, user_id=ctx.caller.user_id))
    return shown

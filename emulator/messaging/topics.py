"""Topics: what users subscribe to."""

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
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities

FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "emailTotal": Field("email_total", "integer"),
    "smsTotal": Field("sms_total", "integer"),
    "pushTotal": Field("push_total", "integer"),
}


def show_topic(row: Row) -> dict[str, Any]:
    """A topic as answers spell it."""
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "name": row["name"],
        "emailTotal": row["email_total"],
        "smsTotal": row["sms_total"],
        "pushTotal": row["push_total"],
        "subscribe": json.loads(row["subscribe"]),
    }


def find_topic(ctx: Context, topic_id: str) -> Row:
    """The topic's row with its counts; ApiError topic_not_found."""
    row = ctx.store.one("SELECT * FROM counted_topics WHERE id = ?", topic_id)
    if row is None:
        raise ApiError("topic_not_found", f"There is no topic with the id {topic_id}.")
    return row


def create_topic(ctx: Context) -> Reply:
    """POST /messaging/topics."""
    topic_id = chosen_id(ctx.args["topicId"])
    values = {
        "id": topic_id, "created": ctx.now, "updated": ctx.now, "name": ctx.args["name"],
        "subscribe": json.dumps(ctx.args["subscribe"]),
    }  # fmt: skip
    try:
        ctx.store.insert("topics", values)
    except sqlite3.IntegrityError:
        raise ApiError("topic_already_exists", f"A topic has the id {topic_id} already.") from None
    return created(_announced(ctx, find_topic(ctx, topic_id), "create"))


def list_topics(ctx: Context) -> Reply:
    """GET /messaging/topics."""
    total, rows = list_entities(
        ctx.store, "counted_topics", FIELDS, ctx.args["queries"],
        search=ctx.args["search"], search_in="id || ' ' || name", total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "topics": [show_topic(row) for row in rows]})


def get_topic(ctx: Context) -> Reply:
    """GET /messaging/topics/{topicId}."""
    return Reply(200, show_topic(find_topic(ctx, ctx.args["topicId"])))


def update_topic(ctx: Context) -> Reply:
    """PATCH /messaging/topics/{topicId}."""
    topic = find_topic(ctx, ctx.args["topicId"])
    name, subscribe = ctx.args["name"], ctx.args["subscribe"]
    ctx.store.run(
        "UPDATE topics SET name = ?, subscribe = ?, updated = ? WHERE seq = ?",
        topic["name"] if name is None else name,
        topic["subscribe"] if subscribe is None else json.dumps(subscribe),
        ctx.now,
        topic["seq"],
    )
    return Reply(200, _announced(ctx, find_topic(ctx, topic["id"]), "update"))


def delete_topic(ctx: Context) -> Reply:
    """DELETE /messaging/topics/{topicId}, its subscribers with it."""
    topic = find_topic(ctx, ctx.args["topicId"])
    ctx.store.run("DELETE FROM topics WHERE seq = ?", topic["seq"])
    _announced(ctx, topic, "delete")
    return no_content()


def _announced(ctx: Context, topic: Row, action: str) -> dict[str, Any]:
    shown = show_topic(topic)
    ctx.emit(Event(f"topics.[topicId].{action}", {"topicId": topic["id"]}, shown, user_id=ctx.caller.user_id))
    return shown

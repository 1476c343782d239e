"""Messages of the three kinds: drafts, scheduled ones, and those that are sent at once."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from typing import Any

from emulator.core.clock import spell
from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.events import Event
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.store import Row
from emulator.messaging.delivery import Courier
from emulator.messaging.targets import FIELDS as TARGET_FIELDS
from emulator.messaging.targets import targets_with_ids
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities
from emulator.users.views import target_view

FIELDS = {
    **system_fields(),
    "scheduledAt": Field("scheduled", "datetime"),
    "deliveredAt": Field("delivered", "datetime"),
    "deliveredTotal": Field("delivered_total", "integer"),
    "status": Field("status"),
    "providerType": Field("provider_type"),
}
_FINAL = {
    "processing": "message_already_processing",
    "sent": "message_already_sent",
    "failed": "message_already_failed",
}
_EMAIL_PARTS = ("subject", "content", "html", "cc", "bcc", "attachments")
_PUSH_PARTS = (
    "title", "body", "data", "action", "image", "icon", "sound", "color", "tag", "badge", "contentAvailable",
    "critical", "priority",
)  # fmt: skip
_PARTS = {"email": _EMAIL_PARTS, "sms": ("content",), "push": _PUSH_PARTS}
_PUSH_IMAGES = ("image/png", "image/jpeg")


def show_message(row: Row) -> dict[str, Any]:
    """A message as answers spell it."""
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "providerType": row["provider_type"],
        "topics": json.loads(row["topics"]),
        "users": json.loads(row["users"]),
        "targets": json.loads(row["targets"]),
        "scheduledAt": row["scheduled"],
        "deliveredAt": row["delivered"],
        "deliveryErrors": json.loads(row["delivery_errors"]),
        "deliveredTotal": row["delivered_total"],
        "data": json.loads(row["data"]),
        "status": row["status"],
    }


async def create_email(ctx: Context) -> Reply:
    """POST /messaging/messages/email."""
    return _create(ctx, "email")


async def create_sms(ctx: Context) -> Reply:
    """POST /messaging/messages/sms."""
    return _create(ctx, "sms")


async def create_push(ctx: Context) -> Reply:
    """POST /messaging/messages/push."""
    return _create(ctx, "push")


async def update_email(ctx: Context) -> Reply:
    """PATCH /messaging/messages/email/{messageId}."""
    return _update(ctx, "email")


async def update_sms(ctx: Context) -> Reply:
    """PATCH /messaging/messages/sms/{messageId}."""
    return _update(ctx, "sms")


async def update_push(ctx: Context) -> Reply:
    """PATCH /messaging/messages/push/{messageId}."""
    return _update(ctx, "push")


def list_messages(ctx: Context) -> Reply:
    """GET /messaging/messages."""
    total, rows = list_entities(
        ctx.store, "messages", FIELDS, ctx.args["queries"],
        search=ctx.args["search"], search_in="id || ' ' || status || ' ' || data", total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "messages": [show_message(row) for row in rows]})


def get_message(ctx: Context) -> Reply:
    """GET /messaging/messages/{messageId}."""
    return Reply(200, show_message(_find(ctx, ctx.args["messageId"])))


def list_message_targets(ctx: Context) -> Reply:
    """GET /messaging/messages/{messageId}/targets: those that the message names itself."""
    ids = json.loads(_find(ctx, ctx.args["messageId"])["targets"])
    total, rows = list_entities(
        ctx.store, "targets", TARGET_FIELDS, ctx.args["queries"],
        where="id IN (SELECT value FROM json_each(?))", args=[json.dumps(ids)], total=ctx.args["total"],
    )  # fmt: skip
    owner = "SELECT id FROM users WHERE seq = ?"
    shown = [target_view(row, ctx.store.value(owner, row["user_seq"])) for row in rows]
    return Reply(200, {"total": total, "targets": shown})


def delete_message(ctx: Context) -> Reply:
    """DELETE /messaging/messages/{messageId}."""
    message = _find(ctx, ctx.args["messageId"])
    if message["status"] == "scheduled" and message["scheduled"] < ctx.now:
        raise ApiError("message_already_scheduled", "The message's time has come; it is being sent.")
    ctx.store.run("DELETE FROM messages WHERE seq = ?", message["seq"])
    _announced(ctx, message, "delete")
    return no_content()


def _create(ctx: Context, kind: str) -> Reply:
    scheduled = _future(ctx)
    status = _status(ctx.args["draft"], scheduled)
    receivers = {name: ctx.args[name] or [] for name in ("topics", "users", "targets")}
    if status != "draft" and not any(receivers.values()):
        raise _no_receiver()
    with ctx.store.transaction():
        _check_targets(ctx, kind)
        message_id = chosen_id(ctx.args["messageId"])
        values = {
            "id": message_id, "created": ctx.now, "updated": ctx.now, "provider_type": kind, "status": status,
            "scheduled": scheduled, "data": json.dumps(_content(ctx, kind, {}, fill=True)),
            **{name: json.dumps(ids) for name, ids in receivers.items()},
        }  # fmt: skip
        try:
            ctx.store.insert("messages", values)
        except sqlite3.IntegrityError:
            raise ApiError("message_already_exists", f"A message has the id {message_id} already.") from None
    return created(_posted(ctx, _find(ctx, message_id), "create"))


def _update(ctx: Context, kind: str) -> Reply:
    scheduled = _future(ctx)
    with ctx.store.transaction():
        message = _find(ctx, ctx.args["messageId"])
        status = message["status"]
        if ctx.args["draft"] is not None or scheduled is not None:
            status = _status(ctx.args["draft"], scheduled)
        receivers = {
            name: message[name] if ctx.args[name] is None else json.dumps(ctx.args[name])
            for name in ("topics", "users", "targets")
        }
        if status != "draft" and all(ids == "[]" for ids in receivers.values()):
            raise _no_receiver()
        if message["status"] in _FINAL:
            raise ApiError(_FINAL[message["status"]], f"The message is {message['status']} already.")
        if message["scheduled"] is not None and message["scheduled"] < ctx.now:
            raise ApiError("message_already_scheduled", "The message's time has come; it is being sent.")
        values = {
            **receivers, "status": status, "scheduled": scheduled or message["scheduled"],
            "data": json.dumps(_content(ctx, kind, json.loads(message["data"]), fill=False)),
        }  # fmt: skip
        assignments = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE messages SET {assignments}, updated = ? WHERE seq = ?"  # noqa: S608
        ctx.store.run(sql, *values.values(), ctx.now, message["seq"])
    return Reply(200, _posted(ctx, _find(ctx, message["id"]), "update"))


def _posted(ctx: Context, message: Row, action: str) -> dict[str, Any]:
    """Tells of the message, and has it delivered after the answer when it is to be sent now."""
    if message["status"] == "processing":
        ctx.server.part(Courier).send_soon(message["seq"])
    return _announced(ctx, message, action)


def _status(draft: bool | None, scheduled: str | None) -> str:
    if draft:
        return "draft"
    return "processing" if scheduled is None else "scheduled"


def _future(ctx: Context) -> str | None:
    """The time of delivery as it is stored; ApiError general_argument_invalid for one that has passed."""
    given = ctx.args["scheduledAt"]
    if given is None:
        return None
    try:
        when = datetime.fromisoformat(given)
    except ValueError:
        when = None
    if when is not None:
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        if seconds > ctx.server.clock.time():
            return spell(seconds)
    raise ApiError("general_argument_invalid", "Invalid `scheduledAt` param: Value must be a time to come.")


def _check_targets(ctx: Context, kind: str) -> None:
    wanted = [*(ctx.args["targets"] or []), *(ctx.args.get("cc") or []), *(ctx.args.get("bcc") or [])]
    fitting = [row for row in targets_with_ids(ctx, wanted) if row["provider_type"] == kind]
    if len(fitting) != len(wanted):
        raise ApiError(f"message_target_not_{kind}", f"A target is missing or not of the kind {kind}.")


def _content(ctx: Context, kind: str, old: dict[str, Any], fill: bool) -> dict[str, Any]:
    """The message's own part. fill: e-mails have all of it at once, pushes only what is not empty."""
    given = {name: ctx.args[name] for name in _PARTS[kind] if ctx.args[name] is not None}
    if "attachments" in given:
        given["attachments"] = [_attachment(ctx, *each) for each in given["attachments"]]
    if given.get("image"):
        given["image"] = _image(ctx, *given["image"])
    if fill and kind == "push":
        given = {name: value for name, value in given.items() if value or name == "badge"}
    if fill and kind == "email":
        given = {"html": False, "cc": [], "bcc": [], "attachments": [], **given}
    return {**old, **given}


def _attachment(ctx: Context, bucket_id: str, file_id: str) -> dict[str, str]:
    _stored(ctx, bucket_id, file_id, "storage_file_not_found")
    return {"bucketId": bucket_id, "fileId": file_id}


def _image(ctx: Context, bucket_id: str, file_id: str) -> dict[str, str]:
    if _stored(ctx, bucket_id, file_id, "storage_bucket_not_found")["mime_type"] not in _PUSH_IMAGES:
        raise ApiError("storage_file_type_unsupported", "The image must be a PNG or a JPEG.")
    path = f"/storage/buckets/{bucket_id}/files/{file_id}/view?project={ctx.project_id}"
    return {"bucketId": bucket_id, "fileId": file_id, "url": ctx.server.config.endpoint + path}


def _stored(ctx: Context, bucket_id: str, file_id: str, missing: str) -> Row:
    bucket = ctx.store.one("SELECT seq FROM buckets WHERE id = ?", bucket_id)
    if bucket is None:
        raise ApiError("storage_bucket_not_found", f"There is no bucket with the id {bucket_id}.")
    file = ctx.store.one("SELECT * FROM files WHERE bucket = ? AND id = ?", bucket["seq"], file_id)
    if file is None:
        raise ApiError(missing, f"There is no file with the id {file_id} in the bucket.")
    return file


def _no_receiver() -> ApiError:
    return ApiError("message_missing_target", "A message that is not a draft needs topics, users or targets.")


def _find(ctx: Context, message_id: str) -> Row:
    row = ctx.store.one("SELECT * FROM messages WHERE id = ?", message_id)
    if row is None:
        raise ApiError("message_not_found", f"There is no message with the id {message_id}.")
    return row


def _announced(ctx: Context, message: Row, action: str) -> dict[str, Any]:
    shown = show_message(message)
    ids = {"messageId": message["id"]}
    ctx.emit(Event(f"messages.[messageId].{action}", ids, shown, user_id=ctx.caller.user_id))
    return shown

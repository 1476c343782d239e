"""Buckets: their rows, how they are answered, and the verbs on them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from emulator.core.context import Context, Server
from emulator.core.errors import ApiError
from emulator.core.events import Event
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.store import Row
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities

LARGEST_FILE = 30_000_000
FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "enabled": Field("enabled", "boolean"),
    "fileSecurity": Field("file_security", "boolean"),
    "maximumFileSize": Field("maximum_file_size", "integer"),
    "encryption": Field("encryption", "boolean"),
    "antivirus": Field("antivirus", "boolean"),
    "transformations": Field("transformations", "boolean"),
}


def show_bucket(row: Row) -> dict[str, Any]:
    """A bucket as answers spell it."""
    return {
        "$id": row["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "$permissions": json.loads(row["permissions"]),
        "fileSecurity": bool(row["file_security"]),
        "name": row["name"],
        "enabled": bool(row["enabled"]),
        "maximumFileSize": row["maximum_file_size"],
        "allowedFileExtensions": json.loads(row["allowed_extensions"]),
        "compression": row["compression"],
        "encryption": bool(row["encryption"]),
        "antivirus": bool(row["antivirus"]),
        "transformations": bool(row["transformations"]),
        "totalSize": 0,
    }


def find_bucket(ctx: Context, bucket_id: str) -> Row:
    """The bucket's row; ApiError storage_bucket_not_found."""
    row = ctx.store.one("SELECT * FROM buckets WHERE id = ?", bucket_id)
    if row is None:
        raise ApiError("storage_bucket_not_found", f"There is no bucket with the id {bucket_id}.")
    return row


def folder_of(server: Server, bucket: Row) -> Path:
    """Where the contents of a bucket's files lie."""
    return Path(server.config.data_dir) / "storage" / str(bucket["seq"])


def create_bucket(ctx: Context) -> Reply:
    """POST /storage/buckets."""
    bucket_id = chosen_id(ctx.args["bucketId"])
    values = {
        "id": bucket_id, "created": ctx.now, "permissions": json.dumps(ctx.args["permissions"] or []),
        **_settings(ctx),
    }  # fmt: skip
    try:
        ctx.store.insert("buckets", values)
    except sqlite3.IntegrityError:
        raise ApiError("storage_bucket_already_exists", f"A bucket has the id {bucket_id} already.") from None
    return created(_announced(ctx, find_bucket(ctx, bucket_id), "create"))


def update_bucket(ctx: Context) -> Reply:
    """PUT /storage/buckets/{bucketId}: what is left out goes back to its default, but for permissions."""
    bucket = find_bucket(ctx, ctx.args["bucketId"])
    values = _settings(ctx)
    if ctx.args["permissions"] is not None:
        values["permissions"] = json.dumps(ctx.args["permissions"])
    assignments = ", ".join(f"{name} = ?" for name in values)
    ctx.store.run(f"UPDATE buckets SET {assignments} WHERE seq = ?", *values.values(), bucket["seq"])  # noqa: S608
    return Reply(200, _announced(ctx, find_bucket(ctx, bucket["id"]), "update"))


def get_bucket(ctx: Context) -> Reply:
    """GET /storage/buckets/{bucketId}."""
    return Reply(200, show_bucket(find_bucket(ctx, ctx.args["bucketId"])))


def list_buckets(ctx: Context) -> Reply:
    """GET /storage/buckets."""
    total, rows = list_entities(
        ctx.store, "buckets", FIELDS, ctx.args["queries"],
        search=ctx.args["search"], search_in="id || ' ' || name", total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "buckets": [show_bucket(row) for row in rows]})


async def delete_bucket(ctx: Context) -> Reply:
    """DELETE /storage/buckets/{bucketId}: the rows first, then, once that is committed, the contents."""
    with ctx.store.transaction():
        bucket = find_bucket(ctx, ctx.args["bucketId"])
        ctx.store.run("DELETE FROM buckets WHERE seq = ?", bucket["seq"])
    _announced(ctx, bucket, "delete")
    shutil.rmtree(folder_of(ctx.server, bucket), ignore_errors=True)
    return no_content()


def _settings(ctx: Context) -> dict[str, Any]:
    args = ctx.args
    return {
        "updated": ctx.now,
        "name": args["name"],
        "file_security": args["fileSecurity"],
        "enabled": args["enabled"],
        "maximum_file_size": args["maximumFileSize"],
        "allowed_extensions": json.dumps(args["allowedFileExtensions"]),
        "compression": args["compression"],
        "encryption": args["encryption"],
        "antivirus": args["antivirus"],
        "transformations": args["transformations"],
    }


def _announced(ctx: Context, bucket: Row, action: str) -> dict[str, Any]:
    shown = show_bucket(bucket)
    ids = {"bucketId": bucket["id"]}
    ctx.emit(Event(f"buckets.[bucketId].{action}", ids, shown, user_id=ctx.caller.user_id))
    return shown

"""Files: how they are answered, and the verbs on them that do not carry their content."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emulator.core.chunks import Assembly
from emulator.core.context import Context, Server
from emulator.core.events import Event
from emulator.core.http import Reply, no_content
from emulator.core.store import Row
from emulator.permissions import given_by, readers
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities
from emulator.storage.access import by_bucket, changeable_file, find_file, open_bucket, readable_file
from emulator.storage.buckets import folder_of

FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "signature": Field("signature"),
    "mimeType": Field("mime_type"),
    "sizeOriginal": Field("size", "integer"),
    "chunksTotal": Field("chunks_total", "integer"),
    "chunksUploaded": Field("chunks_uploaded", "integer"),
}


def show_file(bucket: Row, row: Row) -> dict[str, Any]:
    """A file as answers spell it; until its last part has come, what depends on its content is empty."""
    return {
        "$id": row["id"],
        "bucketId": bucket["id"],
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "$permissions": json.loads(row["permissions"]),
        "name": row["name"],
        "signature": row["signature"],
        "mimeType": row["mime_type"],
        "sizeOriginal": row["size"],
        "sizeActual": row["size"] if is_whole(row) else 0,
        "chunksTotal": row["chunks_total"],
        "chunksUploaded": row["chunks_uploaded"],
        "encryption": bool(row["encryption"]),
        "compression": row["compression"],
    }


def is_whole(row: Row) -> bool:
    """Whether all parts have come."""
    return bool(row["chunks_uploaded"] == row["chunks_total"])


def content_path(server: Server, bucket: Row, row: Row) -> Path:
    """Where a file's content lies."""
    return folder_of(server, bucket) / str(row["seq"])


def parts_of(server: Server, bucket: Row, row: Row) -> Assembly:
    """The parts of a file that is not whole yet."""
    return Assembly(folder_of(server, bucket) / f"{row['seq']}.parts")


def announce(ctx: Context, bucket: Row, row: Row, action: str) -> dict[str, Any]:
    """Tells of a change; returns the file as answers spell it."""
    shown = show_file(bucket, row)
    may_read: Iterable[str] = readers(json.loads(bucket["permissions"]))
    if bucket["file_security"]:
        may_read = [*may_read, *readers(shown["$permissions"])]
    ids = {"bucketId": bucket["id"], "fileId": row["id"]}
    pattern = f"buckets.[bucketId].files.[fileId].{action}"
    ctx.emit(Event(pattern, ids, shown, tuple(may_read), ctx.caller.user_id))
    return shown


def get_file(ctx: Context) -> Reply:
    """GET /storage/buckets/{bucketId}/files/{fileId}."""
    return Reply(200, show_file(*readable_file(ctx)))


def list_files(ctx: Context) -> Reply:
    """GET /storage/buckets/{bucketId}/files: under file security only those that the caller may read."""
    bucket = open_bucket(ctx)
    where, args = "bucket = ?", [bucket["seq"]]
    if not by_bucket(ctx.caller, bucket, "read"):
        marks = ", ".join("?" * len(ctx.caller.roles))
        where += f" AND EXISTS (SELECT 1 FROM json_each(files.permissions) WHERE value IN ({marks}))"  # noqa: S608
        args += [f'read("{role}")' for role in ctx.caller.roles]
    total, rows = list_entities(
        ctx.store, "files", FIELDS, ctx.args["queries"], where=where, args=args,
        search=ctx.args["search"], search_in="id || ' ' || name", total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "files": [show_file(bucket, row) for row in rows]})


def update_file(ctx: Context) -> Reply:
    """PUT /storage/buckets/{bucketId}/files/{fileId}: its name and permissions."""
    bucket, file = changeable_file(ctx, "update")
    permissions = file["permissions"]
    if ctx.args["permissions"] is not None:
        permissions = json.dumps(given_by(ctx.caller, ctx.args["permissions"]))
    ctx.store.run(
        "UPDATE files SET name = ?, permissions = ?, updated = ? WHERE seq = ?",
        ctx.args["name"] or file["name"], permissions, ctx.now, file["seq"],
    )  # fmt: skip
    return Reply(200, announce(ctx, bucket, find_file(ctx, bucket, file["id"]), "update"))


async def delete_file(ctx: Context) -> Reply:
    """DELETE /storage/buckets/{bucketId}/files/{fileId}: the row first, then, once committed, the content."""
    with ctx.store.transaction():
        bucket, file = changeable_file(ctx, "delete")
        ctx.store.run("DELETE FROM files WHERE seq = ?", file["seq"])
    announce(ctx, bucket, file, "delete")
    content_path(ctx.server, bucket, file).unlink(missing_ok=True)
    parts_of(ctx.server, bucket, file).discard()
    return no_content()

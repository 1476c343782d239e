"""Uploads: a file in one request, or in parts of 5 MiB."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from emulator.core.chunks import ContentRange, parse_content_range, write_whole
from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, Upload, created
from emulator.core.ids import chosen_id, is_id
from emulator.core.store import Row
from emulator.permissions import given_to_new
from emulator.storage.access import by_bucket, find_file, open_bucket
from emulator.storage.files import announce, content_path, is_whole, parts_of, show_file
from emulator.storage.mime import SNIFF_BYTES, sniff

LARGEST_PROCESSED = 20_000_000


def create_file(ctx: Context) -> Reply:
    """POST /storage/buckets/{bucketId}/files: 201, or 200 when the parts had all come before."""
    bucket = open_bucket(ctx)
    by_bucket(ctx.caller, bucket, "create")
    permissions = given_to_new(ctx.caller, ctx.args["permissions"])
    upload = _uploaded(ctx)
    span, file_id = _announced_range(ctx)
    size = span.size if span else len(upload.content)
    _check_against_bucket(bucket, upload.filename, size)

    values = {"permissions": json.dumps(permissions), "name": upload.filename, "size": size}
    file = ctx.store.one("SELECT * FROM files WHERE bucket = ? AND id = ?", bucket["seq"], file_id)
    if span is None:
        if file is not None:
            raise ApiError("storage_file_already_exists", f"A file has the id {file_id} already.")
        file = _begin(ctx, bucket, file_id, 1, values)
        write_whole(content_path(ctx.server, bucket, file), [upload.content])
        return created(_finish(ctx, bucket, file, permissions))
    if file is None:
        file = _begin(ctx, bucket, file_id, span.parts, values)
    elif is_whole(file):
        return Reply(200, show_file(bucket, file))
    return _take_part(ctx, bucket, file, span, upload.content, permissions)


def _uploaded(ctx: Context) -> Upload:
    given = ctx.args["file"]
    given = given[0] if isinstance(given, list) and given else given
    if not isinstance(given, Upload):
        raise ApiError("storage_file_empty", "The request carries no file.")
    return given


def _announced_range(ctx: Context) -> tuple[ContentRange | None, str]:
    """Which part of which file comes; no range for a file in one request."""
    header = ctx.request.headers.get("content-range", "")
    if not header:
        return None, chosen_id(ctx.args["fileId"])
    span = parse_content_range(header)
    if span is None:
        raise ApiError("storage_invalid_content_range", "The content-range is not one of a file's parts.")
    file_id = ctx.request.headers.get("x-appwrite-id") or chosen_id(ctx.args["fileId"])
    if not is_id(file_id):
        raise ApiError("storage_invalid_appwrite_id", "The x-appwrite-id is not an id.")
    return span, file_id


def _check_against_bucket(bucket: Row, name: str, size: int) -> None:
    allowed = json.loads(bucket["allowed_extensions"])
    _, dot, extension = name.rpartition("/")[2].rpartition(".")
    if allowed and (extension.lower() if dot else "") not in allowed:
        raise ApiError("storage_file_type_unsupported", "The bucket does not allow files of this extension.")
    if size > bucket["maximum_file_size"]:
        raise ApiError("storage_invalid_file_size", "The file is larger than the bucket allows.")


def _begin(ctx: Context, bucket: Row, file_id: str, parts: int, values: dict[str, Any]) -> Row:
    times = {"created": ctx.now, "updated": ctx.now}
    ctx.store.insert(
        "files", {"id": file_id, "bucket": bucket["seq"], **times, "chunks_total": parts, **values}
    )
    file = find_file(ctx, bucket, file_id)
    # An upload that was never committed may have left parts under this number.
    parts_of(ctx.server, bucket, file).discard()
    return file


def _take_part(
    ctx: Context, bucket: Row, file: Row, span: ContentRange, content: bytes, permissions: list[str]
) -> Reply:
    parts = parts_of(ctx.server, bucket, file)
    arrived = parts.add(span.part, content)
    if arrived >= file["chunks_total"]:
        parts.finish(content_path(ctx.server, bucket, file))
        return created(_finish(ctx, bucket, file, permissions))
    ctx.store.run(
        "UPDATE files SET chunks_uploaded = ?, updated = ? WHERE seq = ?", arrived, ctx.now, file["seq"]
    )
    return created(show_file(bucket, find_file(ctx, bucket, file["id"])))


def _finish(ctx: Context, bucket: Row, file: Row, permissions: list[str]) -> dict[str, Any]:
    """Fills in what depends on the content, which is on the disk by now, and tells of the new file."""
    signature, media_type = _examine(content_path(ctx.server, bucket, file))
    processed = file["size"] <= LARGEST_PROCESSED
    ctx.store.run(
        "UPDATE files SET chunks_uploaded = chunks_total, signature = ?, mime_type = ?, encryption = ?,"
        " compression = ?, permissions = ?, updated = ? WHERE seq = ?",
        signature, media_type, bool(bucket["encryption"]) and processed,
        bucket["compression"] if processed else "none", json.dumps(permissions), ctx.now, file["seq"],
    )  # fmt: skip
    return announce(ctx, bucket, find_file(ctx, bucket, file["id"]), "create")


def _examine(path: Path) -> tuple[str, str]:
    """The MD5 and the media type of a content."""
    with path.open("rb") as content:
        head = content.read(SNIFF_BYTES)
        content.seek(0)
        digest = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        return digest, sniff(head, len(head) < SNIFF_BYTES)

"""What a caller may do in a bucket: its permissions, and, with file security, those of the file."""

from __future__ import annotations

import json

from emulator.core.caller import Caller
from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.store import Row
from emulator.permissions import can
from emulator.storage.buckets import find_bucket


def open_bucket(ctx: Context) -> Row:
    """The bucket that the path names; one that is disabled is not there, except for keys and admins."""
    bucket = find_bucket(ctx, ctx.args["bucketId"])
    if not bucket["enabled"] and not ctx.caller.privileged:
        raise ApiError("storage_bucket_not_found", f"There is no bucket with the id {bucket['id']}.")
    return bucket


def by_bucket(caller: Caller, bucket: Row, action: str) -> bool:
    """Whether the bucket's permissions are enough. False: the file's decide, which needs file security.

    ApiError user_unauthorized when there is none.
    """
    if caller.privileged or can(caller.roles, json.loads(bucket["permissions"]), action):
        return True
    if action == "create" or not bucket["file_security"]:
        raise ApiError("user_unauthorized", f"You may not {action} files in this bucket.")
    return False


def find_file(ctx: Context, bucket: Row, file_id: str) -> Row:
    """The file's row whoever asks; ApiError storage_file_not_found."""
    row = ctx.store.one("SELECT * FROM files WHERE bucket = ? AND id = ?", bucket["seq"], file_id)
    if row is None:
        raise _not_found(file_id)
    return row


def readable_file(ctx: Context) -> tuple[Row, Row]:
    """The bucket and the file that the path names; a file that the caller may not read is not there."""
    bucket = open_bucket(ctx)
    enough = by_bucket(ctx.caller, bucket, "read")
    file = find_file(ctx, bucket, ctx.args["fileId"])
    if not enough and not can(ctx.caller.roles, json.loads(file["permissions"]), "read"):
        raise _not_found(file["id"])
    return bucket, file


def changeable_file(ctx: Context, action: str) -> tuple[Row, Row]:
    """The bucket and the file that the path names; ApiError user_unauthorized unless `action` is allowed."""
    bucket = open_bucket(ctx)
    enough = by_bucket(ctx.caller, bucket, action)
    file = find_file(ctx, bucket, ctx.args["fileId"])
    if not enough and not can(ctx.caller.roles, json.loads(file["permissions"]), action):
        raise ApiError("user_unauthorized", f"You may not {action} this file.")
    return bucket, file


def _not_found(file_id: str) -> ApiError:
    return ApiError("storage_file_not_found", f"There is no file with the id {file_id} in the bucket.")

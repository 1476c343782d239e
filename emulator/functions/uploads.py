"""Uploads of code: a tar.gz in one request, or in parts of 5 MiB."""

from __future__ import annotations

from pathlib import Path

from emulator.core.chunks import Assembly, ContentRange, parse_content_range, write_whole
from emulator.core.context import Context, Server
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, Upload
from emulator.core.ids import is_id, unique_id
from emulator.core.store import Row
from emulator.functions.deploying import Deployer, show_latest, source_path
from emulator.functions.records import change, deployment_event, find_function
from emulator.functions.views import deployment_view

register_types(
    {
        "function_entrypoint_missing": 404,
        "storage_file_empty": 400,
        "storage_file_type_unsupported": 400,
        "storage_invalid_appwrite_id": 400,
        "storage_invalid_content_range": 400,
        "storage_invalid_file_size": 400,
    }
)

LARGEST_SOURCE = 30_000_000


def create_deployment(ctx: Context) -> Reply:
    """Takes code, whole or the next part of it; its build begins when all has come."""
    function = find_function(ctx)
    entrypoint = function["entrypoint"] if ctx.args["entrypoint"] is None else ctx.args["entrypoint"]
    if not entrypoint:
        raise ApiError(
            "function_entrypoint_missing", "Neither the function nor the deployment has an entrypoint."
        )
    upload, span, deployment_id = _uploaded(ctx)
    row = ctx.store.one("SELECT * FROM deployments WHERE id = ?", deployment_id)
    if row is None:
        parts, size = (span.parts, span.size) if span else (1, len(upload.content))
        row = insert_deployment(ctx, function, deployment_id, entrypoint, ctx.args["commands"], parts, size)
    elif row["function_seq"] != function["seq"]:
        raise ApiError("deployment_not_found", "The upload belongs to another function.")
    if row["arrived"] < row["parts"]:
        row = _take(ctx, function, row, upload.content, span)
    return Reply(202, deployment_view(row, function["id"]))


def insert_deployment(
    ctx: Context,
    function: Row,
    deployment_id: str,
    entrypoint: str,
    commands: str | None,
    parts: int,
    size: int,
) -> Row:
    """A new deployment without its code, of which so many bytes in so many parts are to come."""
    now = ctx.now
    by_cli = ctx.request.headers.get("x-sdk-language") == "cli"
    values = {
        "id": deployment_id, "function_seq": function["seq"], "created": now, "updated": now,
        "type": "cli" if by_cli else "manual", "entrypoint": entrypoint,
        "commands": function["commands"] if commands is None else commands, "status": "waiting",
        "activate": ctx.args.get("activate", False), "source_size": size, "parts": parts, "arrived": 0,
    }  # fmt: skip
    return change(ctx.server, "deployments", ctx.store.insert("deployments", values), {})


def begin_build(ctx: Context, function: Row, row: Row) -> Row:
    """Announces a deployment whose code is complete, and has it built after this request."""
    row = change(ctx.server, "deployments", row["seq"], {"arrived": row["parts"]})
    show_latest(ctx.server, function["seq"])
    ctx.emit(deployment_event(function, row, "create", ctx.caller.user_id))
    ctx.server.part(Deployer).begin(row["seq"])
    return row


def _uploaded(ctx: Context) -> tuple[Upload, ContentRange | None, str]:
    """The file, which part of it this is (None: the whole), and the id of its deployment."""
    given = ctx.args["code"]
    upload = given[0] if isinstance(given, list) and given else given
    if not isinstance(upload, Upload):
        raise ApiError("storage_file_empty", "The request carries no code.")
    if Path(upload.filename).suffix.lower() != ".gz":
        raise ApiError("storage_file_type_unsupported", "Code must come as a tar.gz file.")
    header = ctx.request.headers.get("content-range", "")
    span = parse_content_range(header) if header else None
    if header and span is None:
        raise ApiError("storage_invalid_content_range", "The content-range is not one of a file's parts.")
    deployment_id = (ctx.request.headers.get("x-appwrite-id") if span else None) or unique_id()
    if not is_id(deployment_id):
        raise ApiError("storage_invalid_appwrite_id", "The x-appwrite-id is not an id.")
    if (span.size if span else len(upload.content)) > LARGEST_SOURCE:
        raise ApiError("storage_invalid_file_size", f"Code may have at most {LARGEST_SOURCE} bytes.")
    return upload, span, deployment_id


def _take(ctx: Context, function: Row, row: Row, content: bytes, span: ContentRange | None) -> Row:
    target = source_path(ctx.server, row["id"])
    if span is None:
        write_whole(target, [content])
        return begin_build(ctx, function, row)
    parts = Assembly(_parts_folder(ctx.server, row["id"]))
    arrived = parts.add(span.part, content)
    if arrived < row["parts"]:
        return change(ctx.server, "deployments", row["seq"], {"arrived": arrived})
    parts.finish(target)
    return begin_build(ctx, function, row)


def _parts_folder(server: Server, deployment_id: str) -> Path:
    return source_path(server, deployment_id).with_name(f"{deployment_id}.parts")

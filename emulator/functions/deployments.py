"""Deployments: read, activated, built again, called off, downloaded and removed."""

from __future__ import annotations

import re

from emulator.core.chunks import write_whole
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, no_content
from emulator.core.ids import unique_id
from emulator.core.params import Param, any_value, one_of, spelled_boolean, text, uid
from emulator.core.routing import Route
from emulator.functions import checks
from emulator.functions.deploying import show_latest, source_path
from emulator.functions.records import change, deployment_event, find_deployment, find_function, show_function
from emulator.functions.uploads import begin_build, create_deployment, insert_deployment
from emulator.functions.views import deployment_view
from emulator.functions.workers import Workers
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL

register_types({"build_already_completed": 400, "build_not_ready": 400, "storage_invalid_range": 416})

_KEPT_FOR_45_DAYS = "private, max-age=3888000"
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")
_FIELDS = {
    **system_fields(),
    "buildSize": Field("build_size", "integer"),
    "sourceSize": Field("source_size", "integer"),
    "totalSize": Field("(source_size + build_size)", "integer"),
    "buildDuration": Field("build_duration", "integer"),
    "status": Field("status"),
    "activate": Field("activate", "boolean"),
    "type": Field("type"),
}


def get_deployment(ctx: Context) -> Reply:
    """One deployment."""
    function = find_function(ctx)
    return Reply(200, deployment_view(find_deployment(ctx, function), function["id"]))


def list_deployments(ctx: Context) -> Reply:
    """A function's deployments that match queries and a search over id and entrypoint."""
    function, args = find_function(ctx), ctx.args
    total, rows = list_entities(
        ctx.store, "deployments", _FIELDS, args["queries"], where="function_seq = ?", args=(function["seq"],),
        search=args["search"], search_in="id || ' ' || entrypoint", total=args["total"],
    )  # fmt: skip
    shown = [deployment_view(row, function["id"]) for row in rows]
    return Reply(200, {"total": total, "deployments": shown})


def activate_deployment(ctx: Context) -> Reply:
    """Makes a deployment that is ready the one that executions run."""
    function = find_function(ctx)
    deployment = find_deployment(ctx, function)
    if deployment["status"] != "ready":
        raise ApiError("build_not_ready", "The deployment's build is not ready.")
    if function["deployment_id"] != deployment["id"]:
        ctx.server.part(Workers).retire(function["deployment_id"])
    values = {"deployment_id": deployment["id"], "deployment_created": deployment["created"]}
    function = change(ctx.server, "functions", function["seq"], values)
    ctx.emit(deployment_event(function, deployment, "update", ctx.caller.user_id))
    return Reply(200, show_function(ctx, function))


def duplicate_deployment(ctx: Context) -> Reply:
    """Builds the code of a deployment again, with the function's settings of now."""
    function = find_function(ctx)
    old = find_deployment(ctx, function)
    source = source_path(ctx.server, old["id"])
    if not source.exists():
        raise ApiError("deployment_not_found", "The deployment's code has not come completely.")
    new_id = unique_id()
    size = write_whole(source_path(ctx.server, new_id), [source.read_bytes()])
    row = insert_deployment(ctx, function, new_id, function["entrypoint"], function["commands"], 1, size)
    row = change(ctx.server, "deployments", row["seq"], {"activate": old["activate"], "type": old["type"]})
    return Reply(202, deployment_view(begin_build(ctx, function, row), function["id"]))


def cancel_build(ctx: Context) -> Reply:
    """Calls a build off: what it makes is not used."""
    function = find_function(ctx)
    deployment = find_deployment(ctx, function)
    if deployment["status"] in ("ready", "failed"):
        raise ApiError("build_already_completed", "The build is over.")
    deployment = change(ctx.server, "deployments", deployment["seq"], {"status": "canceled"})
    show_latest(ctx.server, function["seq"])
    ctx.emit(deployment_event(function, deployment, "update", ctx.caller.user_id))
    return Reply(200, deployment_view(deployment, function["id"]))


def download_deployment(ctx: Context) -> Reply:
    """The uploaded tar.gz, whole or a range of its bytes."""
    function = find_function(ctx)
    deployment = find_deployment(ctx, function)
    if ctx.args["type"] == "output":
        raise ApiError(
            "general_route_not_emulated", "Builds are not packed here; only the source can be had."
        )
    path = source_path(ctx.server, deployment["id"])
    if not path.exists():
        raise ApiError("deployment_not_found", "The deployment's code has not come completely.")
    content = path.read_bytes()
    headers = {
        "cache-control": _KEPT_FOR_45_DAYS,
        "content-disposition": f'attachment; filename="{deployment["id"]}-source.tar.gz"',
    }
    asked = ctx.request.headers.get("range", "")
    if not asked:
        return Reply(200, content, "application/gzip", headers)
    found = _RANGE.fullmatch(asked)
    start, end = (int(found[1]), int(found[2] or len(content) - 1)) if found else (0, 0)
    if not start < end < len(content):
        raise ApiError("storage_invalid_range", "The range is not within the code.")
    headers |= {"accept-ranges": "bytes", "content-range": f"bytes {start}-{end}/{len(content)}"}
    return Reply(206, content[start : end + 1], "application/gzip", headers)


def delete_deployment(ctx: Context) -> Reply:
    """Removes a deployment; when it was the active one, the function has none."""
    function = find_function(ctx)
    deployment = find_deployment(ctx, function)
    ctx.store.run("DELETE FROM deployments WHERE seq = ?", deployment["seq"])
    source_path(ctx.server, deployment["id"]).unlink(missing_ok=True)
    show_latest(ctx.server, function["seq"])
    if function["deployment_id"] == deployment["id"]:
        ctx.server.part(Workers).retire(deployment["id"])
        change(ctx.server, "functions", function["seq"], {"deployment_id": "", "deployment_created": ""})
    ctx.emit(deployment_event(function, deployment, "delete", ctx.caller.user_id))
    return no_content()


_ALL = "/functions/{functionId}/deployments"
_ONE = f"{_ALL}/{{deploymentId}}"
_OF_ONE = (checks.FUNCTION, Param("deploymentId", uid, required=True))
ROUTES = (
    Route(
        "POST", _ALL, create_deployment, "functions.write",
        (
            checks.FUNCTION, Param("entrypoint", text(1028)), Param("commands", text(8192, 0)),
            Param("code", any_value), Param("activate", spelled_boolean, required=True),
        ),
    ),
    Route("GET", _ALL, list_deployments, "functions.read",
          (checks.FUNCTION, entity_queries(_FIELDS), SEARCH, TOTAL)),
    Route("POST", f"{_ALL}/duplicate", duplicate_deployment, "functions.write", _OF_ONE),
    Route("GET", _ONE, get_deployment, "functions.read", _OF_ONE),
    Route("DELETE", _ONE, delete_deployment, "functions.write", _OF_ONE),
    Route("PATCH", _ONE, activate_deployment, "functions.write", _OF_ONE),
    Route("PATCH", "/functions/{functionId}/deployment", activate_deployment, "functions.write", _OF_ONE),
    Route("PATCH", f"{_ONE}/status", cancel_build, "functions.write", _OF_ONE),
    Route(
        "GET", f"{_ONE}/download", download_deployment, "functions.read",
        (*_OF_ONE, Param("type", one_of("source", "output"), default="source")),
    ),
)  # fmt: skip

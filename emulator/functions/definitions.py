"""Functions themselves: what they are called, who may execute them, what they run and when."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Param, custom_id, flag, integer, text
from emulator.core.routing import Route
from emulator.functions import checks
from emulator.functions.catalogue import DEFAULT_SPECIFICATION, RUNTIMES, SPECIFICATIONS
from emulator.functions.deploying import source_path
from emulator.functions.records import (
    announce_function,
    change,
    find_function,
    show_function,
)
from emulator.functions.workers import Workers
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL

register_types({"function_already_exists": 409})

_LONGEST_RETENTION_DAYS = 36_500
_MAX_SECONDS = 900
_FIELDS = {
    **system_fields(),
    "name": Field("name"),
    "enabled": Field("enabled", "boolean"),
    "runtime": Field("runtime"),
    "deploymentId": Field("deployment_id"),
    "schedule": Field("schedule"),
    "timeout": Field("timeout", "integer"),
    "entrypoint": Field("entrypoint"),
    "commands": Field("commands"),
    "installationId": Field("''"),
}
_SEARCHED = "id || ' ' || name || ' ' || runtime"
_SETTINGS = (
    Param("execute", checks.roles, default=[]),
    Param("events", checks.events, default=[]),
    Param("schedule", checks.schedule, default=""),
    Param("timeout", integer(1, _MAX_SECONDS), default=15),
    Param("enabled", flag, default=True),
    Param("logging", flag, default=True),
    Param("entrypoint", text(1028, 0), default=""),
    Param("commands", text(8192, 0), default=""),
    Param("scopes", checks.scopes, default=[]),
    Param("specification", checks.specification, default=DEFAULT_SPECIFICATION),
    Param("buildSpecification", checks.specification),
    Param("runtimeSpecification", checks.specification),
    Param("deploymentRetention", integer(0, _LONGEST_RETENTION_DAYS), default=0),
)


def create_function(ctx: Context) -> Reply:
    """Makes a function; it can be executed once it has a deployment."""
    now = ctx.now
    values = {
        "id": chosen_id(ctx.args["functionId"]), "created": now, "updated": now, "name": ctx.args["name"],
        "runtime": ctx.args["runtime"], "entrypoint": ctx.args["entrypoint"], **_settings(ctx.args),
    }  # fmt: skip
    try:
        seq = ctx.store.insert("functions", values)
    except sqlite3.IntegrityError:
        raise ApiError("function_already_exists", "A function has this id already.") from None
    function = ctx.store.one("SELECT * FROM functions WHERE seq = ?", seq)
    assert function is not None
    return created(announce_function(ctx, function, "create"))


def get_function(ctx: Context) -> Reply:
    """One function."""
    return Reply(200, show_function(ctx, find_function(ctx)))


def list_functions(ctx: Context) -> Reply:
    """Functions that match queries and a search over id, name and runtime."""
    args = ctx.args
    total, rows = list_entities(
        ctx.store, "functions", _FIELDS, args["queries"],
        search=args["search"], search_in=_SEARCHED, total=args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "functions": [show_function(ctx, row) for row in rows]})


def update_function(ctx: Context) -> Reply:
    """Changes a function; what is left out goes back to its default, but for runtime and entrypoint."""
    function = find_function(ctx)
    values: dict[str, Any] = {
        "name": ctx.args["name"],
        "runtime": ctx.args["runtime"] or function["runtime"],
        "entrypoint": ctx.args["entrypoint"] or function["entrypoint"],
        **_settings(ctx.args),
    }
    values["live"] = all(
        values[name] == function[name] for name in ("name", "runtime", "entrypoint", "commands")
    )
    return Reply(
        200, announce_function(ctx, change(ctx.server, "functions", function["seq"], values), "update")
    )


def delete_function(ctx: Context) -> Reply:
    """Removes a function with its variables, deployments and executions, and ends its process."""
    function = find_function(ctx)
    announce_function(ctx, function, "delete")
    for row in ctx.store.all("SELECT id FROM deployments WHERE function_seq = ?", function["seq"]):
        source_path(ctx.server, row["id"]).unlink(missing_ok=True)
    ctx.store.run("DELETE FROM functions WHERE seq = ?", function["seq"])
    ctx.server.part(Workers).kill_function(function["id"])
    return no_content()


def list_runtimes(ctx: Context) -> Reply:
    """Every runtime that a function may name; only Python is run here."""
    shown = [runtime.shown() for runtime in RUNTIMES.values()]
    return Reply(200, {"total": len(shown), "runtimes": shown})


def list_specifications(ctx: Context) -> Reply:
    """Every specification that a function may name."""
    shown = [
        {"memory": memory, "cpus": cpus, "enabled": True, "slug": slug}
        for slug, (cpus, memory) in SPECIFICATIONS.items()
    ]
    return Reply(200, {"total": len(shown), "specifications": shown})


def _settings(args: dict[str, Any]) -> dict[str, Any]:
    """The columns that both creating and updating set."""
    return {
        "execute": json.dumps(args["execute"]),
        "events": json.dumps(args["events"]),
        "schedule": args["schedule"],
        "timeout": args["timeout"],
        "enabled": args["enabled"],
        "logging": args["logging"],
        "commands": args["commands"],
        "scopes": json.dumps(args["scopes"]),
        "build_specification": args["buildSpecification"] or args["specification"],
        "runtime_specification": args["runtimeSpecification"] or args["specification"],
        "deployment_retention": args["deploymentRetention"],
    }


_NAME = Param("name", text(128), required=True)
ROUTES = (
    Route(
        "POST", "/functions", create_function, "functions.write",
        (
            Param("functionId", custom_id, required=True), _NAME,
            Param("runtime", checks.runtime, required=True), *_SETTINGS,
        ),
    ),
    Route(
        "GET", "/functions", list_functions, "functions.read", (entity_queries(_FIELDS), SEARCH, TOTAL)
    ),
    Route("GET", "/functions/runtimes", list_runtimes, "public"),
    Route("GET", "/functions/specifications", list_specifications, "functions.read"),
    Route("GET", "/functions/{functionId}", get_function, "functions.read", (checks.FUNCTION,)),
    Route(
        "PUT", "/functions/{functionId}", update_function, "functions.write",
        (checks.FUNCTION, _NAME, Param("runtime", checks.runtime, default=""), *_SETTINGS),
    ),
    Route("DELETE", "/functions/{functionId}", delete_function, "functions.write", (checks.FUNCTION,)),
)  # fmt: skip

"""Functions and deployments in the store: found, changed, announced."""

from __future__ import annotations

from typing import Any

from emulator.core.context import Context, Server
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.store import Row, Store
from emulator.functions.views import deployment_view, function_view

register_types({"function_not_found": 404, "deployment_not_found": 404, "build_not_ready": 400})


def find_function(ctx: Context) -> Row:
    """The function of the path; ApiError function_not_found."""
    row = ctx.store.one("SELECT * FROM functions WHERE id = ?", ctx.args["functionId"])
    if row is None:
        raise ApiError("function_not_found", "There is no function with this id.")
    return row


def open_function(ctx: Context) -> Row:
    """The function of the path for callers who may only use it: one that is switched off is not there."""
    row = find_function(ctx)
    if not row["enabled"] and not ctx.caller.privileged:
        raise ApiError("function_not_found", "There is no function with this id.")
    return row


def find_deployment(ctx: Context, function: Row) -> Row:
    """The deployment of the path or body; ApiError deployment_not_found, also for another function's."""
    row = ctx.store.one(
        "SELECT * FROM deployments WHERE id = ? AND function_seq = ?",
        ctx.args["deploymentId"], function["seq"],
    )  # fmt: skip
    if row is None:
        raise ApiError("deployment_not_found", "The function has no deployment with this id.")
    return row


def active_deployment(store: Store, function: Row) -> Row:
    """What an execution runs; ApiError deployment_not_found, or build_not_ready."""
    row = store.one(
        "SELECT * FROM deployments WHERE id = ? AND function_seq = ?",
        function["deployment_id"], function["seq"],
    )  # fmt: skip
    if row is None:
        raise ApiError("deployment_not_found", "The function has no active deployment.")
    if row["status"] != "ready":
        raise ApiError("build_not_ready", "The deployment's build is not ready.")
    return row


def change(server: Server, table: str, seq: int, values: dict[str, Any]) -> Row:
    """Sets columns of a function or deployment and the time of its change; returns it as it is now."""
    names = ", ".join(f"{name} = ?" for name in (*values, "updated"))
    server.store.run(
        f"UPDATE {table} SET {names} WHERE seq = ?",  # noqa: S608
        *values.values(), server.clock.now(), seq,
    )  # fmt: skip
    row = server.store.one(f"SELECT * FROM {table} WHERE seq = ?", seq)  # noqa: S608
    assert row is not None
    return row


def variables_of_function(server: Server, function: Row) -> list[Row]:
    """Its own variables, oldest first."""
    return server.store.all("SELECT * FROM variables WHERE function_seq = ? ORDER BY seq", function["seq"])


def show_function(ctx: Context, function: Row) -> dict[str, Any]:
    """A function as the request wants it spelt."""
    return function_view(function, variables_of_function(ctx.server, function), ctx.format)


def announce_function(ctx: Context, function: Row, action: str) -> dict[str, Any]:
    """Tells of a change; returns the function as the request wants it spelt."""
    shown = show_function(ctx, function)
    ids = {"functionId": function["id"]}
    ctx.emit(Event(f"functions.[functionId].{action}", ids, shown, (), ctx.caller.user_id))
    return shown


def deployment_event(function: Row, deployment: Row, action: str, user_id: str = "") -> Event:
    """The event of a change to a deployment."""
    return Event(
        f"functions.[functionId].deployments.[deploymentId].{action}",
        {"functionId": function["id"], "deploymentId": deployment["id"]},
        deployment_view(deployment, function["id"]),
        (),
        user_id,
    )

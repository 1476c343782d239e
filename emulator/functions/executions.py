"""Executions: begun by a request, and read afterwards."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from emulator.core.clock import spell
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, Upload, created, no_content
from emulator.core.ids import unique_id
from emulator.core.params import InvalidValueError, Param, one_of, spelled_boolean, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.functions import checks
from emulator.functions.execution_log import ExecutionLog
from emulator.functions.invoking import (
    Invocation,
    Invoker,
    execution_event,
    new_record,
    platform_headers,
    user_jwt,
)
from emulator.functions.records import active_deployment, find_function, open_function
from emulator.functions.scheduling import job_of
from emulator.functions.views import execution_view, header_list
from emulator.functions.worker_process import Outcome
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

register_types(
    {
        "execution_in_progress": 400,
        "execution_not_found": 404,
        "general_bad_request": 400,
        "user_unauthorized": 401,
    }
)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
_LARGEST_BODY = 10_485_760
_SOONEST_SECONDS = 60
_VISIBLE_STATUS = (
    "CASE WHEN status IN ('waiting', 'processing') AND created < '{}' THEN 'failed' ELSE status END"
)
_FIELDS = {
    **system_fields(),
    "trigger": Field("trigger_kind"),
    "status": Field("status"),
    "responseStatusCode": Field("response_status", "integer"),
    "duration": Field("duration", "float"),
    "requestMethod": Field("request_method"),
    "requestPath": Field("request_path"),
    "deploymentId": Field("deployment_id"),
}


async def create_execution(ctx: Context) -> Reply:
    """Executes a function: 201 with its answer, or 202 when it runs in the background or later."""
    args, caller = ctx.args, ctx.caller
    scheduled = _check_schedule(ctx)
    function = open_function(ctx)
    deployment = active_deployment(ctx.store, function)
    if not caller.privileged and caller.roles.isdisjoint(json.loads(function["execute"])):
        raise ApiError("user_unauthorized", "You may not execute this function.")
    execution_id = unique_id()
    jwt = user_jwt(ctx.server, function, caller.user_id, caller.session_id) if caller.session_id else ""
    if args["async"] and not jwt and caller.user_id:
        jwt = user_jwt(ctx.server, function, caller.user_id, "")
    headers = {
        **args["headers"],
        **platform_headers(ctx.server, function, execution_id, "http", caller.user_id, jwt),
        "x-appwrite-client-ip": ctx.request.client,
    }
    trigger = "schedule" if scheduled else "http"
    status = "scheduled" if scheduled else "waiting" if args["async"] else "processing"
    record = new_record(
        ctx.server, function, deployment["id"], execution_id, trigger, status,
        args["method"], args["path"], headers, caller.user_id,
    )  # fmt: skip
    invocation = Invocation(function, deployment, headers, args["body"], record)
    if args["async"]:
        return await _postpone(ctx, invocation, scheduled)
    outcome = await ctx.server.part(Invoker).run_synchronously(invocation)
    shown = {**execution_view(record, function["id"], caller.privileged), **_answer(outcome, execution_id)}
    ctx.emit(execution_event(function["id"], record, "create", shown))
    return created(shown)


def list_executions(ctx: Context) -> Reply:
    """Executions that match queries; users see their own."""
    function, args = open_function(ctx), ctx.args
    where, values = "function_seq = ?", [function["seq"]]
    if not ctx.caller.privileged:
        where, values = f"{where} AND user_id = ? AND user_id <> ''", [*values, ctx.caller.user_id]
    fields = {**_FIELDS, "status": Field(_VISIBLE_STATUS.format(_overdue(ctx, function)))}
    total, rows = list_entities(
        ctx.store, "executions", fields, args["queries"], where=where, args=values, total=args["total"]
    )
    return Reply(200, {"total": total, "executions": [_show(ctx, function, row) for row in rows]})


def get_execution(ctx: Context) -> Reply:
    """One execution; users may read their own."""
    function = open_function(ctx)
    row = _find(ctx, function)
    if not ctx.caller.privileged and row["user_id"] != ctx.caller.user_id:
        raise ApiError("execution_not_found", "The function has no execution with this id.")
    return Reply(200, _show(ctx, function, row))


def delete_execution(ctx: Context) -> Reply:
    """Forgets an execution that is over, or that has not begun; functions are not for users to change."""
    if not ctx.caller.privileged:
        raise ApiError("function_not_found", "There is no function with this id.")
    function = find_function(ctx)
    shown = _show(ctx, function, _find(ctx, function))
    if shown["status"] not in ("completed", "failed", "scheduled"):
        raise ApiError("execution_in_progress", "The execution is not over.")
    ctx.store.run("DELETE FROM executions WHERE id = ?", ctx.args["executionId"])
    return no_content()


async def _postpone(ctx: Context, invocation: Invocation, scheduled: str | None) -> Reply:
    function_id, record = invocation.function["id"], invocation.record
    if scheduled:
        record |= {"scheduled": scheduled, "job": job_of(invocation)}
    await ctx.server.part(ExecutionLog).save(record)
    shown = execution_view(record, function_id, ctx.caller.privileged)
    if not scheduled:
        ctx.server.part(Invoker).run_soon(invocation)
    ctx.emit(execution_event(function_id, record, "create", shown))
    return Reply(202, shown)


def _check_schedule(ctx: Context) -> str | None:
    """The moment to execute at as it is stored; whole minutes, and one of them away at least."""
    given = ctx.args["scheduledAt"]
    if given is None:
        return None
    if not ctx.args["async"]:
        raise ApiError("general_bad_request", "Only asynchronous executions can be scheduled.")
    try:
        when = datetime.fromisoformat(given)
        moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ApiError("general_bad_request", "scheduledAt is not a date and time.") from None
    if moment % 60 or moment < ctx.server.clock.time() + _SOONEST_SECONDS:
        raise ApiError("general_bad_request", "scheduledAt must be a whole minute, at least one from now.")
    return spell(moment)


def _answer(outcome: Outcome | None, execution_id: str) -> dict[str, Any]:
    """What only the caller who waited gets: the body and every header."""
    headers = {} if outcome is None else outcome.headers
    return {
        "responseBody": "" if outcome is None else outcome.body.decode("utf-8", "replace"),
        "responseHeaders": header_list([*headers.items(), ("x-appwrite-execution-id", execution_id)]),
    }


def _find(ctx: Context, function: Row) -> Row:
    row = ctx.store.one(
        "SELECT * FROM executions WHERE id = ? AND function_seq = ?", ctx.args["executionId"], function["seq"]
    )
    if row is None:
        raise ApiError("execution_not_found", "The function has no execution with this id.")
    return row


def _overdue(ctx: Context, function: Row) -> str:
    """What began before this moment and is not over counts as failed."""
    return spell(ctx.server.clock.time() - function["timeout"])


def _show(ctx: Context, function: Row, row: Row) -> dict[str, Any]:
    shown = execution_view(row, function["id"], ctx.caller.privileged)
    if row["status"] in ("waiting", "processing") and row["created"] < _overdue(ctx, function):
        shown["status"] = "failed"
    return shown


def _body(value: Any) -> bytes:
    """A text, or a file of a form."""
    if isinstance(value, Upload) and len(value.content) <= _LARGEST_BODY:
        return value.content
    if isinstance(value, str) and len(value) <= _LARGEST_BODY:
        return value.encode("utf-8", "replace")
    raise InvalidValueError(f"must be a text of at most {_LARGEST_BODY} characters")


_ALL = "/functions/{functionId}/executions"
_ONE = f"{_ALL}/{{executionId}}"
_OF_ONE = (checks.FUNCTION, Param("executionId", uid, required=True))
ROUTES = (
    Route(
        "POST", _ALL, create_execution, "executions.write",
        (
            checks.FUNCTION, Param("body", _body, default=b""),
            Param("async", spelled_boolean, default=False), Param("path", text(2048), default="/"),
            Param("method", one_of(*_METHODS), default="POST"),
            Param("headers", checks.headers, default={}), Param("scheduledAt", text(100)),
        ),
    ),
    Route("GET", _ALL, list_executions, "executions.read", (checks.FUNCTION, entity_queries(_FIELDS), TOTAL)),
    Route("GET", _ONE, get_execution, "executions.read", _OF_ONE),
    Route("DELETE", _ONE, delete_execution, "executions.write", _OF_ONE),
)  # fmt: skip

"""`/_local`: the request log, faults, the clock, the outbox, an empty database."""

from __future__ import annotations

from fnmatch import translate
from itertools import count, islice
from re import compile as pattern_of

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, boolean, integer, one_of, text
from emulator.core.routing import Route
from emulator.databases.physical import clear
from emulator.local.faults import KINDS, Fault, Faults
from emulator.local.params import MANY, number
from emulator.local.request_log import CAPACITY, RequestLog
from emulator.messaging.delivery import outbox

_numbers = count(1)

register_types({"local_fault_not_found": 404})


def list_requests(ctx: Context) -> Reply:
    """Logged requests after a sequence number, oldest first, and the newest number to ask from next time."""
    log, args = ctx.server.part(RequestLog), ctx.args
    path = pattern_of(translate(args["path"]))
    chosen = (
        entry.shown()
        for entry in log.after(args["since"])
        if (not args["executionId"] or entry.caller.execution_id == args["executionId"])
        and (args["method"] in ("", entry.method))
        and path.match(entry.path)
    )
    return Reply(body={"last": log.last, "requests": list(islice(chosen, args["limit"]))})


def create_fault(ctx: Context) -> Reply:
    """Adds a fault; `nth` is short for `from` that number and `count` 1."""
    args = ctx.args
    nth = args["nth"]
    fault = Fault(
        id=f"fault-{next(_numbers)}",
        kind=args["kind"],
        method=args["method"],
        path=args["path"],
        start=nth or args["from"],
        count=1 if nth else args["count"],
        execution_id=args["executionId"],
        from_functions=args["fromFunctions"],
        status=args["status"],
        type=args["type"],
        retry_after=args["retryAfter"],
        seconds=args["seconds"],
        after=args["after"],
        function_id=args["functionId"],
    )
    ctx.server.part(Faults).add(fault)
    return created(fault.shown())


def list_faults(ctx: Context) -> Reply:
    """Every fault with how many requests it saw and hit."""
    return Reply(body={"faults": [fault.shown() for fault in ctx.server.part(Faults).all()]})


def delete_fault(ctx: Context) -> Reply:
    """Removes one fault."""
    if not ctx.server.part(Faults).remove(ctx.args["faultId"]):
        raise ApiError("local_fault_not_found", "There is no fault with this id.")
    return no_content()


def clear_faults(ctx: Context) -> Reply:
    """Removes every fault."""
    ctx.server.part(Faults).clear()
    return no_content()


def show_clock(ctx: Context) -> Reply:
    """The server's time and how far it is ahead of the machine's."""
    clock = ctx.server.clock
    return Reply(body={"now": clock.now(), "offsetSeconds": clock.offset})


def move_clock(ctx: Context) -> Reply:
    """Sets the clock's offset to the machine's, or moves it on from where it is."""
    offset, advance = ctx.args["offsetSeconds"], ctx.args["advanceSeconds"]
    if (offset is None) == (advance is None):
        raise ApiError("general_argument_invalid", "Give either offsetSeconds or advanceSeconds.")
    clock = ctx.server.clock
    clock.move(clock.offset + advance if offset is None else offset)
    return show_clock(ctx)


def read_outbox(ctx: Context) -> Reply:
    """What messaging delivered, oldest first: one entry for each address."""
    return Reply(body={"deliveries": outbox(ctx.server)})


def forget_rows(ctx: Context) -> Reply:
    """Deletes every row of every table, and tells nobody."""
    clear(ctx.store)
    return no_content()


ROUTES = (
    Route(
        "GET", "/requests", list_requests, "local",
        (
            Param("since", integer(0, MANY), default=0), Param("executionId", text(36, 0), default=""),
            Param("method", text(10, 0), default=""), Param("path", text(0), default="*"),
            Param("limit", integer(1, CAPACITY), default=CAPACITY),
        ),
    ),
    Route(
        "POST", "/faults", create_fault, "local",
        (
            Param("kind", one_of(*KINDS), required=True), Param("method", text(10), default="*"),
            Param("path", text(0), default="*"), Param("nth", integer(1, MANY)),
            Param("from", integer(1, MANY), default=1), Param("count", integer(0, MANY), default=0),
            Param("executionId", text(36, 0), default=""), Param("fromFunctions", boolean, default=False),
            Param("status", integer(400, 599), default=503), Param("type", text(100, 0), default=""),
            Param("retryAfter", integer(0, 86_400)), Param("seconds", number(0, 86_400), default=0.0),
            Param("after", boolean, default=False), Param("functionId", text(36, 0), default=""),
        ),
    ),
    Route("GET", "/faults", list_faults, "local"),
    Route("DELETE", "/faults", clear_faults, "local"),
    Route("DELETE", "/faults/{faultId}", delete_fault, "local", (Param("faultId", text(36), required=True),)),
    Route("GET", "/outbox", read_outbox, "local"),
    Route("DELETE", "/rows", forget_rows, "local"),
    Route("GET", "/clock", show_clock, "local"),
    Route(
        "PUT", "/clock", move_clock, "local",
        (Param("offsetSeconds", number(-MANY, MANY)), Param("advanceSeconds", number(-MANY, MANY))),
    ),
)  # fmt: skip

"""What a fault does to the request that it was picked for, and to its connection."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from emulator.core.caller import Caller
from emulator.core.context import Server
from emulator.core.http import Reply
from emulator.functions.workers import Workers
from emulator.local.faults import DELAY, DROP_REPLY, KILL_AFTER, KILL_BEFORE, REFUSE, RESET, Fault

TRANSPORT = "emulator.transport"
_CLOSE_WITH_RESET = struct.pack("ii", 1, 0)
_USUAL_TYPES = {429: "general_rate_limit_exceeded", 503: "general_service_disabled"}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


Refusal = Callable[[int, str, str], Reply]
Answer = Callable[[], Awaitable[Reply]]


async def apply(
    fault: Fault, server: Server, caller: Caller, answer: Answer, refusal: Refusal
) -> Reply | None:
    """Carries a request out as the fault wants it; None when the connection is to be closed without a byte.

    A stalled body is whole here; `send_half` stalls it.
    """
    if fault.kind == RESET:
        return None
    if fault.kind == REFUSE:
        type_ = fault.type or _USUAL_TYPES.get(fault.status, "general_unknown")
        reply = refusal(fault.status, type_, "Refused by a fault of the local server.")
        if fault.retry_after is not None:
            reply.headers["retry-after"] = str(fault.retry_after)
        return reply
    if fault.kind == KILL_BEFORE:
        _kill(fault, server, caller)
        return None
    if fault.kind == DELAY and not fault.after:
        await asyncio.sleep(fault.seconds)
    reply = await answer()
    if fault.kind == DELAY and fault.after:
        await asyncio.sleep(fault.seconds)
    if fault.kind == KILL_AFTER:
        _kill(fault, server, caller)
    return None if fault.kind in (DROP_REPLY, KILL_AFTER) else reply


def _kill(fault: Fault, server: Server, caller: Caller) -> None:
    workers = server.part(Workers)
    if caller.execution_id:
        workers.kill_worker(caller.execution_id)
    elif fault.function_id:
        workers.kill_function(fault.function_id)


async def hang_up(scope: Scope, receive: Receive, reset: bool) -> None:
    """Closes the connection without another byte; reset: with a TCP reset instead of an orderly end."""
    transport: asyncio.Transport = scope[TRANSPORT]
    if reset:
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE_WITH_RESET)
    transport.abort()
    await _until_gone(receive)


async def send_half(
    scope: Scope,
    receive: Receive,
    send: Send,
    start: MutableMapping[str, Any],
    content: bytes,
    seconds: float,
) -> None:
    """Sends the head and half of the body, then nothing; closes after so many seconds (0: never)."""
    await send(start)
    await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    try:
        await asyncio.wait_for(_until_gone(receive), seconds or None)
    except TimeoutError:
        await hang_up(scope, receive, reset=False)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

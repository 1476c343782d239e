"""Executions at their time: functions with a cron expression, and executions with a moment of their own."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from contextlib import suppress

from emulator.core.context import Server
from emulator.core.ids import unique_id
from emulator.core.store import Row
from emulator.functions.cron import next_time
from emulator.functions.invoking import Invocation, Invoker, new_record, platform_headers, user_jwt

_LOOK_EVERY_SECONDS = 0.5
log = logging.getLogger("emulator")


def job_of(invocation: Invocation) -> str:
    """The request of an execution that waits for its time."""
    body = base64.b64encode(invocation.body).decode("ascii")
    return json.dumps({"headers": invocation.headers, "body": body})


class Scheduler:
    """Looks twice a second, and when the server's clock is moved, for what is due.

    A function that was due several times since the last look runs once.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._next: dict[int, tuple[str, float]] = {}
        self._looked = server.clock.time()
        self._moved = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch."""
        self._server.clock.when_moved(self._moved.set)
        self._watch = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stops watching."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    async def _run(self) -> None:
        while True:
            try:
                self._look()
            except Exception:
                log.exception("schedules could not be looked at")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), _LOOK_EVERY_SECONDS)
            self._moved.clear()

    def _look(self) -> None:
        now = self._server.clock.time()
        since, self._looked = min(self._looked, now), now
        if since == now:
            self._next.clear()
        active = "SELECT * FROM functions WHERE schedule <> '' AND deployment_id <> ''"
        for function in self._server.store.all(active):
            if self._is_due(function, since, now):
                self._execute(function)
        due = "SELECT * FROM executions WHERE status = 'scheduled' AND scheduled <= ? AND job <> ''"
        for execution in self._server.store.all(due, self._server.clock.now()):
            self._begin(execution)

    def _is_due(self, function: Row, since: float, now: float) -> bool:
        """Whether its time has come; one that was not there at the last look counts from that moment."""
        schedule, moment = self._next.get(function["seq"], ("", 0.0))
        if schedule != function["schedule"]:
            moment = next_time(function["schedule"], since)
        due = now >= moment
        self._next[function["seq"]] = (
            function["schedule"],
            next_time(function["schedule"], now) if due else moment,
        )
        return due

    def _execute(self, function: Row) -> None:
        invoker = self._server.part(Invoker)
        deployment = invoker.ready_deployment(function)
        if deployment is None:
            invoker.refuse(function, "schedule")
            return
        execution_id = unique_id()
        headers = platform_headers(self._server, function, execution_id, "schedule", "")
        record = new_record(
            self._server,
            function,
            deployment["id"],
            execution_id,
            "schedule",
            "processing",
            "POST",
            "/",
            headers,
        )
        invoker.run_soon(Invocation(function, deployment, headers, b"", record))

    def _begin(self, execution: Row) -> None:
        """Runs an execution whose time has come, with a fresh key and token."""
        store, invoker = self._server.store, self._server.part(Invoker)
        function = store.one("SELECT * FROM functions WHERE seq = ?", execution["function_seq"])
        assert function is not None
        deployment = invoker.ready_deployment(function)
        if deployment is None:
            store.run("DELETE FROM executions WHERE seq = ?", execution["seq"])
            invoker.refuse(function, "schedule")
            return
        store.run("UPDATE executions SET job = '' WHERE seq = ?", execution["seq"])
        job = json.loads(execution["job"])
        user_id = execution["user_id"]
        jwt = user_jwt(self._server, function, user_id, "") if user_id else ""
        headers = job["headers"] | platform_headers(
            self._server, function, execution["id"], "schedule", user_id, jwt
        )
        record = {name: execution[name] for name in execution.keys() if name != "seq"}  # noqa: SIM118
        invoker.run_soon(Invocation(function, deployment, headers, base64.b64decode(job["body"]), record))

"""One execution from its request to its record, whatever started it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.auth import issue_dynamic_key, issue_session_jwt
from emulator.core.context import Server
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.ids import unique_id
from emulator.core.store import Row
from emulator.functions.builds import Builds
from emulator.functions.environment import function_variables, process_environment
from emulator.functions.execution_log import ExecutionLog
from emulator.functions.views import execution_view, header_list
from emulator.functions.worker_process import Call, NoOutcomeError, Outcome, Program
from emulator.functions.workers import Workers

register_types({"function_synchronous_timeout": 408})

SYNCHRONOUS_SECONDS = 30
KEY_MARGIN_SECONDS = 60
_LONGEST_TEXT = 1_000_000
_KEPT_OF_REQUEST = ("content-type", "agent", "content-length", "host", "x-appwrite-client-ip")
_KEPT_OF_RESPONSE = ("content-type", "content-length")
_NO_DEPLOYMENT = "The execution could not begin: the function has no deployment that is ready."
log = logging.getLogger("emulator")


@dataclass(slots=True)
class Invocation:
    """A request to a function. headers: all that are sent; record: the row of the log as it is so far."""

    function: Row
    deployment: Row
    headers: dict[str, str]
    body: bytes
    record: dict[str, Any]

    def call(self) -> Call:
        """The request as it reaches the process, after the HTTP client on the way has had its say.

        That client leaves out headers without a value and names a type for a body that has none.
        """
        headers = [(name, value) for name, value in self.headers.items() if value]
        names = {name.lower() for name, _ in headers}
        if "host" not in names:
            headers.append(("host", f"{self.deployment['id']}:3000"))
        if "accept" not in names:
            headers.append(("accept", "*/*"))
        if self.body:
            if "content-length" not in names:
                headers.append(("content-length", str(len(self.body))))
            if "content-type" not in names:
                headers.append(("content-type", "application/x-www-form-urlencoded"))
        path: str = self.record["request_path"].partition("#")[0]
        return Call(
            execution_id=self.record["id"],
            method=self.record["request_method"],
            target=path if path.startswith("/") else f"/{path}",
            headers=headers,
            body=self.body,
            timeout=self.function["timeout"],
            logging=bool(self.function["logging"]),
        )


def platform_headers(
    server: Server,
    function: Row,
    execution_id: str,
    trigger: str,
    user_id: str,
    jwt: str = "",
    event: str = "",
) -> dict[str, str]:
    """The headers that the platform sets; empty ones do not reach the function."""
    lifetime = function["timeout"] + KEY_MARGIN_SECONDS
    scopes = json.loads(function["scopes"])
    return {
        "x-appwrite-execution-id": execution_id,
        "x-appwrite-key": issue_dynamic_key(server, scopes, function["id"], execution_id, lifetime),
        "x-appwrite-trigger": trigger,
        "x-appwrite-event": event,
        "x-appwrite-user-id": user_id,
        "x-appwrite-user-jwt": jwt,
        "x-appwrite-country-code": "",
        "x-appwrite-continent-code": "",
        "x-appwrite-continent-eu": "false",
    }


def user_jwt(server: Server, function: Row, user_id: str, session_id: str) -> str:
    """A token of a user that outlives the execution by a minute."""
    return issue_session_jwt(server, user_id, session_id, function["timeout"] + KEY_MARGIN_SECONDS)


def new_record(
    server: Server, function: Row, deployment_id: str, execution_id: str, trigger: str, status: str,
    method: str, path: str, headers: Mapping[str, str], user_id: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The row of an execution that has no outcome yet."""
    now = server.clock.now()
    kept = [(name, value) for name, value in headers.items() if name.lower() in _KEPT_OF_REQUEST]
    return {
        "id": execution_id, "function_seq": function["seq"], "deployment_id": deployment_id,
        "created": now, "updated": now, "user_id": user_id, "trigger_kind": trigger, "status": status,
        "request_method": method, "request_path": path, "request_headers": json.dumps(header_list(kept)),
        "response_status": 0, "response_headers": "[]", "logs": "", "errors": "", "duration": 0.0,
        "scheduled": None, "job": "",
    }  # fmt: skip


class Invoker:
    """Runs invocations and writes what became of them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """Stops what nobody waits for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def ready_deployment(self, function: Row) -> Row | None:
        """The active deployment when it can run."""
        return self._server.store.one(
            "SELECT * FROM deployments WHERE id = ? AND function_seq = ? AND status = 'ready'",
            function["deployment_id"], function["seq"],
        )  # fmt: skip

    async def run_synchronously(self, invocation: Invocation) -> Outcome | None:
        """Runs while the caller waits; None without an outcome.

        ApiError function_synchronous_timeout after 30 seconds; the function goes on.
        """
        began = time.perf_counter()
        running = asyncio.ensure_future(self._run(invocation))
        try:
            outcome = await asyncio.wait_for(asyncio.shield(running), SYNCHRONOUS_SECONDS)
        except TimeoutError:
            running.add_done_callback(lambda task: task.exception())
            timeout = ApiError("function_synchronous_timeout", "The function took longer than 30 seconds.")
            await self._save(invocation, _failure(timeout.message, 408, SYNCHRONOUS_SECONDS))
            raise timeout from None
        except NoOutcomeError as error:
            await self._save(invocation, _failure(str(error), 500, time.perf_counter() - began))
            return None
        await self._save(invocation, _result(outcome))
        return outcome

    def run_soon(self, invocation: Invocation) -> None:
        """Runs in the background and announces the outcome."""
        self._spawn(self._run_in_background(invocation))

    def refuse(self, function: Row, trigger: str) -> None:
        """Records that a trigger found no deployment to run."""
        record = new_record(self._server, function, "", unique_id(), trigger, "failed", "POST", "/", {})
        self._spawn(self._record_refusal({**record, "errors": _NO_DEPLOYMENT}))

    async def _record_refusal(self, record: dict[str, Any]) -> None:
        await self._server.part(ExecutionLog).save(record)

    async def _run(self, invocation: Invocation) -> Outcome:
        function, deployment = invocation.function, invocation.deployment

        def program() -> Program:
            build = self._server.part(Builds).find(deployment["build_key"])
            if build is None:
                raise NoOutcomeError("The build of the deployment is gone; deploy again.")
            variables = function_variables(self._server, function, deployment)
            return Program(build.python, build.folder, process_environment(build.environment, variables))

        workers = self._server.part(Workers)
        return await workers.run(function["id"], deployment["id"], invocation.call(), program)

    async def _run_in_background(self, invocation: Invocation) -> None:
        began = time.perf_counter()
        try:
            result = _result(await self._run(invocation))
        except NoOutcomeError as error:
            result = _failure(str(error), 500, time.perf_counter() - began)
        await self._save(invocation, result)
        function_id, record = invocation.function["id"], invocation.record
        self._server.events.publish(execution_event(function_id, record, "update"))

    async def _save(self, invocation: Invocation, result: dict[str, Any]) -> None:
        invocation.record |= {**result, "updated": self._server.clock.now()}
        await self._server.part(ExecutionLog).save(invocation.record)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an execution could not be recorded", exc_info=error)


def execution_event(
    function_id: str, record: dict[str, Any], action: str, shown: dict[str, Any] | None = None
) -> Event:
    """The event of an execution; the payload is what was answered, or the execution without its logs."""
    return Event(
        f"functions.[functionId].executions.[executionId].{action}",
        {"functionId": function_id, "executionId": record["id"]},
        shown or execution_view(record, function_id, with_logs=False),
        (f"user:{record['user_id']}",) if record["user_id"] else (),
        record["user_id"],
    )


def _result(outcome: Outcome) -> dict[str, Any]:
    kept = [(name, value) for name, value in outcome.headers.items() if name in _KEPT_OF_RESPONSE]
    return {
        "status": "failed" if outcome.status >= 500 else "completed",
        "response_status": outcome.status,
        "response_headers": json.dumps(header_list(kept)),
        "logs": _end_of(outcome.logs, "Logs"),
        "errors": _end_of(outcome.errors, "Errors"),
        "duration": outcome.duration,
        "job": "",
    }


def _failure(message: str, code: int, duration: float) -> dict[str, Any]:
    """Without an outcome it is a 500; the two characters before the code are the real server's."""
    errors = f"{message}\\nError Code: {code}"
    return {"status": "failed", "response_status": 500, "errors": errors, "duration": duration, "job": ""}


def _end_of(text: str, what: str) -> str:
    """A text or, when it is too long, a warning and its end."""
    if len(text) <= _LONGEST_TEXT:
        return text
    warning = f"[WARNING] {what} truncated. The output exceeded {_LONGEST_TEXT} characters.\n"
    return warning + text[len(warning) - _LONGEST_TEXT :]

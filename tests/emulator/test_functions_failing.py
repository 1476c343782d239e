"""Functions that crash, hang, exit, answer nonsense or cannot be loaded, and those that go on beside them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.core.clock import Clock
from emulator.core.context import Config, Server
from emulator.core.errors import ApiError
from emulator.core.events import EventBus
from emulator.core.store import Store
from emulator.functions import invoking
from emulator.functions.execution_log import ExecutionLog
from emulator.functions.tables import SCHEMA
from emulator.functions.worker_process import Call, Outcome
from emulator.functions.workers import Workers
from tests.support.functions import deploy, execute
from tests.support.local_server import Http, LocalServer, wait_until

BAD = """
import asyncio, os, signal, sys, time

async def main(context):
    do = context.req.path[1:]
    if do == "fine":
        return context.res.json({"pid": os.getpid()}, 200, {})
    if do == "exit":
        sys.exit(0)
    if do == "os-exit":
        os._exit(1)
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "hang":
        await asyncio.sleep(3600)
    if do == "raise":
        raise ValueError("on purpose")
    if do == "time-out":
        raise TimeoutError("of something else")
    if do == "cancel":
        raise asyncio.CancelledError
    if do == "base":
        raise BaseException("not even an Exception")
    returned = {
        "nothing": None, "text": "x", "number": 7, "no-body": {}, "number-body": {"body": 7},
        "text-status": {"body": "", "statusCode": "soon"}, "no-headers": {"headers": None},
        "list-header": {"body": "", "headers": {"x-a": ["b"]}},
        "line-break": {"body": "", "headers": {"x-a": "b\\nc: d"}},
    }
    return returned[do]
"""
PATIENT = """
import asyncio
released = asyncio.Event()

async def main(context):
    if context.req.path == "/release":
        released.set()
    await released.wait()
    return context.res.text("undisturbed", 200, {})
"""
BLOCKING = """
import os, time

def main(context):
    seconds, then = context.req.query["seconds"], context.req.query.get("then")
    began = time.time()
    time.sleep(float(seconds))
    if then == "crash":
        os._exit(1)
    return context.res.json([os.getpid(), began, time.time()], 200, {})
"""


@pytest.fixture(scope="module")
def bad(http: Http) -> str:
    """A function that fails as its path says; its limit is a second."""
    return deploy(http, "fn-bad", BAD, timeout=1)


@pytest.fixture(scope="module")
def blocking(http: Http) -> str:
    """A function whose `main` is not async and takes as long as it is told."""
    return deploy(http, "fn-blocking", BLOCKING, timeout=1)


@pytest.mark.parametrize(
    "do, status, errors",
    [
        ("exit", 500, "\\nError Code: 500"),
        ("os-exit", 500, "\\nError Code: 500"),
        ("kill", 500, "\\nError Code: 500"),
        ("cancel", 500, "\\nError Code: 500"),
        ("base", 500, "\\nError Code: 500"),
        ("list-header", 500, "\\nError Code: 500"),
        ("line-break", 500, "\\nError Code: 500"),
        ("hang", 500, "Execution timed out.\n"),
        ("time-out", 500, "Execution timed out.\n"),
        ("raise", 500, "ValueError: on purpose\n\n"),
        (
            "nothing",
            500,
            "Return statement missing. return context.res.empty() if no response is expected.\n",
        ),
        ("text", 500, "AttributeError: 'str' object has no attribute 'get'\n"),
        ("number", 500, "AttributeError: 'int' object has no attribute 'get'\n"),
        ("number-body", 500, "TypeError: Unsupported body type <class 'int'>\n"),
        ("text-status", 500, "ValueError: invalid literal for int() with base 10: 'soon'\n"),
        ("no-headers", 500, "TypeError: 'NoneType' object is not iterable\n"),
        ("no-body", 200, ""),
    ],
)
def test_each_failure_has_its_status_and_leaves_the_next_execution_alone(
    http: Http, bad: str, do: str, status: int, errors: str
) -> None:
    execution = execute(http, bad, f"/{do}")
    assert (execution["responseStatusCode"], execution["responseBody"]) == (status, "")
    assert execution["status"] == ("failed" if status == 500 else "completed")
    assert execution["errors"].endswith(errors)
    assert execute(http, bad, "/fine")["responseStatusCode"] == 200


@pytest.mark.parametrize("do", ["exit", "os-exit", "kill", "hang", "raise", "nothing"])
def test_executions_of_other_functions_go_on(http: Http, bad: str, do: str) -> None:
    patient = deploy(http, f"fn-patient-{do}", PATIENT)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(execute, http, patient)
        assert execute(http, bad, f"/{do}")["status"] == "failed"
        execute(http, patient, "/release")
        assert waiting.result()["responseBody"] == "undisturbed"


def test_a_crash_takes_the_executions_that_share_the_process_with_it(http: Http, bad: str) -> None:
    first = json.loads(execute(http, bad, "/fine")["responseBody"])["pid"]
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(execute, http, bad, "/hang")
        assert execute(http, bad, "/kill")["status"] == "failed"
        assert hanging.result()["status"] == "failed"
    assert json.loads(execute(http, bad, "/fine")["responseBody"])["pid"] != first


@pytest.mark.parametrize(
    "code, reason",
    [
        ("import no_such_module\n", "Module not found: no_such_module\n"),
        ("def main(context)\n", "Syntax error in "),
        ("x = 1\n", "Did you forget to export a 'main' function?"),
        ("raise RuntimeError('at import')\n", "RuntimeError: at import"),
    ],
    ids=["module", "syntax", "main", "exception"],
)
def test_code_that_cannot_be_loaded_is_a_503_each_time(
    http: Http, request: pytest.FixtureRequest, code: str, reason: str
) -> None:
    function = deploy(http, f"fn-unloadable-{request.node.callspec.id}", code)
    for _ in range(2):
        execution = execute(http, function)
        assert (execution["responseStatusCode"], execution["responseBody"]) == (503, "")
        assert reason in execution["errors"]


def test_code_that_exits_while_it_is_imported_does_not_stop_the_server(http: Http, bad: str) -> None:
    assert execute(http, deploy(http, "fn-exit-at-import", "raise SystemExit(3)\n"))["status"] == "failed"
    assert execute(http, bad, "/fine")["status"] == "completed"


def test_a_plain_main_runs_one_after_the_other(http: Http, blocking: str) -> None:
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda _: execute(http, blocking, "/?seconds=0.2"), range(3)))
    spans = sorted(json.loads(run["responseBody"])[1:] for run in runs)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_what_waits_behind_a_crash_is_run_by_the_next_process(http: Http, blocking: str) -> None:
    first = json.loads(execute(http, blocking, "/?seconds=0")["responseBody"])[0]
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(execute, http, blocking, "/?seconds=0.4&then=crash")]
        runs += [pool.submit(execute, http, blocking, "/?seconds=0") for _ in range(5)]
        results = [run.result() for run in runs]
    assert [result["status"] for result in results].count("failed") == 1
    assert results[0]["status"] == "failed"
    assert any(json.loads(result["responseBody"])[0] != first for result in results[1:])


def test_a_main_that_blocks_past_its_limit_fails_and_later_ones_get_another_process(
    http: Http, blocking: str
) -> None:
    first = json.loads(execute(http, blocking, "/?seconds=0")["responseBody"])[0]
    began = time.monotonic()
    assert execute(http, blocking, "/?seconds=30")["status"] == "failed"
    assert time.monotonic() - began < 15
    assert json.loads(execute(http, blocking, "/?seconds=0")["responseBody"])[0] != first
    os.kill(first, 0)


def test_the_caller_is_told_after_30_seconds_while_the_function_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = asyncio.Event()

    class SlowWorkers(Workers):
        async def run(self, function_id: str, deployment_id: str, call: Call, program: object) -> Outcome:
            await asyncio.sleep(0.05)
            finished.set()
            return Outcome(200, {}, b"", "", "", 0.05)

    async def scenario() -> None:
        monkeypatch.setattr(invoking, "SYNCHRONOUS_SECONDS", 0.01)
        store = Store(tmp_path / "db", [SCHEMA], {})
        server = Server(Config(**dict.fromkeys(Config.__dataclass_fields__, "")), store, Clock(), EventBus())
        server.parts = {Workers: SlowWorkers(), ExecutionLog: ExecutionLog(server)}
        columns = [row["name"] for row in store.all("PRAGMA table_info(functions)") if row["name"] != "seq"]
        store.insert("functions", {name: 40 if name == "timeout" else "" for name in columns})
        function = store.one("SELECT * FROM functions")
        assert function is not None
        record = invoking.new_record(server, function, "d", "e1", "http", "processing", "POST", "/", {})
        invocation = invoking.Invocation(function, {"id": "d"}, {}, b"", record)  # type: ignore[arg-type]
        with pytest.raises(ApiError) as refused:
            await invoking.Invoker(server).run_synchronously(invocation)
        assert (refused.value.status, refused.value.type) == (408, "function_synchronous_timeout")
        await asyncio.wait_for(finished.wait(), 5)
        row = store.one("SELECT * FROM executions")
        assert row is not None
        assert (row["status"], row["response_status"]) == ("failed", 500)

    asyncio.run(scenario())


def test_a_stopping_server_ends_what_runs(fresh_server: LocalServer, fresh_http: Http) -> None:
    function = deploy(fresh_http, "fn-endless", BLOCKING, timeout=60)
    with ThreadPoolExecutor() as pool:
        execute(fresh_http, function, "/?seconds=0")
        running = pool.submit(execute, fresh_http, function, "/?seconds=60")
        began = time.monotonic()
        fresh_server.stop()
        assert time.monotonic() - began < 10
        with suppress(Exception):
            assert running.result()["status"] == "failed"


def test_no_process_outlives_a_killed_server(fresh_server: LocalServer, fresh_http: Http) -> None:
    function = deploy(fresh_http, "fn-orphan", BLOCKING)
    pid = json.loads(execute(fresh_http, function, "/?seconds=0")["responseBody"])[0]
    with ThreadPoolExecutor() as pool, suppress(Exception):
        running = pool.submit(execute, fresh_http, function, "/?seconds=60")
        fresh_server.kill()
        running.result()

    def gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(gone)

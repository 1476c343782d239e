"""Faults that hit calls made by functions: their process dies before or after the call was carried out."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from tests.support.local_server import Http, LocalServer, found, ok, wait_until
from tests.support.payments import PRICE, make, movements

FUNCTION = "fault-caller"
CODE = """
import base64, json, os, urllib.request

def send(url, headers, body):
    headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as reply:
        return reply.status

def main(context):
    asked = json.loads(context.req.body_text)
    statuses = []
    if "database" in asked:
        headers = {
            "x-appwrite-project": os.environ["APPWRITE_FUNCTION_PROJECT_ID"],
            "x-appwrite-key": context.req.headers["x-appwrite-key"],
        }
        for number in (1, 2):
            body = {"databaseId": f"{asked['database']}-{number}", "name": "made by a function"}
            statuses.append(send(os.environ["APPWRITE_FUNCTION_API_ENDPOINT"] + "/tablesdb", headers, body))
    if "refund" in asked:
        secret = base64.b64encode(asked["auth"].encode()).decode()
        statuses.append(send(asked["refund"], {"authorization": "Basic " + secret}, {}))
    return context.res.json({"statuses": statuses})
"""


@pytest.fixture(scope="module")
def function(http: Http) -> str:
    """A deployed function that calls the API, or the gateway, as its body says."""
    settings = {
        "functionId": FUNCTION, "name": "Caller", "runtime": "python-3.12", "entrypoint": "main.py",
        "execute": ["any"], "scopes": ["databases.write"],
    }  # fmt: skip
    ok(http.post("/functions", settings))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("main.py")
        entry.size = len(CODE.encode())
        archive.addfile(entry, io.BytesIO(CODE.encode()))
    files = {"code": ("code.tar.gz", packed.getvalue(), "application/gzip")}
    ok(http.call("POST", f"/functions/{FUNCTION}/deployments", data={"activate": "true"}, files=files))
    wait_until(lambda: ok(http.get(f"/functions/{FUNCTION}"))["deploymentId"], seconds=60)
    return FUNCTION


def execute(http: Http, function: str, **body: Any) -> dict[str, Any]:
    execution: dict[str, Any] = ok(
        http.post(f"/functions/{function}/executions", {"body": json.dumps(body), "async": False})
    )
    return execution


def databases(http: Http, name: str) -> list[int]:
    """Which of the two databases of a function's run are there."""
    return [number for number in (1, 2) if found(http.get(f"/tablesdb/{name}-{number}")) is not None]


def test_without_a_fault_both_calls_are_in_the_log_with_their_execution(
    local: Http, http: Http, function: str
) -> None:
    execution = execute(http, function, database="whole")
    assert json.loads(execution["responseBody"]) == {"statuses": [201, 201]}
    assert databases(http, "whole") == [1, 2]
    log = ok(local.get("/requests", params={"executionId": execution["$id"]}))["requests"]
    assert [(e["method"], e["path"], e["status"]) for e in log] == [("POST", "/v1/tablesdb", 201)] * 2


@pytest.mark.parametrize(
    "kind, nth, left",
    [
        ("kill_function_before", 1, []),
        ("kill_function_after", 1, [1]),
        ("kill_function_before", 2, [1]),
        ("kill_function_after", 2, [1, 2]),
    ],
)
def test_the_process_dies_at_its_nth_call(
    local: Http, http: Http, function: str, kind: str, nth: int, left: list[int]
) -> None:
    name = f"{kind.rsplit('_', 1)[1]}-{nth}"
    fault = {"kind": kind, "method": "POST", "path": "/v1/tablesdb", "fromFunctions": True, "nth": nth}
    fault_id = ok(local.post("/faults", fault))["id"]
    execution = execute(http, function, database=name)
    assert (execution["status"], execution["responseBody"]) == ("failed", "")
    assert databases(http, name) == left
    log = ok(local.get("/requests", params={"executionId": execution["$id"]}))["requests"]
    assert [(e["status"], e["fault"]) for e in log] == [(201, None)] * (nth - 1) + [(0, fault_id)]
    ok(local.delete("/faults"))
    assert execute(http, function, database=f"{name}-again")["status"] == "completed"


def test_a_fault_of_one_execution_spares_the_next(local: Http, http: Http, function: str) -> None:
    first = execute(http, function, database="spare-1")
    ok(local.post("/faults", {"kind": "refuse", "path": "/v1/*", "executionId": first["$id"]}))
    assert execute(http, function, database="spare-2")["status"] == "completed"


@pytest.mark.parametrize("kind, applied", [("kill_function_before", False), ("kill_function_after", True)])
def test_the_process_dies_at_a_call_to_the_gateway(
    local: Http, http: Http, server: LocalServer, function: str, kind: str, applied: bool
) -> None:
    payment, said = make(local), server.ready.razorpay
    url = f"{said['url']}/v1/payments/{payment['id']}/refund"
    ok(local.post("/faults", {"kind": kind, "path": "*/refund", "functionId": function}))
    execution = execute(http, function, refund=url, auth=f"{said['keyId']}:{said['keySecret']}")
    assert (execution["status"], execution["responseBody"]) == ("failed", "")
    assert (("refunded", PRICE) in movements(local, payment["id"])) is applied

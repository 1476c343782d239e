"""Functions as their owner manages them: settings, uploads, builds, and what starts executions."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.emulator.people import new_person
from tests.support.functions import built, create, deploy, execute, executions, packed, upload
from tests.support.local_server import Http, LocalServer, ok, wait_until

SAYS_ENVIRONMENT = """
import json, os
from pathlib import Path

def main(context):
    made = Path(__file__).with_name("made.txt")
    context.log(context.req.headers.get("x-appwrite-trigger"), context.req.headers.get("x-appwrite-event"))
    body = {"made": made.read_text().strip() if made.exists() else None, "mine": os.environ.get("MINE")}
    return context.res.json({**body, "request": context.req.body_text}, 200, {})
"""
PART = 5 * 1024 * 1024


def answer_of(http: Http, function: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(execute(http, function)["responseBody"])
    return found


def test_put_resets_what_it_leaves_out_but_for_runtime_and_entrypoint(http: Http) -> None:
    function = create(
        http, "fn-reset", timeout=60, commands="true", scopes=["rows.read"], events=["users.*.create"],
        schedule="@daily", enabled=False, logging=False, specification="s-2vcpu-2gb", deploymentRetention=3,
    )  # fmt: skip
    before = ok(http.get(f"/functions/{function}"))
    after = ok(http.put(f"/functions/{function}", {"name": "renamed"}))
    changed = {name: after[name] for name in after if after[name] != before[name] and name[0] != "$"}
    assert changed == {
        "name": "renamed", "execute": [], "events": [], "schedule": "", "timeout": 15, "enabled": True,
        "live": False, "logging": True, "commands": "", "scopes": [], "specification": "s-1vcpu-512mb",
        "deploymentRetention": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule": "* * * *"}, {"schedule": "61 * * * *"}, {"events": ["functions.*.create"]},
        {"events": ["users.*.explode"]}, {"events": "users.*.create"}, {"timeout": 0}, {"enabled": "yes"},
        {"execute": ["user:"]}, {"scopes": ["rows.eat"]}, {"deploymentRetention": -1},
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(http: Http, wrong: dict[str, Any]) -> None:
    body = {"functionId": "fn-wrong", "name": "x", "runtime": "python-3.12", **wrong}
    answer = http.post("/functions", body)
    assert (answer.status_code, answer.json()["type"]) == (400, "general_argument_invalid")


def test_code_can_come_in_parts_in_any_order(http: Http) -> None:
    function = create(http, "fn-parts")
    code = packed({"main.py": SAYS_ENVIRONMENT, "ballast": os.urandom(PART + 1000)})
    headers = {"x-appwrite-id": "fn-parts-deployment"}
    for start in reversed(range(0, len(code), PART)):
        part = code[start : start + PART]
        headers["content-range"] = f"bytes {start}-{start + len(part) - 1}/{len(code)}"
        deployment = ok(
            http.call(
                "POST", f"/functions/{function}/deployments", data={"activate": "true"}, headers=headers,
                files={"code": ("code.tar.gz", part)},
            )
        )  # fmt: skip
    assert (deployment["$id"], deployment["sourceSize"]) == ("fn-parts-deployment", len(code))
    assert built(http, function, deployment["$id"])["status"] == "ready"
    assert execute(http, function)["status"] == "completed"
    download = http.get(f"/functions/{function}/deployments/{deployment['$id']}/download")
    assert download.content == code


def test_the_same_code_and_commands_are_built_once(http: Http) -> None:
    commands = "python -c 'import random; print(random.random())' > made.txt"
    made = [
        answer_of(http, deploy(http, f"fn-shared-{number}", SAYS_ENVIRONMENT, commands=commands))["made"]
        for number in (1, 2)
    ]
    assert made[0] is not None and made[0] == made[1]
    other = answer_of(http, deploy(http, "fn-shared-3", SAYS_ENVIRONMENT, commands=commands + " "))["made"]
    assert other not in made


def test_commands_install_into_an_environment_of_their_own(http: Http) -> None:
    files = {
        "main.py": "import shop\n\ndef main(context):\n"
        "    return context.res.text(f'{shop.PRICE} {shop.__file__}', 200, {})\n",
        "pyproject.toml": '[project]\nname="shop"\nversion="1"\n[tool.setuptools]\npy-modules=["shop"]\n',
        "shop.py": "PRICE = 1\n",
    }
    first = execute(http, deploy(http, "fn-installs", files, commands="pip install ."))["responseBody"]
    assert first.startswith("1 ") and "/runtime-env/" in first
    files["shop.py"] = "PRICE = 22\n"
    deployment = upload(http, "fn-installs", files)
    assert built(http, "fn-installs", deployment)["status"] == "ready"
    wait_until(lambda: ok(http.get("/functions/fn-installs"))["deploymentId"] == deployment)
    assert execute(http, "fn-installs")["responseBody"].startswith("22 ")


def test_variables_are_there_while_it_is_built_and_while_it_runs(http: Http) -> None:
    function = create(http, "fn-variables", commands='printf "$MINE $APPWRITE_VERSION" > made.txt')
    ok(http.post(f"/functions/{function}/variables", {"key": "MINE", "value": "of the function"}))
    shared = ok(http.post("/project/variables", {"key": "MINE", "value": "of the project"}))
    built(http, function, upload(http, function, {"main.py": SAYS_ENVIRONMENT}))
    assert answer_of(http, function) == {
        "made": "of the function 1.9.6",
        "mine": "of the function",
        "request": "",
    }
    ok(http.delete(f"/project/variables/{shared['$id']}"))


@pytest.mark.parametrize(
    "settings, code, reason",
    [
        ({"commands": "echo so far so good; exit 3"}, packed({"main.py": ""}), "so far so good"),
        ({"runtime": "node-22"}, packed({"main.py": ""}), "node-22"),
        ({}, b"no archive at all", "cannot be unpacked"),
    ],
    ids=["commands", "runtime", "archive"],
)
def test_a_build_that_fails_says_why(http: Http, settings: dict[str, Any], code: bytes, reason: str) -> None:
    function = create(http, f"fn-unbuilt-{reason.replace(' ', '-')}", **settings)
    files = {"code": ("code.tar.gz", code)}
    deployment = ok(
        http.call("POST", f"/functions/{function}/deployments", data={"activate": "true"}, files=files)
    )
    assert deployment["status"] == "waiting"
    deployment = built(http, function, deployment["$id"])
    assert deployment["status"] == "failed"
    assert reason in deployment["buildLogs"]
    assert http.post(f"/functions/{function}/executions").json()["type"] == "deployment_not_found"


def test_a_new_deployment_takes_over_and_an_old_one_can_be_activated_again(http: Http) -> None:
    def code(answer: str) -> dict[str, str | bytes]:
        return {"main.py": f"def main(context):\n    return context.res.text({answer!r}, 200, {{}})\n"}

    function = deploy(http, "fn-versions", code("first"))
    first = ok(http.get(f"/functions/{function}"))["deploymentId"]
    assert execute(http, function)["responseBody"] == "first"
    second = upload(http, function, code("second"))
    wait_until(lambda: ok(http.get(f"/functions/{function}"))["deploymentId"] == second)
    assert execute(http, function)["responseBody"] == "second"
    ok(http.patch(f"/functions/{function}/deployment", {"deploymentId": first}))
    assert execute(http, function)["responseBody"] == "first"
    ok(http.delete(f"/functions/{function}/deployments/{first}"))
    assert http.post(f"/functions/{function}/executions").json()["type"] == "deployment_not_found"
    assert ok(http.get(f"/functions/{function}"))["latestDeploymentId"] == second


def test_a_killed_server_goes_on_building(fresh_server: LocalServer, fresh_http: Http) -> None:
    function = create(fresh_http, "fn-interrupted", commands="sleep 1")
    deployment = upload(fresh_http, function, {"main.py": SAYS_ENVIRONMENT})
    fresh_server.kill()
    fresh_server.restart()
    assert built(fresh_http, function, deployment)["status"] == "ready"
    assert execute(fresh_http, function)["status"] == "completed"


def test_a_schedule_starts_an_execution_when_its_time_comes(local: Http, http: Http) -> None:
    function = deploy(http, "fn-yearly", SAYS_ENVIRONMENT, schedule="0 0 1 1 *")
    never = deploy(http, "fn-unscheduled", SAYS_ENVIRONMENT)
    now = datetime.fromisoformat(ok(local.get("/clock"))["now"])
    new_year = datetime(now.year + 1, 1, 1, 0, 0, 1, tzinfo=now.tzinfo)
    wait_until(lambda: ok(http.get(f"/functions/{function}"))["deploymentId"])
    ok(local.put("/clock", {"advanceSeconds": (new_year - now - timedelta(hours=1)).total_seconds()}))
    assert executions(http, function) == []
    ok(local.put("/clock", {"advanceSeconds": 3600}))
    (execution,) = wait_until(lambda: executions(http, function))
    assert (execution["trigger"], execution["requestMethod"], execution["logs"]) == (
        "schedule",
        "POST",
        "schedule None\n",
    )
    assert executions(http, never) == []


def test_an_execution_can_wait_for_its_moment(local: Http, http: Http, server: LocalServer) -> None:
    function = deploy(http, "fn-later", SAYS_ENVIRONMENT, execute=["users"])
    person = new_person(server, http)
    now = datetime.fromisoformat(ok(local.get("/clock"))["now"])
    moment = (now + timedelta(minutes=10)).replace(second=0, microsecond=0).isoformat()
    request = {"async": True, "scheduledAt": moment, "body": "kept", "headers": {"x-a": "b"}}
    execution = ok(person.sign_in().post(f"/functions/{function}/executions", request))
    assert (execution["status"], execution["trigger"]) == ("scheduled", "schedule")
    assert datetime.fromisoformat(execution["scheduledAt"]) == datetime.fromisoformat(moment)
    unwanted = ok(http.post(f"/functions/{function}/executions", request))["$id"]
    ok(http.delete(f"/functions/{function}/executions/{unwanted}"))
    ok(local.put("/clock", {"advanceSeconds": 660}))
    (done,) = wait_until(lambda: executions(http, function))
    assert (done["$id"], done["status"], done["logs"]) == (execution["$id"], "completed", "schedule None\n")
    assert done["$permissions"] == [f'read("user:{person.id}")']


@pytest.mark.parametrize("scheduled", ["tomorrow", "2001-01-01T00:00:00Z", "2100-01-01T00:00:30Z"])
def test_moments_that_are_none_or_past_or_between_minutes_are_refused(http: Http, scheduled: str) -> None:
    request = {"async": True, "scheduledAt": scheduled}
    answer = http.post("/functions/fn-any/executions", request)
    assert (answer.status_code, answer.json()["type"]) == (400, "general_bad_request")


def test_events_start_the_functions_that_listen_to_them(http: Http, server: LocalServer) -> None:
    any_session = deploy(http, "fn-sessions", SAYS_ENVIRONMENT, events=["users.*.sessions.*.create"])
    person = new_person(server, http)
    this_user = deploy(http, "fn-this-user", SAYS_ENVIRONMENT, events=[f"users.{person.id}.update.name"])
    person.sign_in()
    ok(http.patch(f"/users/{person.id}/name", {"name": "renamed"}))
    (execution,) = wait_until(lambda: executions(http, any_session))
    assert execution["trigger"] == "event"
    assert execution["logs"].startswith(f"event users.{person.id}.sessions.")
    (execution,) = wait_until(lambda: executions(http, this_user))
    assert execution["logs"].startswith(f"event users.{person.id}.update")


def test_an_event_for_a_function_that_cannot_run_is_recorded_as_failed(
    http: Http, server: LocalServer
) -> None:
    function = create(http, "fn-not-deployed", events=["users.*.create"])
    new_person(server, http)
    (execution,) = wait_until(lambda: executions(http, function))
    assert (execution["status"], execution["deploymentId"]) == ("failed", "")
    ok(http.delete(f"/functions/{function}"))

"""Deploys the functions of appwrite.json from the working tree: settings, variables, code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.appwrite_http import Http, found, ok
from scripts.project.config import ProjectConfig
from scripts.project.package import package

BUILD_SECONDS = 600.0
_SETTINGS = (
    "name", "runtime", "specification", "execute", "events", "scopes", "schedule", "timeout", "enabled",
    "logging", "entrypoint", "commands",
)  # fmt: skip


class DeployError(Exception):
    """A function was not built; the message ends with its build log."""


def deploy_functions(
    http: Http, project: ProjectConfig, variables: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Deploys every function with the same variables and waits until each is ready; may raise DeployError."""
    waiting = []
    for function in project.functions:
        _apply_settings(http, function)
        _apply_variables(http, function["$id"], variables)
        waiting.append((function["$id"], _upload(http, function, package(function, project.root))))
    for function_id, deployment_id in waiting:
        say(f"building {function_id}")
        seconds = _wait_until_ready(http, function_id, deployment_id)
        say(f"deployed {function_id} in {seconds:.1f} s")


def _apply_settings(http: Http, function: dict[str, Any]) -> None:
    settings = {name: function[name] for name in _SETTINGS if name in function}
    path = f"/functions/{function['$id']}"
    if found(http.get(path)) is None:
        ok(http.post("/functions", {"functionId": function["$id"], **settings}))
    else:
        ok(http.put(path, settings))


def _apply_variables(http: Http, function_id: str, variables: Mapping[str, str]) -> None:
    path = f"/functions/{function_id}/variables"
    there = {variable["key"]: variable for variable in ok(http.get(path))["variables"]}
    for key, value in variables.items():
        body = {"key": key, "value": value, "secret": False}
        if key not in there:
            ok(http.post(path, {"variableId": "unique()", **body}))
        elif there[key]["value"] != value:
            ok(http.put(f"{path}/{there[key]['$id']}", {"key": key, "value": value}))


def _upload(http: Http, function: dict[str, Any], code: bytes) -> str:
    form = {
        "activate": "true",
        "entrypoint": function["entrypoint"],
        "commands": function.get("commands", ""),
    }
    answer = ok(
        http.call(
            "POST", f"/functions/{function['$id']}/deployments", data=form,
            files={"code": ("code.tar.gz", code, "application/gzip")},
        )
    )  # fmt: skip
    return str(answer["$id"])


def _wait_until_ready(http: Http, function_id: str, deployment_id: str) -> float:
    """Waits for the build; how many seconds it took."""
    began, pause = time.monotonic(), 0.02
    while True:
        deployment = ok(http.get(f"/functions/{function_id}/deployments/{deployment_id}"))
        passed = time.monotonic() - began
        if deployment["status"] == "ready":
            return passed
        if deployment["status"] in ("failed", "canceled") or passed > BUILD_SECONDS:
            log = str(deployment.get("buildLogs", ""))[-2000:]
            raise DeployError(f"{function_id} is {deployment['status']} after {passed:.0f} s.\n{log}")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)

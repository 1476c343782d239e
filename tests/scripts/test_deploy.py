"""Functions deployed from a working tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.project.config import ProjectConfig, load_project
from scripts.project.functions import DeployError, deploy_functions
from scripts.project.shop import execute
from tests.support.local_server import Http, ok

CODE = """
import os
def main(context):
    return context.res.json({"said": "%s", "variable": os.environ.get("VARIABLE")})
"""


def project(folder: Path, said: str, **settings: Any) -> ProjectConfig:
    (folder / "main.py").write_text(CODE % said)
    function = {
        "$id": "deployed", "name": "Deployed", "runtime": "python-3.12", "path": ".", "entrypoint": "main.py",
        "commands": "", "execute": ["any"], "timeout": 15, "ignore": ["appwrite.json"], **settings,
    }  # fmt: skip
    (folder / "appwrite.json").write_text(json.dumps({"functions": [function]}))
    return load_project(folder / "appwrite.json")


def deploy(http: Http, wanted: ProjectConfig, **variables: str) -> list[str]:
    said: list[str] = []
    deploy_functions(http, wanted, variables, said.append)
    return said


def test_code_settings_and_variables_arrive(fresh_http: Http, tmp_path: Path) -> None:
    said = deploy(fresh_http, project(tmp_path, "one"), VARIABLE="a")
    assert said[-1].startswith("deployed deployed in ")
    assert execute(fresh_http, "deployed", "").body == {"said": "one", "variable": "a"}
    assert ok(fresh_http.get("/functions/deployed"))["timeout"] == 15


def test_a_second_time_changes_what_is_different(fresh_http: Http, tmp_path: Path) -> None:
    deploy(fresh_http, project(tmp_path, "one"), VARIABLE="a", KEPT="k")
    deploy(fresh_http, project(tmp_path, "two", timeout=20), VARIABLE="b")
    assert execute(fresh_http, "deployed", "").body == {"said": "two", "variable": "b"}
    assert ok(fresh_http.get("/functions/deployed"))["timeout"] == 20
    variables = ok(fresh_http.get("/functions/deployed/variables"))["variables"]
    assert {each["key"]: each["value"] for each in variables} == {"VARIABLE": "b", "KEPT": "k"}


def test_a_build_that_fails_is_an_error_with_its_log(fresh_http: Http, tmp_path: Path) -> None:
    broken = project(tmp_path, "one", commands="echo this is why; exit 3")
    with pytest.raises(DeployError, match="this is why"):
        deploy(fresh_http, broken)

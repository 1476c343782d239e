"""The official command-line client, unmodified: it deploys appwrite.json and books.

`push tables` deletes every database that the file does not declare, so this only ever runs against a local
Appwrite of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.project.config import ROOT, load_project
from scripts.project.local import function_variables
from scripts.project.shop import BOOK, Shop
from tests.support.local_server import Http, LocalServer, ok
from tests.support.tools import node_clients, tool

pytestmark = pytest.mark.local_only

TOPIC = {"$id": "announcements", "name": "Announcements", "subscribe": ["users"]}
DEPLOYED = ("appwrite.json", "pyproject.toml", "README.md", "LICENSE", ".gitignore", "lib", "functions")
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Cli:
    """The command in a project's folder, with a home of its own."""

    project: Path
    home: Path
    packages: Path

    def __call__(self, *arguments: str) -> str:
        """What a command prints, without colours; AssertionError when it fails or says so."""
        done = subprocess.run(
            [tool("node"), self.packages / "node_modules" / "appwrite-cli" / "index.js", *arguments],
            cwd=self.project, capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "HOME": str(self.home), "CI": "true"}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = _COLOUR.sub("", done.stdout + done.stderr)
        assert done.returncode == 0, f"appwrite {' '.join(arguments)}:\n{said}"
        assert "✗ Error" not in said, f"appwrite {' '.join(arguments)}:\n{said}"
        return said

    def json(self, *arguments: str) -> Any:
        """What a command prints with `--json`."""
        said = self(*arguments, "--json")
        return json.loads(said[said.index("{") :])


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    packages = node_clients()
    folder = tmp_path_factory.mktemp("cli")
    project = folder / "project"
    project.mkdir()
    for name in DEPLOYED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, project / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
            )
        elif source.exists():
            shutil.copy(source, project)
    (folder / "home").mkdir()
    return Cli(project, folder / "home", packages)


@pytest.fixture(scope="module")
def pushed(cli: Cli, module_server: LocalServer) -> LocalServer:
    """An Appwrite to which the CLI has pushed everything that appwrite.json declares, and a topic besides."""
    ready = module_server.ready
    config = json.loads((cli.project / "appwrite.json").read_text())
    config.update(projectId=ready.project_id, topics=[TOPIC])
    (cli.project / "appwrite.json").write_text(json.dumps(config, indent=2))
    variables = function_variables(ready.razorpay)
    (cli.project / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    account = ("--email", ready.admin_email, "--password", ready.admin_password)
    said = cli("login", *account, "--endpoint", ready.endpoint)
    assert f"signed in as {ready.admin_email}" in said
    for part in ("tables", "buckets", "teams", "topics"):
        cli("push", part, "--all", "--force")
    said = cli("push", "functions", "--all", "--force", "--with-variables")
    assert f"Successfully pushed {len(config['functions'])} functions" in said
    return module_server


@pytest.fixture
def as_key(cli: Cli, pushed: LocalServer) -> Callable[..., Any]:
    """The CLI as a trusted server: with an API key instead of a console account."""
    ready = pushed.ready
    (cli.home / "key").mkdir(exist_ok=True)
    server = Cli(cli.project, cli.home / "key", cli.packages)
    where = ("--endpoint", ready.endpoint, "--project-id", ready.project_id, "--key", ready.api_key)
    server("client", *where)
    return server.json


@pytest.fixture
def owner(pushed: LocalServer) -> Shop:
    ready = pushed.ready
    payments = Http(ready.site + "/_local/payments", {"X-Appwrite-Key": ready.api_key})
    return Shop(Http.with_key(ready.endpoint, ready.project_id, ready.api_key), ready.project_id, payments)


def test_everything_is_pushed(pushed: LocalServer, owner: Shop) -> None:
    project, http = load_project(), owner.http
    for table in project.tables:
        there = ok(http.get(f"/tablesdb/{table['databaseId']}/tables/{table['$id']}"))
        assert [c["key"] for c in there["columns"]] == [c["key"] for c in table["columns"]]
        assert {c["status"] for c in there["columns"] + there["indexes"]} == {"available"}
        assert [i["key"] for i in there["indexes"]] == [i["key"] for i in table["indexes"]]
    for bucket in project.buckets:
        assert ok(http.get(f"/storage/buckets/{bucket['$id']}"))["name"] == bucket["name"]
    for team in project.teams:
        assert ok(http.get(f"/teams/{team['$id']}"))["name"] == team["name"]
    assert ok(http.get(f"/messaging/topics/{TOPIC['$id']}"))["subscribe"] == TOPIC["subscribe"]
    for function in project.functions:
        there = ok(http.get(f"/functions/{function['$id']}"))
        assert there["execute"] == function["execute"]
        assert sorted(there["scopes"]) == sorted(function["scopes"])
        variables = ok(http.get(f"/functions/{function['$id']}/variables"))["variables"]
        assert {v["key"]: v["value"] for v in variables} == function_variables(pushed.ready.razorpay)


def test_pushing_again_changes_nothing(cli: Cli, pushed: LocalServer, owner: Shop) -> None:
    before = ok(owner.http.get("/tablesdb/boxoffice/tables"))
    cli("push", "tables", "--all", "--force")
    assert ok(owner.http.get("/tablesdb/boxoffice/tables")) == before


def test_a_server_books_with_create_execution(as_key: Callable[..., Any], owner: Shop) -> None:
    event = owner.create_event({"Standing": (50_000, 5)})
    customer = owner.create_customer()
    body = {
        "eventId": event.id, "ticketTypeName": "Standing", "quantity": 2, "userId": customer.user_id,
        "paymentId": owner.pay(customer, 100_000),
    }  # fmt: skip
    made = as_key("functions", "create-execution", "--function-id", BOOK, "--body", json.dumps(body))
    answer = json.loads(made["responseBody"])
    assert (made["responseStatusCode"], answer["success"]) == (200, True), answer
    assert len(answer["data"]["ticketIds"]) == 2
    listed = as_key("functions", "list-executions", "--function-id", BOOK)
    assert made["$id"] in [execution["$id"] for execution in listed["executions"]]


def test_a_console_account_is_told_to_use_a_session(cli: Cli, pushed: LocalServer, owner: Shop) -> None:
    event = owner.create_event({"Standing": (50_000, 5)})
    customer = owner.create_customer()
    body = {
        "eventId": event.id, "ticketTypeName": "Standing", "quantity": 1,
        "paymentId": owner.pay(customer, 50_000),
    }  # fmt: skip
    made = cli.json("functions", "create-execution", "--function-id", BOOK, "--body", json.dumps(body))
    assert json.loads(made["responseBody"])["code"] == "UNAUTHENTICATED"
    assert not owner.rows("claims", eventId=event.id)

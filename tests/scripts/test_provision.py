"""`scripts/provision`: what it makes, what it reports, what it leaves alone, and whom it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.project.config import ROOT, load_project
from tests.support.local_server import Http, LocalServer, ok

PROJECT = load_project()
EVENTS = "/tablesdb/boxoffice/tables/events"


def provision(endpoint: str, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.commands.provision", "--endpoint", endpoint]
    return subprocess.run(
        [*command, "--project-id", "boxoffice", "--api-key", key, *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def provisioned(fresh_server: LocalServer) -> LocalServer:
    done = provision(fresh_server.endpoint, fresh_server.ready.api_key)
    assert done.returncode == 0, done.stdout + done.stderr
    return fresh_server


def again(server: LocalServer, *options: str) -> subprocess.CompletedProcess[str]:
    return provision(server.endpoint, server.ready.api_key, *options)


def test_everything_that_is_declared_is_there(provisioned: LocalServer, fresh_http: Http) -> None:
    for table in PROJECT.tables:
        there = ok(fresh_http.get(f"/tablesdb/{table['databaseId']}/tables/{table['$id']}"))
        assert there["rowSecurity"] is table["rowSecurity"]
        assert {c["key"]: c["status"] for c in there["columns"]} == dict.fromkeys(
            (c["key"] for c in table["columns"]), "available"
        )
        assert {i["key"]: i["status"] for i in there["indexes"]} == dict.fromkeys(
            (i["key"] for i in table["indexes"]), "available"
        )
    for bucket in PROJECT.buckets:
        assert (
            ok(fresh_http.get(f"/storage/buckets/{bucket['$id']}"))["fileSecurity"] is bucket["fileSecurity"]
        )
    for team in PROJECT.teams:
        assert ok(fresh_http.get(f"/teams/{team['$id']}"))["name"] == team["name"]


def test_a_second_time_makes_nothing(provisioned: LocalServer) -> None:
    done = again(provisioned)
    assert (done.returncode, "0 made; in line" in done.stdout) == (0, True)


def test_what_is_missing_is_made_again(provisioned: LocalServer, fresh_http: Http) -> None:
    ok(fresh_http.delete(f"{EVENTS}/columns/location"))
    done = again(provisioned)
    assert done.returncode == 0
    assert "made column boxoffice.events.location" in done.stdout


def test_what_differs_is_reported_and_left_alone(provisioned: LocalServer, fresh_http: Http) -> None:
    size = {"size": 300, "required": False, "default": None}
    ok(fresh_http.patch(f"{EVENTS}/columns/string/location", size))
    required = {"size": 64, "required": False, "default": "music"}
    ok(fresh_http.patch(f"{EVENTS}/columns/string/category", required))
    ok(fresh_http.post(f"{EVENTS}/columns/boolean", {"key": "sponsored", "required": False}))
    ok(fresh_http.post(f"{EVENTS}/indexes", {"key": "by_name", "type": "key", "columns": ["name"]}))
    ok(fresh_http.put("/teams/gate", {"name": "Door"}))
    before = ok(fresh_http.get(EVENTS))
    done = again(provisioned)
    assert done.returncode == 3
    for line in (
        "DRIFT column boxoffice.events.location: size is 300, declared 256",
        "DRIFT column boxoffice.events.category: default is 'music', declared None",
        "DRIFT column boxoffice.events.sponsored: is there, not declared",
        "DRIFT index boxoffice.events.by_name: is there, not declared",
        "DRIFT team gate: name is 'Door', declared 'Gate staff'",
    ):
        assert line in done.stdout
    assert ok(fresh_http.get(EVENTS)) == before


def test_another_type_is_a_difference(provisioned: LocalServer, fresh_http: Http) -> None:
    ok(fresh_http.delete(f"{EVENTS}/columns/location"))
    ok(fresh_http.post(f"{EVENTS}/columns/integer", {"key": "location", "required": False}))
    done = again(provisioned)
    assert done.returncode == 3
    assert "DRIFT column boxoffice.events.location: type is 'integer', declared 'string'" in done.stdout


def test_databases_and_tables_of_others_stay(provisioned: LocalServer, fresh_http: Http) -> None:
    ok(fresh_http.post("/tablesdb", {"databaseId": "theirs", "name": "Theirs"}))
    ok(fresh_http.post("/tablesdb/boxoffice/tables", {"tableId": "theirs", "name": "Theirs"}))
    assert again(provisioned).returncode == 0
    assert ok(fresh_http.get("/tablesdb/theirs"))["name"] == "Theirs"
    assert ok(fresh_http.get("/tablesdb/boxoffice/tables/theirs"))["name"] == "Theirs"


def test_other_kinds_of_columns_compare_equal(fresh_server: LocalServer, tmp_path: Path) -> None:
    columns: list[dict[str, Any]] = [
        {"key": "a", "type": "string", "size": 40, "required": False, "default": "x", "array": False},
        {"key": "b", "type": "string", "format": "email", "required": False},
        {"key": "c", "type": "double", "required": False, "min": 0, "max": 1.5},
        {"key": "d", "type": "integer", "required": False},
        {"key": "e", "type": "string", "size": 10, "required": False, "array": True},
        {"key": "f", "type": "boolean", "required": False, "default": True},
        {"key": "g", "type": "string", "format": "url", "required": False},
        {"key": "h", "type": "string", "format": "ip", "required": False},
        {"key": "i", "type": "text", "required": False},
        {"key": "j", "type": "varchar", "size": 12, "required": False},
    ]
    table = {"$id": "t", "databaseId": "d", "name": "T", "columns": columns, "indexes": []}
    topic = {"$id": "news", "name": "News", "subscribe": ["users"]}
    content = {"tablesDB": [{"$id": "d", "name": "D"}], "tables": [table], "topics": [topic]}
    config = tmp_path / "appwrite.json"
    config.write_text(json.dumps(content))
    first = again(fresh_server, "--config", str(config))
    assert first.returncode == 0, first.stdout + first.stderr
    second = again(fresh_server, "--config", str(config))
    assert second.returncode == 0, second.stdout + second.stderr
    assert "0 made" in second.stdout


@contextmanager
def server_of_version(version: str) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Something that answers with a version: its address, and what it was asked with which key."""
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("X-Appwrite-Key")))
            content = json.dumps({"version": version}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
        server.shutdown()


@pytest.mark.parametrize("version", ["1.9.4", "1.8.1", "1.9.0", "0.15.3"])
def test_an_older_server_is_refused_with_the_reason(version: str) -> None:
    with server_of_version(version) as (endpoint, asked):
        done = provision(endpoint, "secret")
    assert done.returncode == 1
    assert f"Appwrite {version}" in done.stderr
    assert "oversell" in done.stderr
    assert asked == [("/v1/health/version", None)]


def test_a_server_that_is_not_there_is_named() -> None:
    done = provision("http://127.0.0.1:9/v1", "secret")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/v1 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_a_sentence(fresh_server: LocalServer) -> None:
    done = provision(fresh_server.endpoint, "standard_wrong")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "Traceback" not in done.stderr

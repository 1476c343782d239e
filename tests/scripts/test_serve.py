"""`scripts/serve`: its one line, its file, its end."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.project.config import ROOT
from scripts.project.shop import Answer, Shop
from tests.support.local_server import Http, Ready, ok


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout, so that the developer's own .local/env.json is left alone."""
    root = tmp_path / "checkout"
    for name in ("scripts", "emulator"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@contextmanager
def serving(checkout: Path, *options: str) -> Iterator[tuple[Ready, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "scripts.commands.serve", *options]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Ready.parse(process.stdout.readline()), process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def test_one_line_says_all_that_a_client_needs(checkout: Path) -> None:
    with serving(checkout) as (ready, process):
        said = json.loads(ready.line)
        assert set(said) == {
            "endpoint", "projectId", "apiKey", "razorpay", "adminEmail", "adminPassword",
        }  # fmt: skip
        http = Http.with_key(ready.endpoint, ready.project_id, ready.api_key)
        assert ok(http.get("/users"))["total"] == 0
        file = checkout / ".local" / "env.json"
        assert json.loads(file.read_text()) == said
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert process.returncode == 0
    assert process.stdout is not None
    assert process.stdout.closed or process.stdout.read() == ""


def test_data_key_and_address_survive_a_restart(checkout: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving(checkout, "--data", data) as (first, _):
        http = Http.with_key(first.endpoint, first.project_id, first.api_key)
        ok(http.post("/users", {"userId": "ann", "email": "ann@example.com", "password": "a long secret"}))
    with serving(checkout, "--data", data) as (second, _):
        assert second == first, "the address is the same too: deployed functions know it"
        http = Http.with_key(second.endpoint, second.project_id, second.api_key)
        assert ok(http.get("/users/ann"))["email"] == "ann@example.com"


def test_what_was_deployed_still_books_after_a_restart(checkout: Path) -> None:
    for name in ("appwrite.json", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    for name in ("lib", "functions"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    with serving(checkout, "--provision") as (ready, _):
        assert book(ready).status == 200
    with serving(checkout) as (ready, _):
        assert book(ready).status == 200


def book(ready: Ready) -> Answer:
    payments = Http(f"{ready.site}/_local/payments", {"X-Appwrite-Key": ready.api_key})
    shop = Shop(Http.with_key(ready.endpoint, ready.project_id, ready.api_key), ready.project_id, payments)
    event = shop.create_event({"Standing": (50_000, 5)})
    return shop.book(shop.create_customer(), event, "Standing")


def test_a_port_that_is_taken_is_an_error(checkout: Path) -> None:
    with serving(checkout) as (ready, _):
        port = ready.site.rsplit(":", 1)[1]
        done = subprocess.run(
            [sys.executable, "-m", "scripts.commands.serve", "--port", port, "--data", "other"],
            cwd=checkout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert "did not start" in done.stderr

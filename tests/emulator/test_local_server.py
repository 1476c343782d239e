"""The server as a process: its ready line, its start-up time, and its data over a restart."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.local_server import Http, LocalServer, ok


def test_it_is_ready_when_it_says_so(fresh_server: LocalServer) -> None:
    guest = Http(fresh_server.endpoint, {"X-Appwrite-Project": fresh_server.ready.project_id})
    assert ok(guest.get("/health/version"))["version"].startswith("1.9.")


def test_a_kill_and_a_restart_keep_keys_and_address(fresh_server: LocalServer) -> None:
    before = fresh_server.ready
    fresh_server.kill()
    assert fresh_server.restart() == before


def test_it_starts_within_a_second_and_a_half(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "data", log=tmp_path / "log")
    began = time.monotonic()
    with server:
        passed = time.monotonic() - began
    assert passed < 1.5


def test_stopping_leaves_no_process(fresh_server: LocalServer) -> None:
    pid = fresh_server.pid
    fresh_server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)

"""What all tests share: local servers, and their logs beside a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.arena import Arena
from tests.support.local_server import Http, LocalServer

# How long an example takes says something about the machine, not about the rule.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("any machine")

# What helpers of the unit tests assert fails with the values that it compared, as in the tests themselves.
pytest.register_assert_rewrite("tests.unit")

_running: list[LocalServer] = []

# Data folders of arenas, in which the functions are built.
_built: list[Path] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of each running server's log below a failed test."""
    report = yield
    if report.failed:
        for server in _running:
            if text := server.log():
                report.sections.append((f"log of the local Appwrite ({server.log_path})", text))
    return report


def serving(data_dir: Path) -> Iterator[LocalServer]:
    """A fixture's local Appwrite on a data folder."""
    # Functions on another machine reach the payment stand-in only through a public address.
    host = "0.0.0.0" if os.environ.get("PAYMENTS_HOST") else "127.0.0.1"
    server = LocalServer(data_dir, log=data_dir.with_suffix(".log"), host=host)
    _running.append(server)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        _running.remove(server)


def arena_serving(data_dir: Path, **variables: str) -> Iterator[Arena]:
    """A fixture's arena on a data folder; its functions have these variables besides the usual ones.

    What was built for the first arena of this process is not built again for the others.
    """
    if _built:
        # A function of the first one may be running still; so Python names what it is writing.
        unfinished = shutil.ignore_patterns("*.pyc.*")
        builds = _built[0] / "builds", data_dir / "builds"
        shutil.copytree(*builds, symlinks=True, ignore=unfinished, copy_function=os.link)
    for server in serving(data_dir):
        arena = Arena(server)
        arena.deploy(**variables)
        _built.append(data_dir)
        yield arena


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """One local Appwrite for the whole run; a test must not stop it or clear it."""
    yield from serving(tmp_path_factory.mktemp("appwrite") / "data")


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """An empty local Appwrite for one module, which it may clear."""
    yield from serving(tmp_path_factory.mktemp("appwrite") / "data")


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[LocalServer]:
    """An empty local Appwrite of the test's own, which it may stop, kill and restart."""
    yield from serving(tmp_path / "appwrite")


@pytest.fixture(scope="session")
def http(server: LocalServer) -> Http:
    """A caller of the shared server with its API key."""
    return with_key(server)


@pytest.fixture
def fresh_http(fresh_server: LocalServer) -> Http:
    """A caller of the test's own server with its API key."""
    return with_key(fresh_server)


def with_key(server: LocalServer) -> Http:
    """A caller with the server's API key."""
    return Http.with_key(server.endpoint, server.ready.project_id, server.ready.api_key)

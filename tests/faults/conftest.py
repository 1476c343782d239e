"""A local Appwrite of the matrix's own, and the count of its cases at the end of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.conftest import arena_serving
from tests.faults.harness import Verdict
from tests.support.arena import CALL_SECONDS, Arena

_verdicts = pytest.StashKey[list[Verdict]]()


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server whose functions do not wait long for an answer."""
    yield from arena_serving(tmp_path_factory.mktemp("arena") / "data", CALL_SECONDS=str(CALL_SECONDS))


@pytest.fixture
def verdicts(request: pytest.FixtureRequest) -> list[Verdict]:
    """What all runs of the matrix came to, so far."""
    return request.config.stash.setdefault(_verdicts, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says how many cases were tried."""
    found = config.stash.get(_verdicts, [])
    if found:
        bad = sum(bool(verdict.problems) for verdict in found)
        of_each = Counter(verdict.use_case for verdict in found)
        cases = ", ".join(f"{name}: {count}" for name, count in of_each.items())
        terminalreporter.write_line(f"fault matrix: {len(found)} cases, {bad} violations ({cases})")

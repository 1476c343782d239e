"""`scripts/faults`: it finds nothing where nothing is wrong, and says what where something is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.commands import faults
from tests.support.arena import Arena

pytestmark = pytest.mark.local_only

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def one_arena(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that is there already, instead of new ones."""

    @contextmanager
    def arenas(count: int) -> Iterator[list[Arena]]:
        yield [arena]

    monkeypatch.setattr(faults, "arenas", arenas)


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["faults", *arguments])
    return faults.main()


def test_a_case_without_a_violation(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    wanted = ("--only", "book", "--call", "create claims", "--fault", "reply lost")
    assert command(monkeypatch, *wanted) == 0
    assert "1 cases, 0 violations" in capsys.readouterr().out


def test_no_case_at_all_is_no_success(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    assert command(monkeypatch, "--only", "nothing of that name") == 1
    assert "0 cases" in capsys.readouterr().out


def test_without_the_sweep_a_killed_booking_is_named(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Arena, "settle", lambda self, *patience: [])
        wanted = ("--only", "book", "--call", "create tickets", "--fault", "killed after")
        assert command(patch, *wanted) == 1
    out = capsys.readouterr().out
    assert "1 cases, 1 violations" in out
    assert "book | create tickets | killed after: booking bk-" in out
    arena.settle()
    assert arena.books().violations() == []

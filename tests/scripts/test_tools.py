"""What a machine lacks: a reason here, a failure in CI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import tools


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("bare_machine")
@pytest.mark.parametrize("ask", [tools.node_clients, lambda: tools.tool("chromium", "google-chrome")])
def test_without_a_program_a_test_is_left_out_and_says_why(
    ask: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(ask)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="is not installed"):
        ask()


@pytest.mark.usefixtures("bare_machine")
def test_in_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="node is not installed"):
        tools.node_clients()


def test_what_is_installed_is_not_installed_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "LOCAL", tmp_path)
    installed: list[Path] = []
    for stamp in ("one", "one", "two"):
        folder = tools._installed("thing", stamp, installed.append)
        assert folder == tmp_path / "thing"
    assert len(installed) == 2


def test_an_interrupted_installation_is_begun_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tools, "LOCAL", tmp_path)

    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tools._installed("thing", "one", interrupted)
    assert not (tools._installed("thing", "one", lambda folder: None) / "half").exists()

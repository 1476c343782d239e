"""The environment that the scripts make for themselves."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.project.config import ROOT

NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the setup needs, in which nothing was set up yet."""
    root = tmp_path / "a folder"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in ("setup.sh", "bootstrap.py", "test"):
        shutil.copy(ROOT / "scripts" / name, root / "scripts")
    return root


def offline(home: Path) -> dict[str, str]:
    """An environment with an empty home in which no package index can be reached."""
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    unreachable = {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    return {**kept, "HOME": str(home), **unreachable}


def test_a_set_up_folder_says_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "test", "--version"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("pytest ")
    assert done.stderr == ""


def test_without_a_network_it_says_so(checkout: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [checkout / "scripts" / "test"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=offline(tmp_path / "home"),
    )  # fmt: skip
    assert done.returncode == 1
    assert "Is this machine online?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_setup_waits_for_the_first(checkout: Path, tmp_path: Path) -> None:
    (checkout / ".local").mkdir()
    with (checkout / ".local" / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [checkout / "scripts" / "test"], stderr=subprocess.PIPE, text=True, env=offline(tmp_path / "home")
        ) as process:
            assert process.stderr is not None
            assert "Waiting" in process.stderr.readline()
            assert process.poll() is None
            assert not (checkout / ".venv").exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert "virtual environment" in process.stderr.readline()
            process.communicate()


def test_an_old_python_is_named(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dirname", "cat", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    old = programs / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = subprocess.run(
        [checkout / "scripts" / "test"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(programs)},
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr

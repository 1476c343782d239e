"""The clients that tests drive and that pip does not bring: Node packages, Chromium, another SDK's version.

What a machine lacks is a reason to leave a test out there, and a failure in CI, which has to have everything.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
CLIENTS = ROOT / "tests" / "integration" / "clients"
INSTALL_SECONDS = 600


def not_run(reason: str) -> NoReturn:
    """Leaves a test out for lack of a tool; in CI it fails."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have what this test needs: {reason}")
    pytest.skip(reason)


def tool(name: str, *others: str) -> str:
    """The path of a program, by the first of its names that is there."""
    for candidate in (name, *others):
        if path := shutil.which(candidate):
            return path
    not_run(f"{name} is not installed")


def node_clients() -> Path:
    """The folder with the Node packages of clients/package.json, installed once into .local."""
    tool("node")
    npm = tool("npm")
    stamp = _digest(CLIENTS / "package.json", CLIENTS / "package-lock.json")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / name, folder)
        _install([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)

    return _installed("clients", stamp, install)


def python_with(requirement: str) -> Path:
    """A Python that has one other requirement, such as `appwrite==27.0.0`, in a folder of its own."""

    def install(folder: Path) -> None:
        venv.create(folder, with_pip=True, clear=True)
        _install([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", requirement], folder)

    stamp = hashlib.sha256(f"{requirement} {sys.version}".encode()).hexdigest()
    return _installed(f"sdk-{requirement.replace('==', '-')}", stamp, install) / "bin" / "python"


def _installed(name: str, stamp: str, install: Callable[[Path], None]) -> Path:
    """A folder in .local whose stamp says that what was wanted is in it."""
    folder = LOCAL / name
    with _locked(name):
        mark = folder / "installed-stamp"
        if not mark.exists() or mark.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            install(folder)
            mark.write_text(stamp)
    return folder


@contextmanager
def _locked(name: str) -> Iterator[None]:
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode != 0:
        not_run(f"{' '.join(command[:3])} failed: {(done.stdout + done.stderr)[-800:]}")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

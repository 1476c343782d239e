"""Makes `.venv` ready for the scripts; does nothing when it already is. Standard library only.

The folder is ready when its stamp names this interpreter, this checkout and this pyproject.toml. A lock makes
it safe to start several scripts at once: one installs, the others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import itertools
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "boxoffice-stamp"
LOCAL = ROOT / ".local"
LOG = LOCAL / "setup.log"

_STAGES = (
    (re.compile(r"^(?:Collecting|Obtaining) ([\w.-]+)"), "finding {}"),
    (re.compile(r"^\s*Downloading (\S+?)-\d"), "downloading {}"),
    (re.compile(r"^Installing collected packages"), "unpacking the packages"),
)
_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|Failed to resolve|ConnectTimeout|ReadTimeout|timed out"
    r"|Network is unreachable|Connection (?:refused|reset)|ProxyError|SSLError|No matching distribution",
)


class SetupError(Exception):
    """The setup cannot go on; the message says what to do."""


def wanted_stamp() -> tuple[str, str]:
    """Two lines: what the folder `.venv` was made for, and what was installed into it."""
    base = f"{sys.version.split()[0]} {Path(sys.prefix).resolve()} {ROOT}"
    return base, hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def found_stamp() -> tuple[str, str] | None:
    """The stamp of the last setup that finished, or None."""
    try:
        base, installed = STAMP.read_text().splitlines()
    except (OSError, ValueError):
        return None
    return (base, installed) if (VENV / "bin" / "python").exists() else None


@contextmanager
def locked() -> Iterator[None]:
    """Only one setup of this checkout at a time; the lock ends with its process, however that ends."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another setup of this folder …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """One line for people, apart from what a script prints as its result."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Shows that work goes on: one line that moves on a terminal, one plain line elsewhere."""
    if not sys.stderr.isatty():
        say(f"{title} …")
        yield lambda stage: None
        return
    done, stage = threading.Event(), [""]

    def spin() -> None:
        for sign in itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
            sys.stderr.write(f"\r\033[K{sign} {title} {stage[0][:60]}")
            sys.stderr.flush()
            if done.wait(0.1):
                return

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield lambda text: stage.__setitem__(0, text)
    finally:
        done.set()
        thread.join()
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def run(command: list[str], show: Callable[[str], None]) -> None:
    """Runs a step into the log, its stages shown; SetupError with what went wrong."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    environment.pop("PYTHONPATH", None)
    lines: list[str] = []
    with LOG.open("a") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT
        )
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            lines.append(line)
            for pattern, stage in _STAGES:
                if found := pattern.match(line):
                    show(stage.format(*found.groups()))
    if process.wait() == 0:
        return
    text = "".join(lines)
    if "ensurepip" in text:
        raise SetupError("This Python cannot make virtual environments; on Debian: apt install python3-venv.")
    why = "".join(lines[-8:]).rstrip()
    if _NETWORK.search(text):
        raise SetupError(f"{why}\nThe Python packages could not be downloaded. Is this machine online?")
    raise SetupError(f"{why}\nThe setup failed; {LOG.relative_to(ROOT)} has all of it.")


def prepare() -> None:
    """Makes the virtual environment when it is missing or not ours, and installs the packages."""
    base, installed = wanted_stamp()
    found = found_stamp()
    LOG.write_text("")
    if found is None or found[0] != base:
        with progress("Making a virtual environment") as show:
            run([sys.executable, "-m", "venv", "--clear", str(VENV)], show)
    with progress("Installing what Boxoffice needs (once)") as show:
        run([str(VENV / "bin" / "python"), "-m", "pip", "install", "--editable", f"{ROOT}[dev]"], show)
    STAMP.write_text(f"{base}\n{installed}\n")


def main() -> int:
    """0 when `.venv` is ready."""
    if found_stamp() == wanted_stamp():
        return 0
    try:
        with locked():
            if found_stamp() != wanted_stamp():
                prepare()
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

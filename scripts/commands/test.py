"""`scripts/test [AREA …] [arguments of pytest]`: the whole suite, or some of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"

# Each has servers of its own.
MOST_PROCESSES = 4


def areas() -> set[str]:
    """The folders of the suite, by which parts of it are named."""
    return {path.name for path in TESTS.iterdir() if any(path.glob("test_*.py"))}


def pytest_arguments(given: list[str], known: set[str], processors: int = 1) -> list[str]:
    """What pytest is called with: areas become their folders; without any target all tests are meant.

    Whole areas are spread over processes, file by file; whatever is more specific runs in one, so that its
    output and its debugger are where they are expected. They are begun in their own order, in which the many
    short files come last and fill what the long ones leave.
    """
    arguments = [str(TESTS / word) if word in known else word for word in given]
    has_target = any(Path(word.partition("::")[0]).exists() for word in arguments)
    fixed = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "--durations=15"]
    processes = min(processors, MOST_PROCESSES)
    if processes > 1 and set(given) <= known:
        fixed += ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
    return [*fixed, *arguments, *([] if has_target else [str(TESTS)])]


def main() -> None:
    """Becomes pytest, so that its exit status and its handling of Ctrl-C are ours."""
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(f"usage: scripts/test [{'|'.join(sorted(areas()))}] [arguments of pytest]")
        return
    os.environ.pop("PYTHONPATH", None)
    arguments = pytest_arguments(sys.argv[1:], areas(), os.cpu_count() or 1)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606


if __name__ == "__main__":
    main()

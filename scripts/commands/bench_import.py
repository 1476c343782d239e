"""`scripts/bench import`: what a cold function pays for its imports, beside the SDK's client alone."""

from __future__ import annotations

import argparse
import subprocess
import sys

from scripts.project.config import ROOT, load_project
from scripts.project.shop import BOOK

MOST_RATIO = 2.0
_SDK = "import appwrite.client"
# As the runtime does it: by its path, under the name `function.…`, its folder not on the path.
_FUNCTION = """
import importlib.util
spec = importlib.util.spec_from_file_location("function.main", {path!r})
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""
_TIMED = "import time\nbegan = time.process_time()\n{code}\nprint(time.process_time() - began)"


def seconds(code: str) -> float:
    """The processor's seconds for some code in a fresh interpreter that does nothing else."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _TIMED.format(code=code)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def compare(path: str, runs: int) -> tuple[float, float]:
    """Least seconds for the function's module and for the SDK's client, measured in turns.

    What else a machine does only adds to them.
    """
    code = _FUNCTION.format(path=path)
    pairs = [(seconds(code), seconds(_SDK)) for _ in range(runs + 1)][1:]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def main() -> int:
    """Prints both; 1 when the function costs more than twice what the client costs."""
    parser = argparse.ArgumentParser(prog="scripts/bench import", description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="fresh interpreters for each (9)")
    options = parser.parse_args()
    function = next(function for function in load_project().functions if function["$id"] == BOOK)
    own, sdk = compare(str(ROOT / function["entrypoint"]), options.runs)
    print(f"import appwrite.client   {sdk * 1000:6.0f} ms")
    print(f"{function['$id']:<24} {own * 1000:6.0f} ms   {own / sdk:.2f}×   (at most {MOST_RATIO:.0f}×)")
    return 0 if own <= MOST_RATIO * sdk else 1


if __name__ == "__main__":
    sys.exit(main())

"""`scripts/bench book|availability|import|emulator|seats`: the measurements, each with its own options."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

NAMES = ("book", "availability", "import", "emulator", "seats")


def main() -> int:
    """Runs one measurement; 2 when there is none of that name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in NAMES:
        print(f"usage: scripts/bench {'|'.join(NAMES)} [options]", file=sys.stderr)
        return 2
    del sys.argv[1]
    measure: Callable[[], int] = importlib.import_module(f"scripts.commands.bench_{name}").main
    return measure()


if __name__ == "__main__":
    sys.exit(main())

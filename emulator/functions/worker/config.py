"""What the process was started with."""

from __future__ import annotations

import os
from pathlib import Path

ENTRYPOINT = os.environ.get("OPEN_RUNTIMES_ENTRYPOINT", "")
FUNCTION = Path.cwd() / "function"

"""`python <this file> <descriptor>`: a function's process, started by the server in the build's folder.

The folder's `function` is the deployment: it is imported as a package of that name, and its own folder is not
on `sys.path`. The runtime's modules are in `sys.modules` under the names that they have in the official
runtime, so a top-level `import config` in a function finds the runtime's here as well as there.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

_PACKAGE = "open_runtimes_worker"
_NAMES_OF_THE_RUNTIME = ("server", "config", "logger", "function_types", "custom_worker")


def main() -> None:
    """Loads the runtime under its names and serves."""
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, here / "__init__.py", submodule_search_locations=[str(here)]
    )
    assert spec is not None
    sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    for name in _NAMES_OF_THE_RUNTIME:
        sys.modules[name] = importlib.import_module(f"{_PACKAGE}.{name}")
    sys.path[0] = str(Path.cwd())
    sys.modules["custom_worker"].work(int(sys.argv[1]))


if __name__ == "__main__":
    main()

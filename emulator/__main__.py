"""`python -m emulator`: the local Appwrite on its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from emulator.serve import serve


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A local Appwrite.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (a free one)")
    parser.add_argument("--data", type=Path, default=Path(".local/appwrite"), help="folder for all data")
    parser.add_argument("--project-id", default="boxoffice", help="id of the project (on the first start)")
    options = parser.parse_args()
    serve(options.data, options.host, options.port, options.project_id)


if __name__ == "__main__":
    main()

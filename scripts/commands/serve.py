"""`scripts/serve`: the local Appwrite until it is interrupted; one line of JSON says that it is ready."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from scripts.local_appwrite import ROOT, LocalServer, Ready, StartError
from scripts.project.webhooks import connect_webhooks

ENV_FILE = ROOT / ".local" / "env.json"


class StopRequest(Exception):  # noqa: N818 - it is no error
    """SIGINT or SIGTERM came."""


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def usual_port(remembered: Path) -> int:
    """The port of the last run when it is free: clients and deployed functions know it."""
    try:
        port = int(remembered.read_text())
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, ValueError):
        return 0
    return port


def provision(ready: Ready) -> None:
    """Applies appwrite.json and deploys the functions of the working tree, reported on stderr."""
    from scripts.project.local import set_up

    set_up(ready, lambda line: print(line, file=sys.stderr, flush=True))


def _stop(number: int, frame: FrameType | None) -> None:
    raise StopRequest


def main() -> int:
    """0 after an interruption, 1 when the server did not start or ended by itself."""
    parser = argparse.ArgumentParser(prog="scripts/serve", description="Runs the local Appwrite.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (the last, or a free one)")
    parser.add_argument("--data", type=Path, default=ROOT / ".local" / "appwrite", help="folder for all data")
    parser.add_argument("--provision", action="store_true", help="apply appwrite.json, deploy the functions")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    data = options.data.absolute()
    server, remembered = LocalServer(data, log=None), data / "port"
    try:
        ready = server.start(options.port or usual_port(remembered))
        remembered.write_text(ready.site.rsplit(":", 1)[1])
        if options.provision:
            provision(ready)
        else:
            # The port may be another than at the last start.
            connect_webhooks(ready)
        write_private(ENV_FILE, ready.line + "\n")
        print(ready.line, flush=True)
        server.wait()
        print("The local Appwrite ended by itself.", file=sys.stderr)
        return 1
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except StopRequest:
        return 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())

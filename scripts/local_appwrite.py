"""The local Appwrite as a child process: a data folder, its ready line and its log."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 20.0
STOP_SECONDS = 20.0


class StartError(Exception):
    """The server did not start; the message ends with its log when there is one."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What the server says when it is ready: `line` as it was printed, and its fields.

    razorpay: the payment stand-in's `url`, `keyId`, `keySecret` and `webhookSecret`.
    """

    line: str
    endpoint: str
    project_id: str
    api_key: str
    razorpay: dict[str, str]
    admin_email: str
    admin_password: str

    @classmethod
    def parse(cls, line: str) -> Ready:
        """Reads the one line of JSON."""
        said: dict[str, Any] = json.loads(line)
        return cls(
            line=line.strip(),
            endpoint=said["endpoint"],
            project_id=said["projectId"],
            api_key=said["apiKey"],
            razorpay=said["razorpay"],
            admin_email=said["adminEmail"],
            admin_password=said["adminPassword"],
        )

    @property
    def site(self) -> str:
        """The address without the API's path: where the local admin routes hang."""
        return self.endpoint.removesuffix("/v1")


class LocalServer:
    """`python -m emulator` on a data folder.

    log: a file that the server's stderr is added to, over restarts too; None leaves it on this process's
    stderr. A restart keeps the data, and the port too, so that open clients find it again.
    """

    def __init__(self, data_dir: Path, *, log: Path | None, host: str = "127.0.0.1") -> None:
        self.data_dir = data_dir
        self.log_path = log
        self._host = host
        self._process: subprocess.Popen[str] | None = None
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        """What the server said at its last start."""
        assert self._ready is not None, "the server was never started"
        return self._ready

    @property
    def endpoint(self) -> str:
        """The API's root, such as http://127.0.0.1:40001/v1."""
        return self.ready.endpoint

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self, port: int = 0) -> Ready:
        """Starts the process and waits for its ready line; port 0 takes a free one. May raise StartError."""
        assert self._process is None, "the server is running already"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        log = None
        if self.log_path is not None:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            log = self.log_path.open("ab")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "emulator", "--data", str(self.data_dir), "--host", self._host,
                 "--port", str(port)],
                cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        finally:
            if log is not None:
                log.close()
        self._ready = Ready.parse(self._first_line(self._process))
        return self._ready

    def stop(self) -> None:
        """Asks a running process to end (SIGTERM) and waits; kills it when it does not."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process on the spot (SIGKILL), as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> Ready:
        """Stops the server when it runs, and starts it on the same data and port."""
        self.stop()
        return self.start(port=int(self.ready.site.rsplit(":", 1)[1]))

    def wait(self) -> int:
        """Waits until the process ends by itself; its exit status."""
        assert self._process is not None, "the server is not running"
        return self._process.wait()

    def log(self, lines: int = 60) -> str:
        """The last lines of the log file."""
        if self.log_path is None or not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> LocalServer:
        """Starts."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops."""
        self.stop()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else ""
        if line.strip():
            return line
        self.kill()
        raise StartError(f"The local Appwrite did not start.\n{self.log()}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()

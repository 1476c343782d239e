"""The local Appwrite as tests use it: a process on a data folder, with its ready line and its log."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What the server says when it is ready. Addresses are without a trailing slash."""

    endpoint: str
    project_id: str
    api_key: str
    razorpay: str
    admin_email: str
    admin_password: str

    @classmethod
    def parse(cls, line: str) -> Ready:
        """Reads the one line of JSON."""
        said: dict[str, Any] = json.loads(line)
        return cls(
            endpoint=said["endpoint"],
            project_id=said["projectId"],
            api_key=said["apiKey"],
            razorpay=said["razorpay"],
            admin_email=said["adminEmail"],
            admin_password=said["adminPassword"],
        )


class LocalServer:
    """`python -m emulator` on a data folder.

    Its log (`server.log` beside the data) goes on over restarts. A restart keeps the data, and the port too,
    so that open clients find it again.
    """

    def __init__(self, data_dir: Path, *, root: Path = ROOT) -> None:
        self.data_dir = data_dir
        self.log_path = data_dir.parent / f"{data_dir.name}.log"
        self._root = root
        self._process: subprocess.Popen[str] | None = None
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        """What the running server said."""
        assert self._ready is not None, "the server was never started"
        return self._ready

    @property
    def endpoint(self) -> str:
        """The API's root, such as http://127.0.0.1:40001/v1."""
        return self.ready.endpoint

    @property
    def site(self) -> str:
        """The address without the API's path: where the local admin routes hang."""
        return self.endpoint.removesuffix("/v1")

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def start(self, port: int = 0) -> Ready:
        """Starts the process and waits for its ready line; AssertionError with the log when none comes."""
        assert self._process is None, "the server is running already"
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "emulator", "--data", str(self.data_dir), "--port", str(port)],
                cwd=self._root, env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip
        self._ready = Ready.parse(self._first_line(self._process))
        return self._ready

    def stop(self) -> None:
        """Asks the process to end (SIGTERM) and waits; kills it when it does not."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the process on the spot (SIGKILL), as a power cut would."""
        self._end(signal.SIGKILL)

    def restart(self) -> Ready:
        """Stops a running server and starts it on the same data and port."""
        self.stop()
        return self.start(port=int(self.endpoint.rsplit(":", 1)[1].partition("/")[0]))

    def log(self, lines: int = 60) -> str:
        """The last lines of the log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def __enter__(self) -> LocalServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline() if readable else ""
        if line.strip():
            return line
        self.kill()
        raise AssertionError(f"the local Appwrite did not start within {START_SECONDS} s:\n{self.log()}")

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


class Http:
    """Requests to one Appwrite with fixed headers on a pooled session; paths begin after the API's root."""

    def __init__(self, endpoint: str, headers: dict[str, str], timeout: float = 60.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(headers)

    @classmethod
    def with_key(cls, endpoint: str, project_id: str, api_key: str) -> Http:
        """A caller with an API key."""
        return cls(endpoint, {"X-Appwrite-Project": project_id, "X-Appwrite-Key": api_key})

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Any request; `options` are those of requests (params, headers, files …)."""
        options.setdefault("timeout", self.timeout)
        return self.session.request(method, self.endpoint + path, json=json, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """POST with a JSON body."""
        return self.call("POST", path, {} if json is None else json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PUT with a JSON body."""
        return self.call("PUT", path, {} if json is None else json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """PATCH with a JSON body."""
        return self.call("PATCH", path, {} if json is None else json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """DELETE, with a JSON body when one is given."""
        return self.call("DELETE", path, json, **options)


def ok(response: requests.Response) -> Any:
    """The JSON of an answer that must not be a refusal; AssertionError shows the one that is."""
    assert response.status_code < 400, (
        f"{response.request.method} {response.url} {response.status_code} {response.text}"
    )
    return response.json() if response.content else None


def wait_until(condition: Any, seconds: float = 10.0, every: float = 0.02) -> Any:
    """The first true value of `condition()`; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"nothing true within {seconds} s"
        time.sleep(every)

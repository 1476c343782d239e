"""Functions that tests deploy: one text of code, or several files, and what an execution answered."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Any

from tests.support.local_server import Http, ok, wait_until

BUILD_SECONDS = 60.0


def packed(files: Mapping[str, str | bytes]) -> bytes:
    """Files by their paths as a tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def create(http: Http, function_id: str, **settings: Any) -> str:
    """A function that everybody may execute, unless told otherwise."""
    usual = {"name": function_id, "runtime": "python-3.12", "entrypoint": "main.py", "execute": ["any"]}
    ok(http.post("/functions", {"functionId": function_id, **usual, **settings}))
    return function_id


def upload(http: Http, function_id: str, files: Mapping[str, str | bytes]) -> str:
    """Uploads code and returns the deployment's id at once."""
    code = {"code": ("code.tar.gz", packed(files), "application/gzip")}
    answer = http.call("POST", f"/functions/{function_id}/deployments", data={"activate": "true"}, files=code)
    return str(ok(answer)["$id"])


def built(http: Http, function_id: str, deployment_id: str) -> dict[str, Any]:
    """The deployment once its build is over."""

    def finished() -> dict[str, Any] | None:
        found = ok(http.get(f"/functions/{function_id}/deployments/{deployment_id}"))
        return found if found["status"] in ("ready", "failed") else None

    found = wait_until(finished, seconds=BUILD_SECONDS)
    assert found is not None
    return found


def deploy(http: Http, function_id: str, code: str | Mapping[str, str | bytes], **settings: Any) -> str:
    """Creates a function with this code (of `main.py` when it is one text) and waits until it can run."""
    create(http, function_id, **settings)
    files = {"main.py": code} if isinstance(code, str) else code
    deployment = built(http, function_id, upload(http, function_id, files))
    assert deployment["status"] == "ready", deployment["buildLogs"]
    return function_id


def execute(http: Http, function_id: str, path: str = "/", **request: Any) -> dict[str, Any]:
    """Runs a function and waits for its answer."""
    execution: dict[str, Any] = ok(
        http.post(f"/functions/{function_id}/executions", {"path": path, **request})
    )
    return execution


def executions(http: Http, function_id: str) -> list[dict[str, Any]]:
    """Those that are over, oldest first."""
    found: list[dict[str, Any]] = ok(http.get(f"/functions/{function_id}/executions"))["executions"]
    return [each for each in found if each["status"] in ("completed", "failed")]

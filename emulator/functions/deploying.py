"""From code to something that runs: builds deployments in the background and activates them."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from emulator.core.context import Server
from emulator.core.store import Row
from emulator.functions.builds import BuildFailedError, Builds
from emulator.functions.catalogue import RUNTIMES
from emulator.functions.environment import build_variables
from emulator.functions.records import change, deployment_event
from emulator.functions.workers import Workers

log = logging.getLogger("emulator")
_UNFINISHED = ("waiting", "processing", "building")


def source_path(server: Server, deployment_id: str) -> Path:
    """Where the uploaded tar.gz of a deployment lies."""
    return Path(server.config.data_dir) / "deployments" / f"{deployment_id}.tar.gz"


def show_latest(server: Server, function_seq: int) -> None:
    """Copies what a function tells of its newest deployment."""
    row = server.store.one(
        "SELECT id, created, status FROM deployments WHERE function_seq = ? ORDER BY seq DESC LIMIT 1",
        function_seq,
    )
    columns = ("latest_deployment_id", "latest_deployment_created", "latest_deployment_status")
    values = dict.fromkeys(columns, "") if row is None else dict(zip(columns, row, strict=True))
    change(server, "functions", function_seq, values)


class Deployer:
    """Builds deployments one by one or together; what a stopped server left unfinished is built again."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._builds = server.part(Builds)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Tidies the builds up and goes on where the last run stopped."""
        store = self._server.store
        self._builds.prune([row[0] for row in store.all("SELECT DISTINCT build_key FROM deployments")])
        marks = ", ".join("?" * len(_UNFINISHED))
        unfinished = f"SELECT seq FROM deployments WHERE arrived = parts AND status IN ({marks})"  # noqa: S608
        for row in store.all(unfinished, *_UNFINISHED):
            self.begin(row["seq"])

    async def stop(self) -> None:
        """Stops building."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._builds.stop()

    def begin(self, deployment_seq: int) -> None:
        """Builds a deployment once the current request is committed."""
        task = asyncio.get_running_loop().create_task(self._deploy(deployment_seq))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deploy(self, seq: int) -> None:
        if not self._mark(seq, {"status": "processing"}):
            return
        began = time.monotonic()
        try:
            values = await self._build(seq)
        except BuildFailedError as failed:
            values = {"status": "failed", "build_logs": str(failed)}
        except Exception:
            log.exception("a build failed")
            values = {"status": "failed", "build_logs": "The server failed; its log says why."}
        self._mark(seq, {**values, "build_duration": round(time.monotonic() - began)})

    async def _build(self, seq: int) -> dict[str, Any]:
        deployment, function = self._find(seq)
        if deployment is None or function is None:
            raise BuildFailedError("The function is gone.")
        runtime = RUNTIMES[function["runtime"]]
        if not runtime.is_python:
            raise BuildFailedError(
                f"This local server runs Python functions only, so it cannot build {runtime.id}."
            )
        self._mark(seq, {"status": "building"})
        build = await self._builds.build(
            source_path(self._server, deployment["id"]), deployment["commands"],
            build_variables(self._server, function),
        )  # fmt: skip
        return {"status": "ready", "build_logs": build.log, "build_size": build.size, "build_key": build.key}

    def _mark(self, seq: int, values: dict[str, Any]) -> bool:
        """Changes a deployment unless it is gone or was canceled; activates it when it became ready."""
        with self._server.store.transaction():
            deployment, function = self._find(seq)
            if deployment is None or function is None or deployment["status"] == "canceled":
                return False
            deployment = change(self._server, "deployments", seq, values)
            show_latest(self._server, function["seq"])
            if deployment["status"] == "ready" and deployment["activate"]:
                self._activate(function, deployment)
        self._server.events.publish(deployment_event(function, deployment, "update"))
        return True

    def _activate(self, function: Row, deployment: Row) -> None:
        active = self._server.store.one("SELECT * FROM deployments WHERE id = ?", function["deployment_id"])
        if active is not None:
            if active["seq"] > deployment["seq"]:
                return
            self._server.part(Workers).retire(active["id"])
        values = {"live": 1, "deployment_id": deployment["id"], "deployment_created": deployment["created"]}
        change(self._server, "functions", function["seq"], values)

    def _find(self, seq: int) -> tuple[Row | None, Row | None]:
        store = self._server.store
        deployment = store.one("SELECT * FROM deployments WHERE seq = ?", seq)
        if deployment is None:
            return None, None
        return deployment, store.one("SELECT * FROM functions WHERE seq = ?", deployment["function_seq"])

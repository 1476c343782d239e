"""The processes of all functions: one for each active deployment, started at its first execution."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from emulator.functions.worker_process import (
    Call,
    NoOutcomeError,
    NotBegunError,
    Outcome,
    Program,
    WorkerProcess,
)


class Workers:
    """Runs executions, and starts, replaces and ends the processes that they need."""

    def __init__(self) -> None:
        self._of_deployment: dict[str, asyncio.Task[WorkerProcess]] = {}
        self._owners: dict[WorkerProcess, str] = {}

    async def run(
        self, function_id: str, deployment_id: str, call: Call, program: Callable[[], Program]
    ) -> Outcome:
        """Runs one execution in the deployment's process, which `program` describes should it have to start.

        NoOutcomeError when the process cannot be started, dies, or does not answer in time.
        """
        while True:
            starting = self._of_deployment.get(deployment_id)
            if starting is None or not _is_usable(starting):
                starting = asyncio.create_task(self._start(function_id, program()))
                self._of_deployment[deployment_id] = starting
            try:
                worker = await asyncio.shield(starting)
            except (OSError, ValueError) as error:
                raise NoOutcomeError(f"The function's process cannot be started: {error}") from None
            try:
                return await worker.run(call)
            except NotBegunError:
                continue

    def kill_worker(self, execution_id: str) -> None:
        """Kills the process that runs an execution, at once."""
        for worker in tuple(self._owners):
            if worker.runs(execution_id):
                worker.kill()

    def kill_function(self, function_id: str) -> None:
        """Kills every process of a function, at once; its next execution starts another."""
        for worker, owner in tuple(self._owners.items()):
            if owner == function_id:
                worker.kill()

    def retire(self, deployment_id: str) -> None:
        """Ends the process of a deployment that is not active any more, after the executions that it has."""
        starting = self._of_deployment.pop(deployment_id, None)
        if starting is not None:
            starting.add_done_callback(_close_when_idle)

    async def stop(self) -> None:
        """Kills all processes."""
        await asyncio.gather(*self._of_deployment.values(), return_exceptions=True)
        for worker in self._owners:
            worker.kill()

    async def _start(self, function_id: str, program: Program) -> WorkerProcess:
        self._owners = {worker: owner for worker, owner in self._owners.items() if worker.alive}
        worker = WorkerProcess()
        await worker.start(program)
        self._owners[worker] = function_id
        return worker


def _is_usable(starting: asyncio.Task[WorkerProcess]) -> bool:
    return not starting.done() or (starting.exception() is None and starting.result().open)


def _close_when_idle(started: asyncio.Task[WorkerProcess]) -> None:
    if started.exception() is None:
        started.result().close_when_idle()

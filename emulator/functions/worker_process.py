"""One function's process, seen from the server: executions go in, outcomes come out."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from emulator.functions.worker.frames import FrameReader, pack

_MAIN = Path(__file__).parent / "worker" / "__main__.py"
GRACE_SECONDS = 5
_LONGEST_LIFE_OF_A_REPLACED_ONE = 900


class NoOutcomeError(Exception):
    """The execution has no outcome; the message says why. It may have had effects."""


class NotBegunError(NoOutcomeError):
    """The process ended before it began the execution, which another may therefore run."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a process runs: the interpreter, the folder that holds `function`, its environment variables."""

    python: Path
    folder: Path
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a function. target: path and query. timeout: the function's own limit in seconds."""

    execution_id: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    timeout: int
    logging: bool

    def frame(self) -> bytes:
        """The call as the process reads it."""
        return pack(
            {
                "id": self.execution_id,
                "method": self.method,
                "target": self.target,
                "headers": self.headers,
                "timeout": self.timeout,
                "logging": self.logging,
            },
            self.body,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function answered and wrote. duration: seconds."""

    status: int
    headers: dict[str, str]
    body: bytes
    logs: str
    errors: str
    duration: float


@dataclass(slots=True)
class _Job:
    outcome: asyncio.Future[Outcome]
    overdue: asyncio.TimerHandle
    sent: float = field(default_factory=time.perf_counter)
    begun: bool = False


class WorkerProcess(asyncio.Protocol):
    """A process that runs executions until it dies or is closed.

    One whose event loop must be blocked, because an execution is late by more than its own limit, takes no
    further executions, and ends when it is through with those that it has.
    """

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._jobs: dict[str, _Job] = {}
        self._transport: asyncio.WriteTransport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._has_begun_any = False
        self._closing = False

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._transport is not None

    @property
    def open(self) -> bool:
        """Whether it takes executions."""
        return self.alive and not self._closing

    async def start(self, program: Program) -> None:
        """Starts the process; OSError or ValueError when it cannot be started."""
        ours, theirs = socket.socketpair()
        try:
            self._process = await asyncio.create_subprocess_exec(
                program.python, _MAIN, str(theirs.fileno()),
                pass_fds=(theirs.fileno(),), cwd=program.folder, env=program.variables,
                stdin=asyncio.subprocess.DEVNULL, stdout=2, start_new_session=True,
            )  # fmt: skip
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    async def run(self, call: Call) -> Outcome:
        """Runs one execution; NoOutcomeError when the process dies or does not answer in time.

        In time is the call's timeout and a few seconds; the function may go on after that.
        """
        if self._closing:
            raise NotBegunError("The process takes no executions any more.")
        if self._transport is None:
            raise self._lost(begun=False)
        loop = asyncio.get_running_loop()
        overdue = loop.call_later(call.timeout + GRACE_SECONDS, self._give_up, call.execution_id)
        job = self._jobs[call.execution_id] = _Job(loop.create_future(), overdue)
        self._transport.write(call.frame())
        return await job.outcome

    def runs(self, execution_id: str) -> bool:
        """Whether the process has an execution, be it late."""
        return execution_id in self._jobs

    def close_when_idle(self) -> None:
        """Ends the process after the executions that it has."""
        self._closing = True
        if not self._jobs:
            self.kill()
        else:
            asyncio.get_running_loop().call_later(_LONGEST_LIFE_OF_A_REPLACED_ONE, self.kill)

    def kill(self) -> None:
        """Ends the process and all that it started, at once."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers the way to the process."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        """Takes what the process says."""
        for header, body in self._frames.feed(data):
            self._hear(header, body)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process is dead: what it had begun is lost, what it had not may be run by another."""
        self._transport = None
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.overdue.cancel()
            if not job.outcome.done():
                job.outcome.set_exception(self._lost(job.begun))

    def _lost(self, begun: bool) -> NoOutcomeError:
        """Why a dead process has no outcome; one that never began anything would not do better again."""
        if begun or not self._has_begun_any:
            return NoOutcomeError("The function's process ended before it answered.")
        return NotBegunError("The process ended before it began the execution.")

    def _hear(self, header: dict[str, Any], body: bytes) -> None:
        job = self._jobs[header["id"]]
        if "started" in header:
            job.begun = self._has_begun_any = True
            return
        job.overdue.cancel()
        del self._jobs[header["id"]]
        if not job.outcome.done():
            if "lost" in header:
                job.outcome.set_exception(NoOutcomeError("The function closed the connection unanswered."))
            else:
                job.outcome.set_result(
                    Outcome(
                        header["status"], header["headers"], body, header["logs"], header["errors"],
                        time.perf_counter() - job.sent,
                    )
                )  # fmt: skip
        if self._closing and not self._jobs:
            self.kill()

    def _give_up(self, execution_id: str) -> None:
        job = self._jobs[execution_id]
        if not job.outcome.done():
            job.outcome.set_exception(NoOutcomeError("The function did not answer in time."))
        if not self._closing:
            self.close_when_idle()

"""The process: takes executions from the server's socket, runs them on one event loop, sends the answers.

Whatever takes the loop down (`sys.exit`, a signal) takes the process down; the server starts another.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import threading
from typing import Any, cast

from . import logger as logs
from .frames import FrameReader, pack
from .server import execute


class _Executions(asyncio.Protocol):
    """One task for each frame; the event loop interleaves those that wait."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        for header, body in self._frames.feed(data):
            task = asyncio.get_running_loop().create_task(self._serve(header, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _serve(self, job: dict[str, Any], body: bytes) -> None:
        self._send({"id": job["id"], "started": True})
        logger = logs.Logger(job["logging"])
        logs.begin(logger)
        try:
            answer = await execute(job["method"], job["target"], job["headers"], body, job["timeout"], logger)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            self._send({"id": job["id"], "lost": True})
            return
        finally:
            logs.end(logger)
        printed, errors = logger.collect()
        self._send(
            {
                "id": job["id"],
                "status": answer.status,
                "headers": answer.headers,
                "logs": printed,
                "errors": errors,
            },
            answer.body,
        )

    def _send(self, header: dict[str, Any], body: bytes = b"") -> None:
        assert self._transport is not None
        self._transport.write(pack(header, body))


def work(descriptor: int) -> None:
    """Serves executions until the server closes the socket, which `descriptor` is; does not return."""
    channel = socket.socket(fileno=descriptor)
    threading.Thread(target=_die_with_server, args=(channel.fileno(),), daemon=True).start()
    logs.capture()
    status = 0
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(loop.connect_accepted_socket(_Executions, channel))
        loop.run_forever()
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    finally:
        os._exit(status)


def _die_with_server(descriptor: int) -> None:
    """Ends the process and all that it started when the server is gone, even while `main` blocks the loop."""
    poll = select.poll()
    poll.register(descriptor, select.POLLHUP)
    poll.poll()
    os.killpg(os.getpgrp(), signal.SIGKILL)

"""The log of executions: what finishes in the same turn of the event loop is committed together."""

from __future__ import annotations

import asyncio
from typing import Any

from emulator.core.context import Server

_COLUMNS = (
    "id", "function_seq", "created", "updated", "user_id", "deployment_id", "trigger_kind", "status",
    "request_method", "request_path", "request_headers", "response_status", "response_headers",
    "logs", "errors", "duration", "scheduled", "job",
)  # fmt: skip
_RESULTS = ("updated", "status", "response_status", "response_headers", "logs", "errors", "duration", "job")
_SAVE = (
    f"INSERT INTO executions ({', '.join(_COLUMNS)})"  # noqa: S608
    f" SELECT {', '.join('?' * len(_COLUMNS))} WHERE EXISTS (SELECT 1 FROM functions WHERE seq = ?)"
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _RESULTS)}"
)


class ExecutionLog:
    """Writes executions; one whose function was deleted meanwhile is left out."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._waiting: list[dict[str, Any]] = []
        self._written: asyncio.Future[None] | None = None

    def save(self, execution: dict[str, Any]) -> asyncio.Future[None]:
        """Writes an execution as it is now, new or not; done when it is on the disk."""
        self._waiting.append(execution)
        if self._written is None:
            loop = asyncio.get_running_loop()
            self._written = loop.create_future()
            loop.call_soon(self._write)
        return self._written

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        written, self._written = self._written, None
        assert written is not None
        try:
            with self._server.store.transaction():
                self._server.store.run_many(
                    _SAVE, [[*(each[name] for name in _COLUMNS), each["function_seq"]] for each in waiting]
                )
        except Exception as error:
            written.set_exception(error)
        else:
            written.set_result(None)

"""Executions that events start: a function names what it listens to, exactly or with wildcards."""

from __future__ import annotations

import json

from emulator.core.context import Server
from emulator.core.event_names import event_names, trigger_name
from emulator.core.events import Event
from emulator.core.ids import unique_id
from emulator.core.store import Row
from emulator.functions.invoking import Invocation, Invoker, new_record, platform_headers
from emulator.health.routes import SPOKEN_VERSION

_HEADERS = {"user-agent": f"Appwrite/{SPOKEN_VERSION}", "content-type": "application/json"}


class Triggers:
    """Listens to every event."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def start(self) -> None:
        """Begins to listen."""
        self._server.events.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        listening = self._server.store.all("SELECT * FROM functions WHERE events <> '[]'")
        if not listening or event.pattern.startswith("functions."):
            return
        names = frozenset(event_names(event))
        for function in listening:
            if not names.isdisjoint(json.loads(function["events"])):
                self._execute(function, event)

    def _execute(self, function: Row, event: Event) -> None:
        invoker = self._server.part(Invoker)
        deployment = invoker.ready_deployment(function)
        if deployment is None:
            invoker.refuse(function, "event")
            return
        execution_id = unique_id()
        headers = _HEADERS | platform_headers(
            self._server, function, execution_id, "event", event.user_id, event=trigger_name(event)
        )
        record = new_record(
            self._server, function, deployment["id"], execution_id, "event", "processing",
            "POST", "/", headers, event.user_id,
        )  # fmt: skip
        body = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        invoker.run_soon(Invocation(function, deployment, headers, body, record))

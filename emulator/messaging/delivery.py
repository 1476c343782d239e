"""Delivery: messages go from `processing` to the outbox, at once or when their time has come."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

from emulator.core.context import Server
from emulator.core.store import Row

_LOOK_EVERY_SECONDS = 0.5

log = logging.getLogger("emulator")


class Courier:
    """Delivers messages on the event loop, after the requests that asked for it were answered.

    A message that was being sent when the server stopped is sent at the next start.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sends what was left over and begins to watch for scheduled messages."""
        for row in self._server.store.all("SELECT seq FROM messages WHERE status = 'processing'"):
            self.send_soon(row["seq"])
        self._watch = asyncio.create_task(self._send_due())

    async def stop(self) -> None:
        """Stops watching."""
        if self._watch is not None:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch

    def send_soon(self, message_seq: int) -> None:
        """Sends a message once the loop is free."""
        asyncio.get_running_loop().call_soon(self._send, message_seq)

    async def _send_due(self) -> None:
        due = "SELECT seq FROM messages WHERE status = 'scheduled' AND scheduled <= ?"
        while True:
            for row in self._server.store.all(due, self._server.clock.now()):
                self._send(row["seq"])
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    def _send(self, message_seq: int) -> None:
        try:
            with self._server.store.transaction():
                message = self._server.store.one("SELECT * FROM messages WHERE seq = ?", message_seq)
                if message is not None and message["status"] in ("processing", "scheduled"):
                    self._deliver(message)
        except Exception:
            log.exception("a message could not be delivered")

    def _deliver(self, message: Row) -> None:
        store, now = self._server.store, self._server.clock.now()
        receivers = _receivers(self._server, message)
        for identifier, user_id in receivers.items():
            store.insert(
                "deliveries",
                {
                    "message_id": message["id"],
                    "provider_type": message["provider_type"],
                    "user_id": user_id,
                    "identifier": identifier,
                    "data": message["data"],
                    "delivered": now,
                },
            )
        store.run(
            "UPDATE messages SET status = ?, delivery_errors = ?, delivered_total = ?, delivered = ?,"
            " updated = ? WHERE seq = ?",
            "sent" if receivers else "failed",
            json.dumps([] if receivers else ["There is no receiver with a target of this kind."]),
            len(receivers), now if receivers else None, now, message["seq"],
        )  # fmt: skip


def outbox(server: Server) -> list[dict[str, Any]]:
    """Everything that was delivered, oldest first: one entry for each address that a message went to."""
    return [
        {
            "messageId": row["message_id"],
            "providerType": row["provider_type"],
            "userId": row["user_id"],
            "identifier": row["identifier"],
            "data": json.loads(row["data"]),
            "deliveredAt": row["delivered"],
        }
        for row in server.store.all("SELECT * FROM deliveries ORDER BY seq")
    ]


async def start(server: Server) -> None:
    """Registers the courier and starts it."""
    courier = server.parts[Courier] = Courier(server)
    courier.start()


async def stop(server: Server) -> None:
    """Stops the courier."""
    await server.part(Courier).stop()


def _receivers(server: Server, message: Row) -> dict[str, str]:
    """Who owns each address that the message goes to; an address that is named twice gets it once."""
    data = json.loads(message["data"])
    targets = [*json.loads(message["targets"]), *data.get("cc", []), *data.get("bcc", [])]
    rows = server.store.all(
        """
        SELECT t.identifier, u.id FROM targets t JOIN users u ON u.seq = t.user_seq
        WHERE t.project = ? AND t.provider_type = ? AND (
            t.seq IN (
                SELECT target_seq FROM subscribers WHERE topic_seq IN
                    (SELECT seq FROM topics WHERE id IN (SELECT value FROM json_each(?)))
            )
            OR u.id IN (SELECT value FROM json_each(?))
            OR t.id IN (SELECT value FROM json_each(?))
        )
        ORDER BY t.seq
        """,
        server.config.project_id, message["provider_type"], message["topics"], message["users"],
        json.dumps(targets),
    )  # fmt: skip
    return {row["identifier"]: row["id"] for row in rows}

"""Webhooks: events written in the transaction of what they tell, posted until somebody answers 2xx."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from emulator.core.context import Server
from emulator.core.store import Row
from emulator.razorpay.entities import find, new_id, show_order, show_payment, show_refund
from emulator.razorpay.settings import SettingsKeeper

SCHEMA = """
CREATE TABLE IF NOT EXISTS gateway_events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, event TEXT NOT NULL,
    payment_id TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, deliveries INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, last_status INTEGER, next_at REAL NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS gateway_events_due ON gateway_events (state, next_at)
"""
ACCOUNT_ID = "acc_LocalAppwrite1"
TIME_LIMIT_SECONDS = 5.0
RETRY_FOR_SECONDS = 24 * 3600.0
LONGEST_WAIT_SECONDS = 4 * 3600.0
AT_ONCE = 16

WAITING, HELD, DELIVERED, LOST, ABANDONED, UNSENT = (
    "waiting", "held", "delivered", "lost", "abandoned", "unsent",
)  # fmt: skip
log = logging.getLogger("emulator.webhooks")


def announce(server: Server, event: str, payment_id: str, refund_id: str | None = None) -> None:
    """Writes an event with the entities as they are now, inside the caller's transaction.

    Whether it is sent, lost, doubled, delayed or held is decided here, by the settings.
    """
    keeper, now = server.part(SettingsKeeper), server.clock.time()
    settings, chance = keeper.now, keeper.chance
    state = WAITING
    if not settings.webhook_url or settings.disabled or event not in settings.events:
        state = UNSENT
    elif settings.held:
        state = HELD
    elif chance.random() < settings.loss_rate:
        state = LOST
    server.store.insert(
        "gateway_events",
        {
            "id": new_id("evt_"),
            "event": event,
            "payment_id": payment_id,
            "body": json.dumps(envelope(server, event, payment_id, refund_id), separators=(",", ":")),
            "state": state,
            "deliveries": 2 if chance.random() < settings.duplicate_rate else 1,
            "next_at": now + chance.random() * settings.jitter_seconds,
            "created_at": now,
        },
    )
    server.part(Courier).wake()


def envelope(server: Server, event: str, payment_id: str, refund_id: str | None) -> dict[str, Any]:
    """The body of an event: a snapshot of the entities that it is about."""
    payment = find(server.store, "payment", payment_id)
    payload: dict[str, Any] = {}
    if refund_id is not None:
        payload["refund"] = {"entity": show_refund(find(server.store, "refund", refund_id))}
    payload["payment"] = {"entity": show_payment(payment)}
    if event == "order.paid":
        payload["order"] = {"entity": show_order(find(server.store, "order", payment["order_id"]))}
    return {
        "entity": "event",
        "account_id": ACCOUNT_ID,
        "event": event,
        "contains": list(payload),
        "payload": payload,
        "created_at": int(server.clock.time()),
    }


def sign(secret: str, body: bytes) -> str:
    """The signature of a body: HMAC-SHA256 as hexadecimal digits."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Courier:
    """Posts waiting events when they are due; what it has not posted when the server dies, it posts later."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._woken = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, "webhook")
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to deliver, on the running event loop."""
        self._server.clock.when_moved(self.wake)
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops; deliveries under way are left to the next start."""
        for task in (self._loop, *self._under_way.values()):
            if task is not None:
                task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Looks again for events that are due."""
        self._woken.set()

    async def deliver_now(self, event_id: str) -> int:
        """Posts an event at once, whatever its state, and returns the status; 0 when there was no answer."""
        row = self._server.store.one("SELECT * FROM gateway_events WHERE id = ?", event_id)
        if row is None:
            raise KeyError(event_id)
        return await self._deliver(row)

    async def _run(self) -> None:
        store = self._server.store
        while True:
            self._woken.clear()
            now = self._server.clock.time()
            due = store.all(
                "SELECT * FROM gateway_events WHERE state = ? AND next_at <= ? ORDER BY next_at, sequence",
                WAITING, now,
            )  # fmt: skip
            for row in due:
                if len(self._under_way) < AT_ONCE and row["id"] not in self._under_way:
                    self._under_way[row["id"]] = asyncio.create_task(self._deliver_and_forget(row))
            upcoming = store.value(
                "SELECT min(next_at) FROM gateway_events WHERE state = ? AND next_at > ?", WAITING, now
            )
            try:
                await asyncio.wait_for(self._woken.wait(), None if upcoming is None else upcoming - now)
            except TimeoutError:
                continue

    async def _deliver_and_forget(self, row: Row) -> None:
        try:
            await self._deliver(row)
        except Exception:
            log.exception("the delivery of %s failed", row["id"])
        finally:
            self._under_way.pop(row["id"], None)
            self.wake()

    async def _deliver(self, row: Row) -> int:
        url = self._server.part(SettingsKeeper).now.webhook_url
        body = row["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Razorpay-Webhook/v1",
            "X-Razorpay-Event-Id": row["id"],
            "X-Razorpay-Signature": sign(self._server.config.payments_webhook_secret, body),
        }
        loop = asyncio.get_running_loop()
        status = await loop.run_in_executor(self._threads, post, url, headers, body)
        with self._server.store.transaction():
            self._note(row["id"], status)
        return status

    def _note(self, event_id: str, status: int) -> None:
        store, now = self._server.store, self._server.clock.time()
        row = store.one("SELECT * FROM gateway_events WHERE id = ?", event_id)
        if row is None:
            # Forgotten meanwhile.
            return
        attempts, deliveries, state, wait = row["attempts"] + 1, row["deliveries"], row["state"], 0.0
        if 200 <= status < 300:
            deliveries -= 1
            state = DELIVERED if deliveries <= 0 else state
        elif state == WAITING:
            keeper = self._server.part(SettingsKeeper)
            wait = min(keeper.now.retry_seconds * 2 ** min(attempts - 1, 30), LONGEST_WAIT_SECONDS)
            if now >= row["created_at"] + RETRY_FOR_SECONDS:
                state = ABANDONED
                keeper.change({"disabled": True})
        store.run(
            "UPDATE gateway_events SET state = ?, deliveries = ?, attempts = ?, last_status = ?, next_at = ?"
            " WHERE id = ?",
            state, deliveries, attempts, status, now + wait, event_id,
        )  # fmt: skip


def post(url: str, headers: dict[str, str], body: bytes) -> int:
    """Posts and returns the status; 0 when nobody answered within five seconds."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    # Every name below .localhost is this machine (RFC 6761), but not every resolver knows it.
    name = parts.hostname or ""
    address = "127.0.0.1" if name.endswith(".localhost") else name
    headers = {"Host": parts.netloc, **headers}
    connection = kind(address, parts.port, timeout=TIME_LIMIT_SECONDS)
    try:
        connection.request(
            "POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def show_event(row: Row) -> dict[str, Any]:
    """An event and its fate, for the local route."""
    return {
        "id": row["id"],
        "event": row["event"],
        "paymentId": row["payment_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "lastStatus": row["last_status"],
        "createdAt": row["created_at"],
        "nextAt": row["next_at"],
        "body": json.loads(row["body"]),
    }

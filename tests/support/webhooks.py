"""Webhooks of the payment stand-in, sent to the deployed function, or made by somebody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from scripts.local_appwrite import Ready
from scripts.project.shop import Answer, execute
from scripts.project.webhooks import WEBHOOK_FUNCTION, connect_webhooks
from tests.support.arena import Arena
from tests.support.local_server import ok, wait_until
from tests.support.payments import events

_QUIET = {
    "held": False, "lossRate": 0, "duplicateRate": 0, "jitterSeconds": 0, "retrySeconds": 1,
    "refundStatus": "processed",
}  # fmt: skip


@contextmanager
def connected(arena: Arena) -> Iterator[str]:
    """The address at which the function takes webhooks, while they are sent there."""
    address = connect_webhooks(arena.server.ready)
    try:
        yield address
    finally:
        ok(arena.local.patch("/payments/settings", {**_QUIET, "webhookUrl": ""}))


def body_of(event: dict[str, Any]) -> bytes:
    """The very bytes that the gateway sends."""
    return json.dumps(event["body"], separators=(",", ":")).encode()


def signed_headers(ready: Ready, event_id: str, body: bytes) -> dict[str, str]:
    """What the gateway adds to a body."""
    secret = ready.razorpay["webhookSecret"].encode()
    return {
        "x-razorpay-event-id": event_id,
        "x-razorpay-signature": hmac.new(secret, body, hashlib.sha256).hexdigest(),
        "content-type": "application/json",
    }


def post(address: str, body: bytes, headers: dict[str, str]) -> requests.Response:
    """A delivery by whoever wants to. Every name below localhost is this machine."""
    host, _, port = address.split("/")[2].partition(":")
    return requests.post(
        f"http://127.0.0.1:{port}/", data=body, headers={"host": f"{host}:{port}", **headers}, timeout=20
    )


def deliver(arena: Arena, event_id: str) -> int:
    """The gateway sends one of its events now; the status of the answer."""
    return int(ok(arena.local.post(f"/payments/events/{event_id}/deliver"))["status"])


def hand_over(arena: Arena, event: dict[str, Any]) -> Answer:
    """An event, handed to the function by an execution that is watched as a client's is."""
    body = body_of(event)
    headers = signed_headers(arena.server.ready, event["id"], body)
    return execute(arena.http, WEBHOOK_FUNCTION, body.decode(), headers=headers)


def delivered(arena: Arena, payment_id: str) -> list[dict[str, Any]]:
    """The events of a payment, when all of them have been taken."""

    def look() -> list[dict[str, Any]]:
        found = events(arena.local, payment_id)
        return found if all(event["state"] == "delivered" for event in found) else []

    return wait_until(look)

"""`/health`: is the server up, and which version does it speak."""

from __future__ import annotations

from emulator.core.context import Context
from emulator.core.http import Reply
from emulator.core.routing import Route

SPOKEN_VERSION = "1.9.6"


def show_version(ctx: Context) -> Reply:
    """The version of Appwrite whose answers this server gives."""
    return Reply(body={"version": SPOKEN_VERSION})


def show_health(ctx: Context) -> Reply:
    """Whether the server answers; it does."""
    return Reply(body={"name": "http", "ping": 0, "status": "pass"})


ROUTES = (
    Route("GET", "/health/version", show_version, "public"),
    Route("GET", "/health", show_health, "health.read"),
)

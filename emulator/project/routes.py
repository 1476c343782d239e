"""The routes around the project: its keys, the console, and the domains of functions."""

from __future__ import annotations

from emulator.core.context import Server
from emulator.project import console, keys, rules

ROUTES = (*keys.ROUTES, *console.ROUTES, *rules.ROUTES)


async def start(server: Server) -> None:
    """Makes the administrator, and keeps the domains in step with the functions."""
    console.start(server)
    rules.start(server)

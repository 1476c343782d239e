"""The console: its one administrator, and what the command line asks of it after `appwrite login`."""

from __future__ import annotations

from emulator.auth import CONSOLE
from emulator.core.context import Context, Server
from emulator.core.http import Request
from emulator.teams.records import create_team, join
from emulator.users.records import create_user, user_by_email

ORGANISATION = "local"


async def start(server: Server) -> None:
    """Makes the administrator of the configuration, who owns the organisation that the project is in."""
    ctx = Context(server, Request("", "", "", {}, []), project_id=CONSOLE)
    with server.store.transaction():
        if user_by_email(server.store, CONSOLE, server.config.admin_email) is None:
            admin = create_user(
                ctx, CONSOLE, "admin", email=server.config.admin_email,
                password=server.config.admin_password, name="Administrator",
            )  # fmt: skip
            join(ctx, create_team(ctx, ORGANISATION, "Local"), admin, ["owner"])

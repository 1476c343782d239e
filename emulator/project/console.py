"""The console: its one administrator, and what the command line asks of it after `appwrite login`."""

from __future__ import annotations

from typing import Any

from emulator.auth import CONSOLE
from emulator.core.context import Context, Server
from emulator.core.errors import ApiError
from emulator.core.http import Reply, Request
from emulator.core.params import Param, text, uid
from emulator.core.routing import Route
from emulator.teams.records import create_team, join
from emulator.users.records import create_user, user_by_email

ORGANISATION = "local"
FUNCTIONS_DOMAIN = "functions.localhost"


def start(server: Server) -> None:
    """Makes the project and the administrator of the configuration, who owns the organisation around it."""
    ctx = Context(server, Request("", "", "", {}, []), project_id=CONSOLE)
    with server.store.transaction():
        if server.store.one("SELECT 1 FROM project") is None:
            project = {"created": ctx.now, "updated": ctx.now, "name": server.config.project_id}
            server.store.insert("project", project)
        if user_by_email(server.store, CONSOLE, server.config.admin_email) is None:
            admin = create_user(
                ctx, CONSOLE, "admin", email=server.config.admin_email,
                password=server.config.admin_password, name="Administrator",
            )  # fmt: skip
            join(ctx, create_team(ctx, ORGANISATION, "Local"), admin, ["owner"])


def list_projects(ctx: Context) -> Reply:
    """The one project."""
    return Reply(200, {"total": 1, "projects": [_show(ctx)]})


def get_project(ctx: Context) -> Reply:
    """The project, without settings that could be changed: there are none."""
    _refuse_other_project(ctx)
    return Reply(200, _show(ctx))


def rename_project(ctx: Context) -> Reply:
    """Another name."""
    _refuse_other_project(ctx)
    ctx.store.run("UPDATE project SET name = ?, updated = ?", ctx.args["name"], ctx.now)
    return Reply(200, _show(ctx))


def variables(ctx: Context) -> Reply:
    """How the server is set up, as far as the command line asks."""
    return Reply(
        200,
        {
            "_APP_DOMAIN_TARGET_CNAME": "localhost",
            "_APP_DOMAIN_TARGET_A": "127.0.0.1",
            "_APP_DOMAIN_TARGET_AAAA": "::1",
            "_APP_DOMAIN_FUNCTIONS": FUNCTIONS_DOMAIN,
            "_APP_DOMAIN_SITES": "sites.localhost",
            "_APP_DOMAIN_ENABLED": False,
            "_APP_VCS_ENABLED": False,
            "_APP_ASSISTANT_ENABLED": False,
            "_APP_USAGE_STATS": "disabled",
        },
    )


def _refuse_other_project(ctx: Context) -> None:
    if ctx.args["projectId"] != ctx.server.config.project_id:
        raise ApiError("project_not_found", "There is no project with this id on this server.")


def _show(ctx: Context) -> dict[str, Any]:
    row = ctx.store.one("SELECT * FROM project")
    assert row is not None
    return {
        "$id": ctx.server.config.project_id,
        "$createdAt": row["created"],
        "$updatedAt": row["updated"],
        "name": row["name"],
        "teamId": ORGANISATION,
        "region": "default",
        "status": "active",
    }


_PROJECT = Param("projectId", uid, required=True)
_NAME = Param("name", text(128), required=True)

ROUTES = (
    Route("GET", "/projects", list_projects, "projects.read"),
    Route("GET", "/projects/{projectId}", get_project, "projects.read", (_PROJECT,)),
    Route("PATCH", "/projects/{projectId}", rename_project, "projects.write", (_PROJECT, _NAME)),
    Route("GET", "/console/variables", variables, "projects.read"),
)

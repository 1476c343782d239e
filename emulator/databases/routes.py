"""Every route of definitions, in both namespaces."""

from __future__ import annotations

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply
from emulator.core.routing import Route
from emulator.databases import column_routes, database_routes, index_routes, table_routes
from emulator.databases.namespaces import NAMESPACES, Namespace


def refuse(ctx: Context) -> Reply:
    """Logs and usage, which Appwrite's console shows."""
    raise ApiError("general_route_not_emulated", "Logs and usage are not emulated here.")


def _not_emulated(ns: Namespace) -> tuple[Route, ...]:
    paths = (ns.database_path, ns.table_path, f"{ns.rows_path}/{{{ns.row_id}}}")
    logs = [Route("GET", f"{path}/logs", refuse, "databases.read") for path in paths]
    usage = [Route("GET", f"{path}/usage", refuse, "databases.read") for path in paths[:2]]
    return (*logs, *usage)


ROUTES = tuple(
    route
    for ns in NAMESPACES
    for routes in (
        database_routes.routes,
        table_routes.routes,
        column_routes.routes,
        index_routes.routes,
        _not_emulated,
    )
    for route in routes(ns)
)

"""The one table of what the server answers: every area's routes, rows and error types, put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from emulator.account.routes import ROUTES as ACCOUNT
from emulator.core.context import Server
from emulator.core.routing import Route
from emulator.databases.model import start as start_databases
from emulator.databases.routes import ROUTES as DATABASES
from emulator.databases.schema import SCHEMA as DATABASES_SCHEMA
from emulator.functions.routes import ROUTES as FUNCTIONS
from emulator.functions.routes import SCHEMA as FUNCTIONS_SCHEMA
from emulator.functions.routes import start as start_functions
from emulator.functions.routes import stop as stop_functions
from emulator.health.routes import ROUTES as HEALTH
from emulator.messaging import delivery
from emulator.messaging.routes import ROUTES as MESSAGING
from emulator.messaging.tables import SCHEMA as MESSAGING_SCHEMA
from emulator.project.routes import ROUTES as PROJECT
from emulator.project.routes import start as start_project
from emulator.project.tables import SCHEMA as PROJECT_SCHEMA
from emulator.razorpay import site as payments
from emulator.realtime import hub
from emulator.rows.routes import ROUTES as ROWS
from emulator.rows.shape import start as start_rows
from emulator.storage.routes import ROUTES as STORAGE
from emulator.storage.routes import SCHEMA as STORAGE_SCHEMA
from emulator.teams.routes import ROUTES as TEAMS
from emulator.teams.tables import SCHEMA as TEAMS_SCHEMA
from emulator.users.routes import ROUTES as USERS
from emulator.users.tables import SCHEMA as USERS_SCHEMA


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the API.

    title: its heading in the coverage table. schema: the SQLite tables behind it. start and stop run on the
    event loop before the first and after the last request.
    """

    title: str
    routes: tuple[Route, ...]
    schema: str = ""
    start: Callable[[Server], Awaitable[None]] | None = None
    stop: Callable[[Server], Awaitable[None]] | None = None


AREAS = (
    Area("Health", HEALTH),
    Area("Users", USERS, USERS_SCHEMA),
    Area("Account", ACCOUNT),
    Area("Teams", TEAMS, TEAMS_SCHEMA),
    Area("Project", PROJECT, PROJECT_SCHEMA, start_project),
    Area("Databases", DATABASES, DATABASES_SCHEMA, start=start_databases),
    Area("Rows", ROWS, start=start_rows),
    Area("Storage", STORAGE, STORAGE_SCHEMA),
    Area("Messaging", MESSAGING, MESSAGING_SCHEMA, delivery.start, delivery.stop),
    Area("Realtime", (), start=hub.start),
    Area("Functions", FUNCTIONS, FUNCTIONS_SCHEMA, start_functions, stop_functions),
    Area("Payment gateway", (), payments.SCHEMA, payments.start, payments.stop),
)

ROUTES = tuple(replace(route, area=area.title) for area in AREAS for route in area.routes)
SCHEMAS = tuple(area.schema for area in AREAS if area.schema)

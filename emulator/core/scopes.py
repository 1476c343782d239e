"""Scopes: what routes ask for and what each kind of caller has.

A route names one scope. Where the real server takes one of several (the names before and after TablesDB, or
a table's scope for its columns), the others grant the route's: `granted` adds what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterable

_DATA = frozenset(
    {"rows.read", "rows.write", "documents.read", "documents.write", "files.read", "files.write"}
)
_OPEN = frozenset({"global", "public", "home", "console", "sessions.write", "locale.read", "avatars.read"})

GUEST_SCOPES = _OPEN | _DATA | {"executions.write"}
USER_SCOPES = GUEST_SCOPES | frozenset(
    {
        "account", "teams.read", "teams.write", "executions.read", "targets.read", "targets.write",
        "subscribers.read", "subscribers.write",
    }
)  # fmt: skip
KEY_SCOPES = frozenset({"global", "health.read"})

PROJECT_SCOPES = frozenset(
    f"{area}.{verb}"
    for area in (
        "project", "keys", "platforms", "mocks", "policies", "project.policies", "templates", "oauth2",
        "users", "sessions", "teams", "databases", "tables", "columns", "indexes", "rows", "collections",
        "attributes", "documents", "buckets", "files", "tokens", "functions", "executions", "execution",
        "sites", "log", "providers", "topics", "subscribers", "targets", "messages", "rules", "webhooks",
        "migrations", "schedules", "vcs", "insights", "reports", "presences",
    )
    for verb in ("read", "write")
) | {"locale.read", "avatars.read", "health.read", "assistant.read"}  # fmt: skip
"""What an API key can be given."""

_STANDS_FOR = {
    "collections": ("tables", "columns", "indexes"),
    "tables": ("columns", "indexes"),
    "attributes": ("columns",),
    "documents": ("rows",),
    "execution": ("executions",),
    "users": ("users.sessions",),
    "sessions": ("users.sessions",),
    "policies": ("project.policies",),
}


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """A key's scopes and those that they stand for; `users.sessions` is the server's view of sessions."""
    out = set(scopes)
    for scope in tuple(out):
        area, _, verb = scope.rpartition(".")
        out.update(f"{other}.{verb}" for other in _STANDS_FOR.get(area, ()))
    return frozenset(out)


EVERY_KEY_SCOPE = granted(PROJECT_SCOPES) | KEY_SCOPES
ADMIN_SCOPES = EVERY_KEY_SCOPE | USER_SCOPES | {"projects.read", "projects.write"}
CONSOLE_GUEST_SCOPES = _OPEN
CONSOLE_USER_SCOPES = _OPEN | {"account", "teams.read", "teams.write", "projects.read", "projects.write"}

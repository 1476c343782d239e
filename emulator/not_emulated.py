"""Routes that Appwrite has and this server does not: they answer 501 instead of pretending to be unknown."""

from __future__ import annotations

_AREAS = (
    "avatars", "locale", "graphql", "sites", "tokens", "vcs", "migrations", "proxy", "console", "projects",
    "project", "documentsdb", "vectordb", "mock", "presences",
)  # fmt: skip
_PATHS = (
    "account/mfa", "account/identities", "account/recovery", "account/verifications", "account/tokens",
    "account/logs", "account/payment-methods", "messaging/providers", "tablesdb/transactions",
    "databases/transactions", "tablesdb/usage", "databases/usage", "storage/usage", "functions/usage",
    "functions/templates", "functions/specifications", "users/usage", "users/identities", "health/",
)  # fmt: skip


def is_known_route(path: str) -> bool:
    """Whether Appwrite itself would know the path (judged by its area, not by every detail)."""
    trimmed = path.strip("/")
    return trimmed.partition("/")[0] in _AREAS or trimmed.startswith(_PATHS)

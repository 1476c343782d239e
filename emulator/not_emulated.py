"""Routes that Appwrite has and this server does not: they answer 501 instead of pretending to be unknown."""

from __future__ import annotations

import re

_AREAS = (
    "avatars", "locale", "graphql", "sites", "tokens", "vcs", "migrations", "proxy", "console", "projects",
    "project", "documentsdb", "vectorsdb", "mock", "presences", "webhooks", "organization", "reports",
    "cards",
)  # fmt: skip
_PATHS = (
    "account/mfa", "account/identities", "account/recovery", "account/verifications", "account/tokens",
    "account/logs", "account/payment-methods", "account/sessions/oauth2", "account/sessions/magic-url",
    "account/sessions/phone", "users/argon2", "users/bcrypt", "users/md5",
    "users/phpass", "users/scrypt", "users/sha", "messaging/providers", "tablesdb/transactions",
    "databases/transactions", "tablesdb/usage", "databases/usage", "storage/usage", "functions/usage",
    "functions/templates", "users/usage", "users/identities", "health/",
)  # fmt: skip
_INNER = re.compile(
    r"functions/[^/]+/(?:usage|deployments/(?:template|vcs))|storage/[^/]+/usage|messaging/[^/]+/[^/]+/logs"
    r"|storage/buckets/[^/]+/files/[^/]+/push"
    r"|users/[^/]+/(?:mfa|logs|impersonator)(?:/.*)?|teams/[^/]+/(?:logs|memberships/[^/]+/status)"
    r"|(?:tablesdb|databases)/[^/]+/(?:.+/)?(?:logs|usage)"
)


def is_known_route(path: str) -> bool:
    """Whether Appwrite itself would know the path (judged by its area, not by every detail)."""
    trimmed = path.strip("/")
    in_area = trimmed.partition("/")[0] in _AREAS
    return in_area or trimmed.startswith(_PATHS) or _INNER.fullmatch(trimmed) is not None

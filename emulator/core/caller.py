"""Who is calling: the roles that permissions name and the scopes that routes ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

GUEST_SCOPES = frozenset(
    {
        "global", "public", "home", "sessions.write", "rows.read", "rows.write", "files.read", "files.write",
        "execution.write", "locale.read", "avatars.read",
    }
)  # fmt: skip
USER_SCOPES = GUEST_SCOPES | frozenset(
    {"account", "teams.read", "teams.write", "execution.read", "targets.read", "targets.write",
     "subscribers.read", "subscribers.write"}
)  # fmt: skip
KEY_SCOPES = frozenset({"global", "health.read"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The proven identity of a request.

    kind: `guest`, `user`, `key` (an API key or a function's dynamic key) or `admin` (a console user).
    scopes None means every scope. privileged callers (keys, admins) bypass row and file permissions.
    """

    kind: str = "guest"
    user_id: str = ""
    session_id: str = ""
    roles: frozenset[str] = field(default_factory=lambda: frozenset({"any", "guests"}))
    scopes: frozenset[str] | None = GUEST_SCOPES
    execution_id: str = ""

    @property
    def privileged(self) -> bool:
        """Whether permissions do not apply."""
        return self.kind in ("key", "admin")

    def has_scope(self, scope: str) -> bool:
        """Whether a route of this scope is open to the caller."""
        return self.scopes is None or scope in self.scopes


GUEST = Caller()

"""Who is calling: the roles that permissions name and the scopes that routes ask for."""

from __future__ import annotations

from dataclasses import dataclass

from emulator.core.scopes import GUEST_SCOPES

GUEST_ROLES = frozenset({"any", "guests"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The proven identity of a request.

    kind: `guest`, `user`, `key` (an API key or a function's dynamic key) or `admin` (a console user who works
    on the project). session_id: set when a session was shown, not for a token. scopes None means every scope.
    blocked: the account is switched off. execution_id: of the function whose dynamic key this is.
    """

    kind: str = "guest"
    user_id: str = ""
    session_id: str = ""
    roles: frozenset[str] = GUEST_ROLES
    scopes: frozenset[str] | None = GUEST_SCOPES
    execution_id: str = ""
    blocked: bool = False

    @property
    def privileged(self) -> bool:
        """Whether permissions do not apply."""
        return self.kind in ("key", "admin")

    def has_scope(self, scope: str) -> bool:
        """Whether a route of this scope is open to the caller."""
        return self.scopes is None or scope in self.scopes


GUEST = Caller()

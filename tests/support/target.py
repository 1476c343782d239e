"""The Appwrite that integration tests run against."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.appwrite_http import Http


@dataclass(frozen=True, slots=True)
class Target:
    """Its address, project and key (with every scope), and the variables that its functions were given."""

    endpoint: str
    project_id: str
    api_key: str
    variables: dict[str, str]

    def http(self) -> Http:
        """A caller with the API key."""
        return Http.with_key(self.endpoint, self.project_id, self.api_key)

    def guest(self) -> Http:
        """A caller who names the project and proves nothing."""
        return Http.guest(self.endpoint, self.project_id)

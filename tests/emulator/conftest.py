"""Callers of the local Appwrite that the emulator's tests share."""

from __future__ import annotations

import pytest

from tests.support.local_server import Http, LocalServer


@pytest.fixture(scope="session")
def guest(server: LocalServer) -> Http:
    """A caller who names the project and proves nothing."""
    return Http(server.endpoint, {"X-Appwrite-Project": server.ready.project_id})

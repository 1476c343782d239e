"""Callers of the local Appwrite that the emulator's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import razorpay  # type: ignore[import-untyped]

from tests.support.local_server import Http, LocalServer, ok


@pytest.fixture(scope="session")
def guest(server: LocalServer) -> Http:
    """A caller who names the project and proves nothing."""
    return Http(server.endpoint, {"X-Appwrite-Project": server.ready.project_id})


@pytest.fixture
def local(server: LocalServer) -> Iterator[Http]:
    """A caller of the local routes. Afterwards no fault is left, and clock and payments behave as usual."""
    caller = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    usual = ok(caller.get("/payments/settings"))
    yield caller
    ok(caller.delete("/faults"))
    ok(caller.put("/clock", {"offsetSeconds": 0}))
    ok(caller.patch("/payments/settings", usual))


@pytest.fixture
def gateway(server: LocalServer) -> Any:
    """The SDK's client with the server's keys."""
    said = server.ready.razorpay
    return razorpay.Client(auth=(said["keyId"], said["keySecret"]), base_url=said["url"])

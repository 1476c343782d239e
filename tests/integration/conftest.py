"""An Appwrite with appwrite.json applied and the functions deployed: local, or the one that is named.

With APPWRITE_ENDPOINT, APPWRITE_PROJECT_ID and APPWRITE_API_KEY set, everything but the payments is there.
The payment stand-in stays on this machine; PAYMENTS_HOST is the name by which functions over there reach it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from scripts.appwrite_http import is_loopback
from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.local import function_variables
from scripts.project.provision import provision, refuse_old_server
from scripts.project.shop import Answer, Customer, Event, Shop
from tests.conftest import arena_serving
from tests.integration.holds import PRICE
from tests.support.arena import Arena
from tests.support.local_server import Http, LocalServer, ok
from tests.support.published import as_published
from tests.support.target import Target

_REMOTE = ("APPWRITE_ENDPOINT", "APPWRITE_PROJECT_ID", "APPWRITE_API_KEY")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what only the local Appwrite can do when another one is tested."""
    if not os.environ.get("APPWRITE_ENDPOINT"):
        return
    local_only = [item for item in items if item.get_closest_marker("local_only")]
    if local_only:
        config.hook.pytest_deselected(items=local_only)
        items[:] = [item for item in items if item not in local_only]


@pytest.fixture(scope="session")
def target(server: LocalServer) -> Iterator[Target]:
    """Where the functions are deployed."""
    ready = server.ready
    missing = [name for name in _REMOTE if not os.environ.get(name)]
    if len(missing) not in (0, len(_REMOTE)):
        pytest.exit(f"To test another Appwrite, {', '.join(missing)} must be set too.", returncode=2)
    place = [ready.endpoint, ready.project_id, ready.api_key] if missing else [os.environ[n] for n in _REMOTE]
    host = os.environ.get("PAYMENTS_HOST")
    if not (host or is_loopback(place[0])):
        pytest.exit(
            "Set PAYMENTS_HOST: the name by which functions over there reach this machine.", returncode=2
        )
    gateway = dict(ready.razorpay)
    if host:
        gateway["url"] = gateway["url"].replace(str(urlsplit(gateway["url"]).hostname), host)
    target = Target(place[0].rstrip("/"), place[1], place[2], function_variables(gateway))
    project = load_project()
    refuse_old_server(target.guest())
    provision(target.http(), project, lambda line: None)
    deploy_functions(target.http(), project, target.variables, lambda line: None)
    yield target


class PublishedShop(Shop):
    """A shop in which every answer to a booking is held against its published form."""

    def book(self, *args: Any, **fields: Any) -> Answer:
        """See `Shop.book`; AssertionError when a client would not understand the answer."""
        return as_published(super().book(*args, **fields))

    def book_things(self, *args: Any, **payment: Any) -> Answer:
        """See `Shop.book_things`; AssertionError as above."""
        return as_published(super().book_things(*args, **payment))

    def hold(self, customer: Customer, wanted: Mapping[str, Any]) -> Answer:
        """See `Shop.hold`; AssertionError as above."""
        return as_published(super().hold(customer, wanted), "HoldTicketsSuccess")


@pytest.fixture(scope="session")
def shop(target: Target, server: LocalServer) -> Shop:
    """What the owner of the deployed functions does: events, customers, payments, bookings."""
    payments = Http(server.ready.site + "/_local/payments", {"X-Appwrite-Key": server.ready.api_key})
    return PublishedShop(target.http(), target.project_id, payments)


@pytest.fixture
def event(shop: Shop) -> Event:
    """An event with enough tickets, for tests that need nothing special of it."""
    return shop.create_event({"Standing": (PRICE, 10), "Balcony": (2 * PRICE, 4)})


@pytest.fixture
def ann(shop: Shop) -> Customer:
    """Somebody who buys."""
    return shop.create_customer("Ann")


@pytest.fixture
def local(server: LocalServer) -> Iterator[Http]:
    """A caller of the local routes; afterwards no fault is left."""
    caller = Http(server.ready.site + "/_local", {"X-Appwrite-Key": server.ready.api_key})
    yield caller
    ok(caller.delete("/faults"))


@pytest.fixture(scope="session")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A local Appwrite beside the shared one, with the functions deployed and no schedule running.

    Tests may clear it, move its clock, and run the sweep on it.
    """
    yield from arena_serving(tmp_path_factory.mktemp("arena") / "data")


@pytest.fixture
def clean(arena: Arena) -> Iterator[None]:
    """Nothing of one test on the arena is left for the next."""
    arena.clear()
    yield
    arena.set_clock(0)
    ok(arena.local.delete("/faults"))


@pytest.fixture(scope="session")
def admin(arena: Arena) -> Customer:
    """Somebody who has joined the arena's team of administrators."""
    admin = arena.shop.create_customer("Ada")
    ok(arena.http.post("/teams/admins/memberships", {"userId": admin.user_id, "roles": []}))
    return admin

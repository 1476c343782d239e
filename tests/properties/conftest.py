"""A local Appwrite without functions: the library runs in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from boxoffice.webhooks import take

from scripts.project.config import load_project
from scripts.project.provision import provision
from tests.conftest import serving
from tests.properties.house import House
from tests.properties.world import World
from tests.support.arena import Arena


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The box office; `begin` makes it new."""
    for server in serving(tmp_path_factory.mktemp("world") / "data"):
        arena = Arena(server)
        provision(arena.http, load_project(), lambda line: None)
        with pytest.MonkeyPatch.context() as patch:
            # Here time only passes when a test says so, and an execution stands still for long.
            patch.setattr(take, "_ANSWER_SECONDS", 3_600.0)
            yield World(arena)


@pytest.fixture(scope="session")
def house(world: World) -> House:
    """The box office with more to sell; `open_house` makes it new."""
    return House(world.arena)

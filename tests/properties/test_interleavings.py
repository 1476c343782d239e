"""Any order of holding, buying, paying late, cancelling, sweeping, dying and waiting: the books balance."""

from __future__ import annotations

import os

import pytest

from tests.properties.sequences import BoxOffice, check
from tests.properties.world import World

pytestmark = pytest.mark.local_only

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "60"))


def test_the_books_balance_after_every_sequence(world: World) -> None:
    class Machine(BoxOffice):
        pass

    Machine.world = world
    check(Machine, EXAMPLES, steps=30)

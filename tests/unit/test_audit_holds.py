"""What the audit says of holds, and of what was one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.results import Booked
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay
from tests.unit.shop import Shop


def ended(how: str) -> Shop:
    """A shop with a hold of two that has had that end, long ago, and its claims as they were."""
    shop = Shop()
    kept = held(shop, 2)
    claims = [dict(claim) for claim in shop.rows.all(Table.CLAIMS)]
    if how == "paid":
        assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
    elif how == "released":
        asyncio.run(release_hold(shop.desk(), "ann", kept.booking.id))
    shop.settle()
    assert shop.audit() == []
    (place,) = [claim for claim in claims if not claim["ticket"]]
    shop.rows.tables[Table.CLAIMS][place["$id"]] = place
    return shop


@pytest.mark.parametrize("how", ["paid", "released", "expired"])
def test_nobody_counts_as_holding_any_more(how: str) -> None:
    assert [violation.rule for violation in ended(how).audit()] == ["leftovers"]


def test_an_open_hold_is_somebodys_work() -> None:
    shop = Shop()
    held(shop)
    assert shop.audit() == []


def test_one_that_nobody_ends_is_not() -> None:
    shop = Shop()
    held(shop)
    shop.now += timedelta(hours=1)
    assert [violation.rule for violation in shop.audit()] == ["final"]

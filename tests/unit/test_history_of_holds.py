"""What the log tells of holds: kept, paid for, given back, run out, or ended while they were being paid."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.results import Booked, Failed
from boxoffice.inventory.expiry import expired_row
from boxoffice.schema import Table

from tests.unit.holding import converted, held, pay
from tests.unit.shop import Shop, broken
from tests.unit.world import Killed

QUARTER = 15 * 60.0


def story(shop: Shop) -> list[tuple[str, str, str | None, str]]:
    """What is logged when all has come to rest, and what the audit says of it."""
    shop.settle()
    assert shop.audit() == []
    found = sorted(shop.rows.all(Table.AUDIT_LOG), key=lambda entry: str(entry["at"]))
    return [(entry["action"], entry["actor"], entry["before"], entry["after"]) for entry in found]


def row(shop: Shop) -> dict[str, Any]:
    (found,) = shop.rows.all(Table.BOOKINGS)
    return found


def test_a_hold_that_was_paid() -> None:
    shop = Shop()
    kept = held(shop, 2)
    claim = pay(shop, kept)
    assert isinstance(converted(shop, kept, claim), Booked)
    assert set(story(shop)) == {
        ("booking.held", "ann", None, "held"),
        ("booking.begun", "ann", "held", "pending"),
        ("payment.captured", "ann", "none", "captured"),
        ("booking.confirmed", "ann", "pending", "confirmed"),
    }


@pytest.mark.parametrize("has_order", [True, False])
def test_a_hold_that_ran_out(has_order: bool) -> None:
    shop = Shop()
    held(shop)
    if not has_order:
        row(shop)["gatewayOrderId"] = None
    shop.sweep(QUARTER + 1)
    assert story(shop) == [
        ("booking.held", "ann", None, "held"),
        ("booking.expired", "sweep", "held", "expired"),
    ]


@pytest.mark.parametrize("has_order", [True, False])
def test_a_hold_that_was_given_back(has_order: bool) -> None:
    shop = Shop()
    kept = held(shop)
    if not has_order:
        row(shop)["gatewayOrderId"] = None
    asyncio.run(release_hold(shop.desk(), "ann", kept.booking.id))
    assert set(story(shop)) == {
        ("booking.held", "ann", None, "held"),
        ("booking.cancelled", "ann", "held", "cancelled"),
    }


def test_a_hold_whose_client_never_came_back_is_completed_by_the_sweep() -> None:
    shop = Shop()
    kept = held(shop)
    claim = pay(shop, kept)
    shop.world.fail("put outcomes", Killed)
    with pytest.raises(Killed):
        converted(shop, kept, claim)
    shop.world.faults.clear()
    (lease,) = shop.rows.all(Table.LEASES)
    shop.rows.tables[Table.LEASES][lease["$id"]]["executionId"] = "the client's"
    told = story(shop)
    assert row(shop)["status"] == "confirmed"
    assert ("booking.confirmed", "sweep", "pending", "confirmed") in told
    assert ("booking.begun", "ann", "held", "pending") in told


def test_a_hold_that_ended_while_it_was_being_paid() -> None:
    shop = Shop()
    kept = held(shop)
    claim = pay(shop, kept)
    create_all = shop.rows.create_all

    async def overtaken(table: Table, *rest: Any, **options: Any) -> None:
        if table is Table.TICKETS:
            await shop.rows.put_once(Table.OUTCOMES, expired_row(kept.booking.id))
        await create_all(table, *rest, **options)

    shop.rows.create_all = overtaken  # type: ignore[method-assign]
    assert isinstance(converted(shop, kept, claim), Failed)
    told = story(shop)
    assert ("booking.rolled_back", "sweep", "pending", "rolled_back") in told
    assert {action for action, *_ in told} >= {"booking.held", "payment.captured", "payment.refunded"}


def test_a_payment_for_a_hold_that_failed() -> None:
    shop = Shop()
    kept = held(shop)
    claim = pay(shop, kept)
    shop.world.fail("put orders", broken)
    assert isinstance(converted(shop, kept, claim), Failed)
    told = story(shop)
    assert ("booking.rolled_back", "ann", "pending", "rolled_back") in told
    assert ("payment.refunded", "ann", "captured", "refunded") in told

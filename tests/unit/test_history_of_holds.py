"""What the log tells of holds: kept, paid for, given back, run out, or ended while they were being paid."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.payments import PaymentState
from boxoffice.inventory.expiry import expired_row
from boxoffice.schema import Table

from tests.unit.gateway_post import Post
from tests.unit.holding import converted, held, pay
from tests.unit.shop import BOB, Shop, broken
from tests.unit.world import Killed

QUARTER = 15 * 60.0


def story(shop: Shop) -> list[tuple[str, str, str | None, str]]:
    """What is logged when all has come to rest, and what the audit says of it."""
    shop.settle()
    assert shop.audit() == []
    found = sorted(shop.rows.all(Table.AUDIT_LOG), key=lambda entry: str(entry["at"]))
    assert [entry["action"] for entry in found if not entry["executionId"]] == []
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


def test_each_change_was_made_in_an_execution_of_its_own() -> None:
    shop = Shop()
    kept = held(shop)
    row(shop)["executionId"] = "the one that held it"
    assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
    story(shop)
    where = {entry["action"]: entry["executionId"] for entry in shop.rows.all(Table.AUDIT_LOG)}
    assert where.pop("booking.held") == "the one that held it"
    assert set(where.values()) == {"execution"}


def test_somebody_who_wants_the_places_ends_what_has_run_out() -> None:
    shop = Shop(capacity=1)
    held(shop)
    shop.now += timedelta(seconds=QUARTER + 1)
    held(shop, caller=BOB)
    assert [outcome["executionId"] for outcome in shop.rows.all(Table.OUTCOMES)] == ["execution"]
    assert ("booking.expired", "sweep", "held", "expired") in story(shop)


def test_its_end_changes_and_by_whom() -> None:
    shop = Shop()
    kept = held(shop)
    shop.now += timedelta(minutes=5)
    asyncio.run(extend_hold(shop.desk(), "ann", kept.booking.id))
    pay(shop, kept, state=PaymentState.FAILED)
    Post(shop).send("payment.failed")
    told = {action: rest for action, *rest in story(shop)}
    first, second = "2030-01-01T12:15:00.000+00:00", "2030-01-01T12:20:00.000+00:00"
    assert told["booking.extended"] == ["ann", first, second]
    actor, before, after = told["booking.shortened"]
    assert (actor, before) == ("gateway", second)
    assert str(after) < second


def test_the_organiser_ends_the_holds_of_a_cancelled_event() -> None:
    shop = Shop()
    held(shop)
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    shop.sweep()
    assert ("booking.cancelled", "organiser", "held", "cancelled") in story(shop)
    [entry] = [one for one in shop.rows.all(Table.AUDIT_LOG) if one["action"] == "booking.cancelled"]
    assert entry["reason"] == "The event was cancelled by its organiser."


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
            await shop.rows.put_once(Table.OUTCOMES, expired_row(kept.booking.id, "execution"))
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

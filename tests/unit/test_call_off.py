"""Events that are cancelled by their organisers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.stored_hold import Lease, lease_row
from boxoffice.caching import Cache
from boxoffice.cancellations import batches
from boxoffice.cancellations import call_off as module
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.counter import BOOKING, Counter
from tests.unit.holding import held
from tests.unit.interruptions import deaths
from tests.unit.shop import PRICE, broken

BOOKINGS = 4


def called_off(**columns: Any) -> Counter:
    """Four bookings of three tickets each, and then the event is cancelled."""
    shop = Counter(capacity=100, **columns)
    for number in range(2, BOOKINGS + 1):
        shop.gateway.pay(f"pay_{number}", 3 * PRICE)
        shop.booked(f"pay_{number}", 3)
    shop.sweep()
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    shop.world.calls.clear()
    return shop


def over(shop: Counter) -> None:
    """Everything has gone back, once."""
    shop.check()
    assert {row["status"] for row in shop.rows.all(Table.BOOKINGS)} == {"cancelled"}
    assert all(payment.refunded == 3 * PRICE for payment in shop.gateway.payments.values())
    assert shop.rows.all(Table.CLAIMS) == []
    assert shop.sweep().called_off == 0


def test_all_that_is_booked_is_cancelled_and_everything_goes_back_whatever_the_rules() -> None:
    shop = called_off(refundSteps=None)
    assert shop.sweep().called_off == BOOKINGS
    over(shop)
    assert {row["actor"] for row in shop.rows.all(Table.CANCELLATIONS)} == {"organiser"}
    assert len(shop.gateway.refunds) == BOOKINGS


def test_used_tickets_are_left_out_and_what_was_cancelled_stays_as_it_was() -> None:
    shop = called_off()
    shop.admit(1)
    shop.cancelled(2)
    shop.sweep()
    assert shop.fates() == {1: "admitted", 2: "cancelled", 3: "cancelled"}
    assert shop.income == PRICE
    shop.check()
    assert any('"event":"event.tickets_used"' in line for line in shop.lines)
    assert shop.sweep().called_off == 0


def test_holds_are_given_back_and_one_that_is_just_being_paid_is_left_to_its_end() -> None:
    shop = called_off()
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "published"
    shop.listings = Cache(10, lambda: shop.time.seconds)
    open_hold, being_paid = held(shop, 2), held(shop, 1)
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    lease = Lease("token", None, shop.now + timedelta(seconds=90))
    row = lease_row(being_paid.booking.id, "ann", lease, "execution")
    asyncio.run(shop.rows.put_once(Table.LEASES, row))
    assert shop.sweep().called_off == BOOKINGS + 1
    statuses = {row["$id"]: row["status"] for row in shop.rows.all(Table.BOOKINGS)}
    assert statuses[open_hold.booking.id] == "cancelled"
    assert statuses[being_paid.booking.id] == "held"
    named = {claim["bookingId"] for claim in shop.rows.all(Table.CLAIMS)}
    assert named == {being_paid.booking.id}


def test_published_events_are_left_alone() -> None:
    shop = Counter()
    assert shop.sweep().called_off == 0
    assert shop.fates() == {}


@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_a_run_dies_the_next_goes_on(after_effect: bool) -> None:
    def shops() -> tuple[Counter]:
        return (called_off(),)

    def run(shop: Counter) -> None:
        shop.sweep()

    for (shop,) in deaths(shops, run, after_effect=after_effect, least_calls=51):
        shop.sweep()
        shop.settle()
        over(shop)
        assert len(shop.gateway.refunds) == BOOKINGS


def test_several_runs_at_once_do_each_booking_once() -> None:
    shop = called_off()

    async def together() -> int:
        runs = await asyncio.gather(*(sweep(shop.desk()) for _ in range(4)))
        return sum(run.called_off for run in runs)

    assert asyncio.run(together()) >= BOOKINGS
    shop.settle()
    over(shop)
    assert len(shop.gateway.refunds) == BOOKINGS


def test_one_refund_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = called_off()
    shop.world.fail("refund payment", broken)
    assert shop.sweep().called_off == BOOKINGS
    assert len(shop.gateway.refunds) == BOOKINGS - 1
    shop.settle()
    over(shop)


def test_more_bookings_than_fit_into_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VALUES", 2)
    shop = called_off()
    shop.admit(1)
    shop.admit(2)
    shop.admit(3)
    assert shop.sweep().called_off == BOOKINGS - 1
    booking = shop.rows.tables[Table.BOOKINGS][BOOKING]
    assert booking["status"] == "confirmed"


def test_without_time_nothing_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_WORK_SECONDS", 0.0)
    shop = called_off()
    assert shop.sweep().called_off == 0
    assert shop.fates() == {}


def test_more_events_than_fit_into_one_condition_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = called_off()
    for number in range(4):
        row = {"name": "Other", "status": "cancelled", "startsAt": to_text(shop.now)}
        shop.rows.seed(Table.EVENTS, f"a-{number}", **row)
    monkeypatch.setattr(module, "MOST_VALUES", 2)
    for _ in range(6):
        shop.sweep(60)
    over(shop)

"""After the event: who came, and who did not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.attendance import over_at, status_after
from boxoffice.domain.status import BookingStatus
from boxoffice.recovery import attendance
from boxoffice.schema import Table

from tests.unit.interruptions import deaths
from tests.unit.shop import NOW, PRICE, Shop, broken

AFTER = timedelta(days=31).total_seconds()


def shop_after(bookings: int = 1, quantity: int = 2) -> Shop:
    """A shop with so many confirmed bookings, shown and logged, whose event is over."""
    shop = Shop(capacity=1_500)
    for number in range(bookings):
        shop.gateway.pay(f"pay_{number}", PRICE * quantity)
        shop.booked(f"pay_{number}", quantity)
    shop.settle()
    shop.now = NOW + timedelta(seconds=AFTER)
    return shop


def admit(shop: Shop, payment: int, number: int = 1) -> None:
    booking = ids.booking_id(f"pay_{payment}")
    row = {"bookingId": booking, "kind": "admitted", "by": "gina"}
    shop.rows.seed(Table.CHECKINS, ids.ticket_id(booking, number), **row)


def statuses(shop: Shop) -> list[str]:
    count = len(shop.rows.all(Table.BOOKINGS))
    return [row(shop, number)["status"] for number in range(count)]


def row(shop: Shop, number: int) -> dict[str, Any]:
    found = shop.booking(f"pay_{number}")
    assert found is not None
    return found


def test_an_event_is_over_at_its_end_or_six_hours_after_its_start() -> None:
    assert over_at(NOW, NOW + timedelta(days=2)) == NOW + timedelta(days=2)
    assert over_at(NOW, None) == NOW + timedelta(hours=6)


def test_one_ticket_of_several_is_enough() -> None:
    assert [status_after(admitted) for admitted in (0, 1, 3)] == [
        BookingStatus.NO_SHOW,
        BookingStatus.COMPLETED,
        BookingStatus.COMPLETED,
    ]


def test_who_came_and_who_did_not() -> None:
    shop = shop_after(3)
    admit(shop, 1, number=2)
    assert shop.sweep().closed == 3
    assert statuses(shop) == ["no_show", "completed", "no_show"]


def test_it_is_in_the_log_before_anybody_is_done_with_it() -> None:
    shop = shop_after(2)
    admit(shop, 0)
    shop.sweep()
    assert shop.sweep(60).remaining == 0
    logged = {entry["action"]: entry for entry in shop.rows.all(Table.AUDIT_LOG)}
    assert {"booking.completed", "booking.no_show", "ticket.admitted"} <= logged.keys()
    assert logged["booking.completed"]["actor"] == "sweep"
    assert shop.audit() == []


def test_not_before_it_is_over() -> None:
    shop = shop_after()
    shop.now = NOW + timedelta(days=30, hours=5, minutes=59)
    assert shop.sweep().closed == 0
    assert shop.sweep(120).closed == 1


def test_running_it_again_changes_nothing() -> None:
    shop = shop_after(2)
    admit(shop, 0)
    shop.sweep()
    shop.settle()
    before = shop.snapshot()
    assert shop.sweep().closed == 0
    assert shop.snapshot() == before


def test_many_are_closed_over_several_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "MOST_VALUES", 2)
    monkeypatch.setattr(attendance, "_MOST_PAGES", 2)
    shop = shop_after(9, quantity=1)
    assert [shop.sweep().closed for _ in range(4)] == [4, 4, 1, 0]


def test_a_cancelled_event_is_left_to_whoever_returns_the_money_and_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attendance, "MOST_VALUES", 1)
    shop = shop_after(3)
    admit(shop, 2)
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    assert asyncio.run(attendance.close_past_bookings(shop.desk())) == 1
    assert sorted(statuses(shop)) == ["completed", "confirmed", "confirmed"]


def test_one_that_is_cancelled_at_the_same_moment_stays_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_after()
    update_where = shop.rows.update_where

    async def cancelled_first(table: Table, *rest: Any) -> None:
        if table is Table.BOOKINGS:
            row(shop, 0)["status"] = "cancelled"
        await update_where(table, *rest)

    monkeypatch.setattr(shop.rows, "update_where", cancelled_first)
    shop.sweep()
    assert statuses(shop) == ["cancelled"]


def test_who_bought_for_an_event_that_was_called_off_is_no_no_show() -> None:
    shop = shop_after(2)
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    shop.settle()
    assert statuses(shop) == ["cancelled", "cancelled"]
    assert "log" not in {violation.rule for violation in shop.audit()}


@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_the_sweep_dies_the_next_one_goes_on(after_effect: bool) -> None:
    def admitted() -> tuple[Shop]:
        shop = shop_after(2)
        admit(shop, 0)
        return (shop,)

    def run(shop: Shop) -> None:
        shop.sweep()

    for (shop,) in deaths(admitted, run, after_effect=after_effect, least_calls=9):
        shop.settle()
        assert statuses(shop) == ["completed", "no_show"]
        assert shop.audit() == []


def test_without_looking_again_nobody_would_know_how_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "check_again_at", lambda now: None)
    shop = shop_after()
    shop.sweep()
    shop.settle()
    assert {violation.rule for violation in shop.audit()} == {"log"}


def test_a_gate_that_cannot_be_read_closes_nothing() -> None:
    shop = shop_after()
    shop.world.fail("find checkins", broken)
    assert shop.sweep().closed == 0
    assert statuses(shop) == ["confirmed"]

"""What guards a hold, switched off: what it prevents does happen then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from boxoffice.bookings import conversion
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.records import outcome_row
from boxoffice.bookings.results import Booked
from boxoffice.bookings.sale import Sale
from boxoffice.bookings.stored_hold import Lease, lease_row
from boxoffice.domain.codes import Code
from boxoffice.domain.holds import HoldPolicy
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.pools import Claim
from boxoffice.domain.selection import SomeTickets
from boxoffice.domain.status import Outcome
from boxoffice.inventory import asking, expiry
from boxoffice.ports import NewRow, Row, Rows
from boxoffice.schema import Table

from tests.unit.hold_acts import UNTIL_THE_END, converting, extending, pass_time
from tests.unit.hold_meetings import paid_otherwise, sleeps, taken_at_the_end
from tests.unit.holding import held, pay
from tests.unit.running import error_of
from tests.unit.shop import ANN, BOB, Shop

Patch = pytest.MonkeyPatch


def test_without_the_lease_two_payments_complete_one_hold(monkeypatch: Patch) -> None:
    def lease_of_its_own(booking_id: str, user_id: str, lease: Lease, execution_id: str) -> NewRow:
        return NewRow(lease.attempt, lease_row(booking_id, user_id, lease, execution_id).data)

    monkeypatch.setattr(conversion, "lease_row", lease_of_its_own)
    both = [
        shop
        for shop, paying, other in sleeps(converting(PaymentState.AUTHORISED), paid_otherwise)
        if isinstance(paying, Booked) and isinstance(other, Booked)
    ]
    assert both
    assert all(payment.is_captured for payment in both[0].gateway.payments.values())
    assert len(both[0].rows.all(Table.ORDERS)) == 1


def test_without_the_outcome_what_somebody_has_taken_over_is_sold(monkeypatch: Patch) -> None:
    async def as_wished(self: Sale, outcome: Outcome) -> Row:
        return dict(outcome_row(self.booking, outcome, None, "").data)

    monkeypatch.setattr(Sale, "_decide", as_wished)
    assert any(
        isinstance(paying, Booked) and isinstance(taking, Held)
        for _, paying, taking in sleeps(converting(), taken_at_the_end)
    )


def test_without_taking_over_a_hold_that_has_ended_is_in_the_way(monkeypatch: Patch) -> None:
    async def leave_them(rows: Rows, found: Iterable[Claim], execution_id: str) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(asking, "end_lapsed_holds", leave_them)
    shop = Shop(capacity=1)
    held(shop)
    pass_time(shop, UNTIL_THE_END)
    shop.gateway.pay("pay_1", 50_000, email="bob@example.com")
    assert shop.failed(caller=BOB).error.code is Code.INSUFFICIENT_TICKETS


def test_without_the_order_a_hold_is_paid_with_what_was_paid_for_another(monkeypatch: Patch) -> None:
    monkeypatch.setattr(conversion, "check_pays_for", lambda payment, order_id, caller: None)
    shop = Shop()
    kept, other = held(shop), held(shop, caller=BOB)
    claim = pay(shop, other)
    assert isinstance(asyncio.run(convert(shop.desk(), ANN, kept.booking.id, claim)), Booked)


def test_without_freeing_all_of_it_a_hold_that_was_just_being_extended_keeps_its_units(
    monkeypatch: Patch,
) -> None:
    async def free_what_has_lapsed(rows: Any, booking_ids: Any) -> None:
        now = rows.server_time().isoformat()
        for row_id, row in list(rows.tables[Table.CLAIMS].items()):
            if row["bookingId"] in booking_ids and row["reservedUntil"] <= now:
                del rows.tables[Table.CLAIMS][row_id]

    monkeypatch.setattr(expiry, "free_claims", free_what_has_lapsed)

    def refused(taking: object) -> bool:
        return not isinstance(taking, Held)

    assert any(
        refused(taking) and not isinstance(longer, Held)
        for _, longer, taking in sleeps(extending, taken_at_the_end)
    )


def test_without_places_for_holds_one_user_holds_everything(monkeypatch: Patch) -> None:
    def no_places(policy: HoldPolicy, event_id: str, user_id: str) -> tuple[()]:
        return ()

    shop = Shop()
    for _ in range(3):
        held(shop)
    assert refusal_of_another(shop) is Code.HOLD_LIMIT
    monkeypatch.setattr("boxoffice.bookings.hold.open_hold_pools", no_places)
    assert held(shop)


def refusal_of_another(shop: Shop) -> Code:
    wish = HoldWish((SomeTickets("concert", "standing", None, 1),))
    return error_of(hold(shop.desk(), ANN, wish)).code

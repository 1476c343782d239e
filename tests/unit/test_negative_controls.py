"""Each guard switched off, to see that what it prevents does happen then: the other tests can fail."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from boxoffice.bookings import sale
from boxoffice.bookings.admission import Admission
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.sale import Sale
from boxoffice.domain import ids, payments
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.ports import NewRow
from boxoffice.recovery import projections
from boxoffice.saga.retry import RetryPolicy
from boxoffice.saga.step import Action, Step
from boxoffice.schema import Table

from tests.unit.fake_rows import FakeRows
from tests.unit.shop import BOB, PRICE, Shop, broken
from tests.unit.world import lost_answer

Patch = pytest.MonkeyPatch


def test_without_the_all_or_nothing_claim_more_is_sold_than_there_is(monkeypatch: Patch) -> None:
    async def create_anyway(self: FakeRows, table: Table, rows: Sequence[NewRow], owner: str) -> None:
        for row in rows:
            self._write(table, row)

    monkeypatch.setattr(FakeRows, "create_all", create_anyway)
    shop = Shop(capacity=1)
    for number in range(5):
        shop.gateway.pay(f"pay_{number}", PRICE)

    async def all_at_once() -> list[Booked | Failed]:
        for number in range(5):
            shop.memory.read(ids.pool_id("standing"), [])
            await shop.book_async(f"pay_{number}")
        return []

    asyncio.run(all_at_once())
    assert len(shop.rows.all(Table.TICKETS)) > 1


def test_without_the_derived_booking_id_a_payment_books_twice(monkeypatch: Patch) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(ids, "booking_id", lambda payment_id: f"bk-{next(numbers)}")
    monkeypatch.setattr(FakeRows, "_clashes", lambda self, table, row: False)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.booked()
    shop.booked()
    assert shop.leftovers()["tickets"] == 2


def test_without_the_outcome_row_a_confirmed_booking_is_undone(monkeypatch: Patch) -> None:
    async def anybody_may(self: Sale) -> bool:
        return True

    monkeypatch.setattr(Sale, "_may_undo", anybody_may)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put outcomes", lost_answer, after_effect=True)
    shop.failed()
    assert shop.outcome() == "CONFIRMED"
    assert shop.leftovers()["tickets"] == 0


def test_without_the_ownership_of_payments_a_thief_gets_the_ticket(monkeypatch: Patch) -> None:
    monkeypatch.setattr(payments, "belongs_to", lambda payment, caller: True)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.booked(caller=BOB)


def test_without_taking_the_row_back_a_thief_blocks_the_payment(monkeypatch: Patch) -> None:
    async def keep(self: Admission, booking: object) -> None:
        return

    monkeypatch.setattr(Admission, "void", keep)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.failed(caller=BOB)
    assert shop.failed().error.code is Code.BOOKING_IN_PROGRESS


def test_without_the_undo_of_a_refused_payment_step_the_wrong_amount_is_kept(monkeypatch: Patch) -> None:
    def never_when_refused(
        name: str, do: Action, undo: Action | None = None, undo_when_refused: bool = False
    ) -> Step:
        return Step(name, do, undo)

    monkeypatch.setattr(sale, "Step", never_when_refused)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE + 1)
    shop.failed()
    assert shop.gateway.payments["pay_1"].state is PaymentState.CAPTURED


def test_without_repeating_an_undo_one_hiccup_leaves_something(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sale, "_UNDO_POLICY", RetryPolicy(attempts=1, base=0.1, cap=0.1))
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put orders", broken)
    shop.world.fail("delete tickets", lost_answer)
    assert shop.failed().error.code is Code.ROLLBACK_FAILED


def test_with_all_of_them_none_of_this_happens() -> None:
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put orders", broken)
    shop.world.fail("delete tickets", lost_answer)
    assert shop.failed().error.code is Code.BOOKING_ERROR


def test_without_the_log_before_the_end_bookings_are_done_with_that_nobody_can_explain(
    monkeypatch: Patch,
) -> None:
    async def forget(desk: object, booking_ids: object) -> None:
        return

    monkeypatch.setattr(projections, "record", forget)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.booked()
    shop.settle()
    assert {violation.rule for violation in shop.audit()} == {"log"}

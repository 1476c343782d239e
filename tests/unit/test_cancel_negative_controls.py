"""Each guard of a cancellation switched off, to see that what it prevents does happen then."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from boxoffice.bookings.desk import Desk
from boxoffice.cancellations import cancel as cancelling
from boxoffice.cancellations import finish, showing
from boxoffice.cancellations.records import Cancellation
from boxoffice.cancellations.showing import Shown
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import Retryable
from boxoffice.domain.status import BookingStatus
from boxoffice.ports import NewRow, RowsTaken, Users
from boxoffice.recovery import sweep
from boxoffice.schema import Table

from tests.unit import test_call_off, test_cancel, test_cancel_interrupted
from tests.unit.counter import BOOKING, Counter
from tests.unit.fake_rows import FakeRows
from tests.unit.shop import BOB, PRICE
from tests.unit.world import lost_answer

Patch = pytest.MonkeyPatch


def test_without_the_one_write_that_decides_a_used_ticket_is_given_back(monkeypatch: Patch) -> None:
    async def create_anyway(self: FakeRows, table: Table, rows: Sequence[NewRow], owner: str) -> None:
        for row in rows:
            self._write(table, row)

    monkeypatch.setattr(FakeRows, "create_all", create_anyway)
    with pytest.raises(AssertionError):
        test_cancel_interrupted.TestWhileOneSleeps().test_the_gate_admits_or_is_too_late()


def test_without_ids_that_follow_from_the_tickets_the_same_again_is_another_one(monkeypatch: Patch) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(ids, "cancellation_id", lambda *_: f"cn-{next(numbers)}")
    with pytest.raises(AssertionError):
        test_cancel_interrupted.TestWhileOneSleeps().test_the_same_again_is_the_same()


def test_without_a_key_for_the_refund_money_leaves_twice(monkeypatch: Patch) -> None:
    numbers = itertools.count()
    monkeypatch.setattr(
        Cancellation, "refund_key", property(lambda self: f"refund-{self.id}-{next(numbers)}")
    )
    shop = Counter()
    shop.world.fail("refund payment", lost_answer, after_effect=True)
    shop.cancelled(1)
    assert len(shop.gateway.refunds) == 2


def test_without_reading_again_of_two_at_once_only_one_is_shown(monkeypatch: Patch) -> None:
    async def once(desk: Desk, booking_id: str) -> Shown:
        try:
            return await original(desk, booking_id)
        except Retryable:
            return Shown(BookingStatus.CONFIRMED, is_whole=False)

    original = showing.show
    monkeypatch.setattr(showing, "_MAX_ROUNDS", 1)
    monkeypatch.setattr(finish, "show", once)
    monkeypatch.setattr("boxoffice.recovery.projections.show_cancelled", _nothing)
    with pytest.raises(AssertionError):
        test_cancel_interrupted.TestWhileOneSleeps().test_the_rest_is_cancelled_by_another_and_both_are_shown()


def test_without_the_sweep_what_died_stays_unfinished(monkeypatch: Patch) -> None:
    monkeypatch.setattr(sweep, "finish_due", _nothing)
    with pytest.raises(AssertionError):
        test_cancel_interrupted.test_wherever_a_cancellation_dies_the_sweep_ends_it((), False)


def test_without_showing_it_again_a_late_writer_has_the_last_word(monkeypatch: Patch) -> None:
    monkeypatch.setattr("boxoffice.recovery.projections.show_cancelled", _nothing)
    with pytest.raises(AssertionError):
        test_cancel_interrupted.test_an_execution_that_wakes_up_does_not_make_a_cancelled_booking_confirmed_again()


def test_without_the_question_who_asks_a_stranger_cancels(monkeypatch: Patch) -> None:
    async def anybody(asker: Caller, users: Users) -> bool:
        return True

    monkeypatch.setattr(cancelling, "is_admin", anybody)
    assert Counter().cancelled(asker=BOB).cancellation.refund.amount == 3 * PRICE


def test_without_the_look_at_the_report_settled_money_goes_back_again(monkeypatch: Patch) -> None:
    monkeypatch.setattr("boxoffice.reports.console.stop_refund", _nothing)
    monkeypatch.setattr("boxoffice.cancellations.due.is_settled", _nothing)
    with pytest.raises(AssertionError):
        test_cancel.TestTheMoney().test_what_a_person_has_settled_never_goes_back_again()


def test_without_the_bookings_id_a_unit_of_somebody_else_is_freed(monkeypatch: Patch) -> None:
    """Units are deleted by their ids and by the booking's: between reading and deleting they change hands."""
    shop = Counter()
    [unit] = [claim for claim in shop.rows.all(Table.CLAIMS) if claim["ticket"] == 1]
    original = FakeRows.delete_where

    async def changes_hands(self: FakeRows, table: Table, where: dict[str, object]) -> None:
        unit["bookingId"] = "bk-somebody-elses"
        await original(self, table, {name: wanted for name, wanted in where.items() if name in keys})  # type: ignore[misc]

    monkeypatch.setattr(FakeRows, "delete_where", changes_hands)
    keys = {"$id", "bookingId"}
    shop.cancelled(1)
    assert unit["$id"] in shop.rows.tables[Table.CLAIMS]
    keys = {"$id"}
    unit["bookingId"], unit["ticket"] = BOOKING, 2
    shop.cancelled(2)
    assert unit["$id"] not in shop.rows.tables[Table.CLAIMS]


async def _nothing(*_: object) -> int:
    return 0


def test_with_all_of_them_none_of_this_happens() -> None:
    asleep = test_cancel_interrupted.TestWhileOneSleeps()
    asleep.test_the_gate_admits_or_is_too_late()
    asleep.test_the_same_again_is_the_same()
    asleep.test_the_rest_is_cancelled_by_another_and_both_are_shown()
    test_call_off.test_used_tickets_are_left_out_and_what_was_cancelled_stays_as_it_was()
    with pytest.raises(RowsTaken):
        shop = Counter()
        shop.cancelled(1)
        shop.admit(1)

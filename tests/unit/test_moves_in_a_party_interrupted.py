"""A party that is moved by one seat: the move dies, or something happens to the tickets meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from boxoffice.bookings.hold import Held
from boxoffice.bookings.results import Booked
from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.managing import moving
from boxoffice.schema import Table

from tests.unit.interruptions import deaths
from tests.unit.opera import Opera
from tests.unit.seat_moves import in_thread, settle
from tests.unit.shop import ANN
from tests.unit.test_moves_interrupted import Interrupted, TestMeanwhile
from tests.unit.world import World

OLD = {1: ["S-A1"], 2: ["S-A2"], 3: ["S-A3"]}
NEW = {1: ["S-A2"], 2: ["S-A3"], 3: ["S-A4"]}
SHIFT = {number: label for number, (label,) in NEW.items()}
MOST_CALLS = 40


def party(*, is_hold: bool) -> tuple[Opera, Held]:
    opera = Opera()
    opera.rows.tables[Table.EVENTS]["concert"]["refundSteps"] = "24:100"
    kept = opera.hold("S-A1", "S-A2", "S-A3")
    if not is_hold:
        assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
    return opera, kept


def give_back(opera: Opera, booking_id: str, number: int) -> None:
    in_thread(cancel(opera.desk(), ANN, Request({"$id": booking_id}, numbers=(number,))))


def labels(opera: Opera, booking_id: str) -> dict[int, list[str]]:
    return {number: [label] for number, (_, label) in opera.printed(booking_id).items()}


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("is_hold", [False, True])
def test_at_any_call_it_is_finished_or_nothing_has_changed(after_effect: bool, is_hold: bool) -> None:
    def move(opera: Opera, kept: Held) -> None:
        opera.move(kept.booking.id, SHIFT)

    for opera, kept in deaths(
        partial(party, is_hold=is_hold), move, after_effect=after_effect, least_calls=14
    ):
        # Until somebody finishes it, every ticket has a seat.
        assert set(opera.seats_of(kept.booking.id)) == {1, 2, 3}
        opera.now += timedelta(minutes=5)
        opera.finish_due()
        where = NEW if opera.changes() else OLD
        assert opera.seats_of(kept.booking.id) == where
        if is_hold:
            assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
        assert labels(opera, kept.booking.id) == where
        settle(opera)
        assert opera.audit() == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_ticket_that_is_cancelled_meanwhile_takes_nobody_elses_seat(number: int) -> None:
    found = 0
    for call in range(MOST_CALLS):
        opera, kept = party(is_hold=False)
        world = Interrupted(call, partial(give_back, opera, kept.booking.id, number))
        opera.enter(world)
        with suppress(Rejected):
            opera.move(kept.booking.id, SHIFT)
        if not world.has_happened:
            break
        check(opera, kept, number)
        found += 1
    assert 14 < found < MOST_CALLS


def check(opera: Opera, kept: Held, cancelled: int) -> None:
    """Each of the others has one seat, and it is on its ticket."""
    settle(opera)
    seats = opera.seats_of(kept.booking.id)
    assert seats.keys() == {1, 2, 3} - {cancelled}
    assert all(len(of_ticket) == 1 for of_ticket in seats.values()), seats
    printed = labels(opera, kept.booking.id)
    assert {number: printed[number] for number in seats} == seats
    assert opera.audit() == []


class Slow(World):
    """A world in which somebody frees a ticket's seats between two calls, as they were between two others."""

    def __init__(self, opera: Opera, booking_id: str, number: int, looks: int, frees: int) -> None:
        super().__init__()
        self._opera, self._booking_id, self._number = opera, booking_id, number
        self._looks, self._frees = looks, frees
        self._seen: list[str] = []
        self.has_freed = False
        self._is_inside = False

    def around(self, operation: str, effect: Callable[[], Any]) -> Any:
        if not self._is_inside:
            self._is_inside = True
            count = len(self.calls)
            claims = self._opera.rows.tables[Table.CLAIMS]
            if count == self._looks:
                self._cancel()
            if count == self._frees and not self.has_freed:
                for claim_id in self._seen:
                    if claims.get(claim_id, {}).get("bookingId") == self._booking_id:
                        del claims[claim_id]
                self.has_freed = True
            del self.calls[count:]
            self._is_inside = False
        return super().around(operation, effect)

    def _cancel(self) -> None:
        """Cancel, but for the seats, which are only looked at."""
        if self._seen:
            return
        tables = self._opera.rows.tables
        before = dict(tables[Table.CLAIMS])
        with suppress(BoxofficeError):
            give_back(self._opera, self._booking_id, self._number)
        self._seen = sorted(before.keys() - tables[Table.CLAIMS].keys())
        tables[Table.CLAIMS].update(before)


def slowly_cancelled(number: int) -> int:
    runs = 0
    for looks in range(2, MOST_CALLS):
        for later in (0, 1, 3, 6, 12):
            opera, kept = party(is_hold=False)
            world = Slow(opera, kept.booking.id, number, looks, looks + later)
            opera.enter(world)
            with suppress(Rejected):
                opera.move(kept.booking.id, SHIFT)
            if not world.has_freed:
                break
            runs += 1
            others = {1, 2, 3} - {number}
            seats = opera.seats_of(kept.booking.id)
            assert {len(seats.get(other, [])) for other in others} == {1}, (looks, later, seats)
    return runs


@pytest.mark.parametrize("number", [1, 2, 3])
def test_whoever_cancels_slowly_frees_nobody_elses_seat(number: int) -> None:
    assert slowly_cancelled(number) > 30


def test_without_looking_for_cancelled_tickets_somebody_loses_a_seat(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*args: object) -> list[int]:
        return []

    monkeypatch.setattr(moving, "_cancelled", nobody)
    with pytest.raises(AssertionError):
        slowly_cancelled(3)


def test_a_hold_that_is_paid_meanwhile_has_its_seats_on_its_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.test_moves_interrupted.TWO", {1: "S-A2", 2: "S-A3"})
    TestMeanwhile().test_a_hold_that_is_paid_has_its_seats_on_its_tickets()
    TestMeanwhile().test_a_hold_that_is_given_back_keeps_none()
    TestMeanwhile().test_a_hold_that_is_extended_is_as_long_in_its_new_seats()

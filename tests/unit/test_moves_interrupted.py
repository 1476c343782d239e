"""Moves that die, and bookings to which something happens while they are moved."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked
from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.domain.errors import Rejected
from boxoffice.managing import moves, moving
from boxoffice.schema import Table

from tests.unit.interruptions import deaths
from tests.unit.opera import Opera, seat
from tests.unit.seat_moves import TWO, booked, in_thread, refused, settle
from tests.unit.shop import ANN, broken
from tests.unit.world import World, lost_answer

MOST_CALLS = 40


class Interrupted(World):
    """A world in which something happens before the call with that number, counted from 0."""

    def __init__(self, call: int, happens: Callable[[], None]) -> None:
        super().__init__()
        self._call = call
        self._happens = happens
        self.has_happened = False

    def around(self, operation: str, effect: Callable[[], Any]) -> Any:
        if len(self.calls) == self._call and not self.has_happened:
            self.has_happened = True
            self._happens()
        return super().around(operation, effect)


class TestDying:
    @pytest.mark.parametrize("after_effect", [False, True])
    @pytest.mark.parametrize("is_hold", [False, True])
    def test_at_any_call_it_is_finished_or_nothing_has_changed(
        self, after_effect: bool, is_hold: bool
    ) -> None:
        def taken() -> tuple[Opera, Held]:
            opera = Opera()
            kept = opera.hold("S-A1", "S-A2")
            if not is_hold:
                assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
            return opera, kept

        def move(opera: Opera, kept: Held) -> None:
            opera.move(kept.booking.id, TWO)

        for opera, kept in deaths(taken, move, after_effect=after_effect, least_calls=13):
            opera.now += timedelta(minutes=5)
            opera.finish_due()
            where = {1: ["S-B1"], 2: ["S-B2"]} if opera.changes() else {1: ["S-A1"], 2: ["S-A2"]}
            assert opera.seats_of(kept.booking.id) == where
            assert len(opera.rows.all(Table.OUTBOX)) == len(opera.changes())
            if is_hold:
                assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
            assert {n: [label] for n, (_, label) in opera.printed(kept.booking.id).items()} == where
            settle(opera)
            assert opera.audit() == []

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_refused_move_the_old_seats_are_kept(self, after_effect: bool) -> None:
        def to_be_refused() -> tuple[Opera, str]:
            opera, booking_id = booked()
            opera.world.fail("create claims", broken)
            refused(lambda: opera.move(booking_id, TWO))
            opera.claim(seat("s.b2"))
            opera.now += timedelta(minutes=5)
            return opera, booking_id

        def finish(opera: Opera, booking_id: str) -> None:
            opera.finish_due()

        for opera, booking_id in deaths(to_be_refused, finish, after_effect=after_effect, least_calls=6):
            opera.finish_due()
            assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-A2"]}


class TestMeanwhile:
    """Something happens to the booking at any call of its move."""

    def each_call(self, happens: Callable[[Opera, str], None], *, is_hold: bool) -> list[tuple[Opera, str]]:
        """The opera after each run, in which `happens` came before another call."""
        found: list[tuple[Opera, str]] = []
        for call in range(MOST_CALLS):
            opera = Opera()
            opera.rows.tables[Table.EVENTS]["concert"]["refundSteps"] = "24:100"
            kept = opera.hold("S-A1", "S-A2")
            if not is_hold:
                assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
            world = Interrupted(call, partial(happens, opera, kept.booking.id))
            opera.enter(world)
            with suppress(Rejected):
                opera.move(kept.booking.id, TWO)
            if not world.has_happened:
                assert found
                return found
            found.append((opera, kept.booking.id))
        raise AssertionError("it never ends")

    def test_a_cancelled_ticket_keeps_no_seat(self) -> None:
        def give_back(opera: Opera, booking_id: str) -> None:
            request = Request({"$id": booking_id}, numbers=(1,))
            in_thread(cancel(opera.desk(), ANN, request))

        found = self.each_call(give_back, is_hold=False)
        assert len(found) > 12
        for opera, booking_id in found:
            assert set(opera.seats_of(booking_id)) == {2}

    def test_a_hold_that_is_given_back_keeps_none(self) -> None:
        def give_back(opera: Opera, booking_id: str) -> None:
            in_thread(release_hold(opera.desk(), "ann", booking_id))

        found = self.each_call(give_back, is_hold=True)
        for opera, booking_id in found:
            assert opera.seats_of(booking_id) == {}

    def test_a_hold_that_is_extended_is_as_long_in_its_new_seats(self) -> None:
        def extend(opera: Opera, booking_id: str) -> None:
            opera.now += timedelta(minutes=5)
            in_thread(extend_hold(opera.desk(), "ann", booking_id))

        found = self.each_call(extend, is_hold=True)
        for opera, _ in found:
            ends = {row["reservedUntil"] for row in opera.rows.all(Table.CLAIMS) if row["ticket"]}
            assert ends == {"2030-01-01T12:20:00.000+00:00"}

    def test_a_hold_that_is_paid_has_its_seats_on_its_tickets(self) -> None:
        def pay(opera: Opera, booking_id: str) -> None:
            row = opera.rows.tables[Table.BOOKINGS][booking_id]
            opera.gateway.pay("pay_1", row["total"], order_id=row["gatewayOrderId"])
            in_thread(convert(opera.desk(), ANN, booking_id, PaymentClaim("pay_1")))

        found = self.each_call(pay, is_hold=True)
        for opera, booking_id in found:
            opera.now += timedelta(minutes=5)
            opera.finish_due()
            labels = {number: label for number, (_, label) in opera.printed(booking_id).items()}
            assert {number: [label] for number, label in labels.items()} == opera.seats_of(booking_id)
            settle(opera)
            assert opera.audit() == []


class TestNegativeControls:
    def test_without_looking_once_more_a_cancelled_ticket_keeps_a_seat(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nothing(*args: object) -> None:
            return None

        monkeypatch.setattr(moving, "_follow", nothing)
        with pytest.raises(AssertionError):
            TestMeanwhile().test_a_cancelled_ticket_keeps_no_seat()

    def test_without_printing_again_a_ticket_shows_the_old_seat(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nothing(*args: object) -> None:
            return None

        monkeypatch.setattr(moving, "print_seats", nothing)
        with pytest.raises(AssertionError):
            TestMeanwhile().test_a_hold_that_is_paid_has_its_seats_on_its_tickets()

    def test_without_numbers_two_moves_cross(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def cross() -> list[str]:
            opera, booking_id = booked("S-A1")
            opera.world.fail("put outcomes", lost_answer)
            refused(lambda: opera.move(booking_id, {1: "S-B1"}))
            opera.now += timedelta(minutes=5)
            opera.move(booking_id, {1: "S-C1"})
            opera.finish_due()
            return opera.seats_of(booking_id)[1]

        numbers = itertools.count(100)

        async def any_number(desk: Desk, booking_id: str) -> int:
            return next(numbers)

        assert cross() == ["S-C1"]
        monkeypatch.setattr(moves, "_next_number", any_number)
        assert cross() == ["S-B1", "S-C1"]

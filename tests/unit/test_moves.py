"""Moving a booking to other seats: all or nothing, and nobody is ever without a seat."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked
from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.selection import NamedSeats
from boxoffice.managing import moves, moving
from boxoffice.schema import Table

from tests.unit.opera import Opera, seat, seats
from tests.unit.shop import ANN, BOB, broken
from tests.unit.world import Killed, World, lost_answer

MOST_CALLS = 40
TWO = {1: "S-B1", 2: "S-B2"}


def refused(act: Callable[[], object]) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as raised:
        act()
    return raised.value


def in_thread(work: Coroutine[object, object, object]) -> None:
    """Somebody else's execution, from its beginning to its end, in the middle of this one."""
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, work).result()


def settle(opera: Opera) -> None:
    """Time passes, until nothing is looked at any more."""
    for _ in range(8):
        if not opera.sweep(4_000).remaining:
            return
    raise AssertionError("the sweep never ends")


def booked(*labels: str) -> tuple[Opera, str]:
    opera = Opera()
    booking_id = opera.book_seats(*(labels or ("S-A1", "S-A2")))
    opera.world.calls.clear()
    return opera, booking_id


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


class TestMoving:
    def test_all_tickets_of_a_booking(self) -> None:
        opera, booking_id = booked()
        codes = {row["$id"]: row["code"] for row in opera.rows.all(Table.TICKETS)}
        moved = opera.move(booking_id, TWO)
        assert [(step.old_label, step.new_label) for step in moved.steps] == [
            ("S-A1", "S-B1"),
            ("S-A2", "S-B2"),
        ]
        assert opera.seats_of(booking_id) == {1: ["S-B1"], 2: ["S-B2"]}
        assert opera.printed(booking_id) == {1: ("s.b1", "S-B1"), 2: ("s.b2", "S-B2")}
        assert {row["$id"]: row["code"] for row in opera.rows.all(Table.TICKETS)} == codes
        settle(opera)
        assert opera.audit() == []

    def test_one_ticket_of_a_booking(self) -> None:
        opera, booking_id = booked()
        opera.move(booking_id, {2: "S-C9"})
        assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-C9"]}
        assert opera.hold("S-A2").places

    def test_a_hold_that_is_paid_afterwards(self) -> None:
        opera = Opera()
        held = opera.hold("S-A1", "S-A2")
        opera.move(held.booking.id, TWO)
        (claim, _) = [row for row in opera.rows.all(Table.CLAIMS) if row["ticket"]]
        assert (claim["state"], claim["reservedUntil"]) == ("RESERVED", "2030-01-01T12:15:00.000+00:00")
        assert isinstance(asyncio.run(opera.pay_async(held)), Booked)
        assert opera.printed(held.booking.id) == {1: ("s.b1", "S-B1"), 2: ("s.b2", "S-B2")}
        settle(opera)
        assert opera.audit() == []

    def test_the_owner_is_told_and_it_is_in_the_log(self) -> None:
        opera, booking_id = booked()
        move_id = opera.move(booking_id, TWO).move_id
        (notice,) = opera.rows.all(Table.OUTBOX)
        assert (notice["userId"], notice["kind"], notice["bookingId"]) == ("ann", "booking.moved", booking_id)
        assert notice["state"] == "waiting"
        assert json.loads(notice["body"])["tickets"][0] == {"number": 1, "from": "S-A1", "to": "S-B1"}
        entry = opera.rows.tables[Table.AUDIT_LOG][
            ids.audit_entry_id(move_id or "", "units.moved", "execution")
        ]
        assert (entry["actor"], entry["reason"], entry["bookingId"]) == ("ada", "A broken seat.", booking_id)

    def test_the_same_wish_again_finds_nothing_to_do(self) -> None:
        opera, booking_id = booked()
        opera.move(booking_id, TWO)
        before = opera.snapshot()
        again = opera.move(booking_id, TWO)
        assert (again.move_id, again.steps) == (None, ())
        assert opera.snapshot() == before

    def test_there_and_back_again(self) -> None:
        opera, booking_id = booked()
        opera.move(booking_id, TWO)
        opera.move(booking_id, {1: "S-A1", 2: "S-A2"})
        opera.move(booking_id, TWO)
        assert opera.seats_of(booking_id) == {1: ["S-B1"], 2: ["S-B2"]}
        assert len(opera.rows.all(Table.OUTBOX)) == 3

    def test_to_another_category_only_when_that_is_allowed(self) -> None:
        opera, booking_id = booked("S-A1")
        error = refused(lambda: opera.move(booking_id, {1: "T-A1"}))
        assert (error.code, error.details["seats"]) == (
            Code.INVALID_SEAT,
            [{"seat": "T-A1", "reason": "category"}],
        )
        opera.move(booking_id, {1: "T-A1"}, any_category=True)
        assert opera.seats_of(booking_id) == {1: ["T-A1"]}


class TestRefusing:
    def test_a_taken_seat_with_alternatives_and_nothing_changed(self) -> None:
        opera, booking_id = booked()
        opera.hold("S-B2", caller=BOB)
        before = opera.snapshot()
        error = refused(lambda: opera.move(booking_id, TWO))
        assert (error.code, error.details["seats"]) == (Code.SEAT_UNAVAILABLE, ["S-B2"])
        assert error.details["alternatives"]["S-B2"]
        assert opera.snapshot() == before

    def test_a_seat_that_is_taken_at_the_last_moment(self) -> None:
        opera, booking_id = booked()

        def sold() -> Exception:
            in_thread(hold(opera.desk(), BOB, HoldWish((NamedSeats("friday", ("S-B2",)),))))
            return lost_answer()

        opera.world.fail("find outcomes", sold, first=2, last=2)
        refused(lambda: opera.move(booking_id, TWO))
        opera.now += timedelta(minutes=5)
        error = refused(lambda: opera.move(booking_id, TWO))
        assert (error.code, error.details["seats"]) == (Code.SEAT_UNAVAILABLE, ["S-B2"])
        assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-A2"]}
        settle(opera)
        assert opera.audit() == []

    def test_a_blocked_seat(self) -> None:
        opera, booking_id = booked()
        opera.block(seats("S-B1"))
        assert refused(lambda: opera.move(booking_id, TWO)).code is Code.INVALID_SEAT

    def test_a_hold_that_has_ended_is_in_nobodys_way(self) -> None:
        opera, booking_id = booked()
        opera.hold("S-B2", caller=BOB)
        opera.now += timedelta(minutes=20)
        opera.move(booking_id, TWO)
        assert opera.seats_of(booking_id) == {1: ["S-B1"], 2: ["S-B2"]}

    @pytest.mark.parametrize(
        "wanted, code",
        [
            ({3: "S-B1"}, Code.NOT_FOUND_ERROR),
            ({1: "S-Z1"}, Code.INVALID_SEAT),
            ({1: "S-A60"}, Code.INVALID_SEAT),
            ({1: "S-B1", 2: "S-B1"}, Code.INVALID_SEAT),
            ({1: "S-A2"}, Code.SEAT_UNAVAILABLE),
            ({1: "S-A2", 2: "S-A1"}, Code.SEAT_UNAVAILABLE),
        ],
    )
    def test_what_is_no_seat_for_them(self, wanted: dict[int, str], code: Code) -> None:
        opera, booking_id = booked()
        assert refused(lambda: opera.move(booking_id, wanted)).code is code
        assert opera.changes() == []

    def test_bookings_that_have_no_seats_or_have_ended(self) -> None:
        opera = Opera()
        assert refused(lambda: opera.move("bk-nothing", TWO)).code is Code.NOT_FOUND_ERROR
        held = opera.hold("S-A1")
        opera.now += timedelta(minutes=20)
        assert refused(lambda: opera.move(held.booking.id, TWO)).code is Code.HOLD_EXPIRED
        opera.sweep()
        assert refused(lambda: opera.move(held.booking.id, TWO)).code is Code.INVALID_STATUS_TRANSITION
        opera.gateway.pay("pay_2", 50_000)
        standing = opera.booked("pay_2").booking.id
        assert refused(lambda: opera.move(standing, {1: "S-B1"})).code in (
            Code.INVALID_SEAT,
            Code.NOT_FOUND_ERROR,
        )

    def test_while_another_move_is_at_work(self) -> None:
        opera, booking_id = booked()
        opera.world.fail("delete claims", lost_answer)
        refused(lambda: opera.move(booking_id, TWO))
        assert refused(lambda: opera.move(booking_id, {1: "S-C1"})).code is Code.CONFLICT_ERROR
        opera.now += timedelta(minutes=5)
        opera.move(booking_id, {1: "S-C1"})
        assert opera.seats_of(booking_id) == {1: ["S-C1"], 2: ["S-B2"]}


class TestDying:
    @pytest.mark.parametrize("after_effect", [False, True])
    @pytest.mark.parametrize("is_hold", [False, True])
    def test_at_any_call_it_is_finished_or_nothing_has_changed(
        self, after_effect: bool, is_hold: bool
    ) -> None:
        for call in range(MOST_CALLS):
            opera = Opera()
            kept = opera.hold("S-A1", "S-A2")
            if not is_hold:
                assert isinstance(asyncio.run(opera.pay_async(kept)), Booked)
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.move(kept.booking.id, TWO)
            except Killed:
                opera.world.revive()
            else:
                assert call > 12
                return
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
        raise AssertionError("it never ends")

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_refused_move_the_old_seats_are_kept(self, after_effect: bool) -> None:
        for call in range(MOST_CALLS):
            opera, booking_id = booked()
            opera.world.fail("create claims", broken)
            refused(lambda o=opera, b=booking_id: o.move(b, TWO))  # type: ignore[misc]
            opera.claim(seat("s.b2"))
            opera.now += timedelta(minutes=5)
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.finish_due()
            except Killed:
                opera.world.revive()
                opera.finish_due()
                assert opera.seats_of(booking_id) == {1: ["S-A1"], 2: ["S-A2"]}
            else:
                assert call > 5
                return
        raise AssertionError("it never ends")


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

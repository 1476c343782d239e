"""Moving a booking to other seats: all or nothing, and nobody is ever without a seat."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.results import Booked
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.selection import NamedSeats
from boxoffice.schema import Table

from tests.unit.opera import Opera, seats
from tests.unit.seat_moves import TWO, booked, in_thread, refused, settle
from tests.unit.shop import BOB
from tests.unit.world import lost_answer


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
        conflict = error.details["conflict"]
        assert (conflict["kind"], conflict["retryAfter"]) == ("HOLD_CONFLICT", 900)
        assert opera.snapshot() == before

    def test_a_seat_that_was_sold_a_moment_ago(self) -> None:
        opera, booking_id = booked()
        held = opera.hold("S-B2", caller=BOB)
        assert isinstance(asyncio.run(opera.pay_async(held, "pay_2", BOB)), Booked)
        error = refused(lambda: opera.move(booking_id, TWO))
        assert error.details["conflict"]["kind"] == "BOOKING_CONFLICT"

    def test_a_seat_of_the_booking_itself_is_nobody_elses(self) -> None:
        opera, booking_id = booked()
        error = refused(lambda: opera.move(booking_id, {1: "S-A2"}))
        assert (error.code, "conflict" in error.details) == (Code.SEAT_UNAVAILABLE, False)

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
        error = refused(lambda: opera.move(booking_id, TWO))
        assert (error.code, error.details["conflict"]["kind"]) == (Code.INVALID_SEAT, "BOOKING_CONFLICT")

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

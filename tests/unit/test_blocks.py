"""Taking units off the market: all or nothing, and never what is taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.pools import Unit, slot_pool
from boxoffice.managing.changes import ChangeState
from boxoffice.managing.targets import Target
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table

from tests.unit.opera import Opera, crowd, place, seat, seats, studio
from tests.unit.seat_blocks import LARGE, half_taken, refused
from tests.unit.shop import PRICE

ROW_AND_MORE = seats("S-B1", rows=(("S", "A"),), sections=("T",))


class TestBlocking:
    def test_seats_rows_and_sections_without_the_disabled_ones(self) -> None:
        opera = Opera()
        block = opera.block(ROW_AND_MORE)
        assert (block.wanted, block.units, block.change.state) == (1 + 59 + 10, 70, ChangeState.DONE)
        assert {"S-B1", "S-A1", "T-A10"} <= set(block.labels)
        assert "S-A60" not in block.labels
        (claim,) = [row for row in opera.rows.all(Table.CLAIMS) if row["label"] == "S-B1"]
        assert (claim["state"], claim["bookingId"], claim["reservedUntil"]) == (
            "BLOCKED",
            block.change.id,
            None,
        )
        assert (claim["ticket"], claim["eventId"]) == (0, "concert")

    def test_a_seat_that_is_named_twice_is_blocked_once(self) -> None:
        assert Opera().block(seats("S-A1", rows=(("S", "A"), ("s", "a")), sections=("T", "T"))).units == 69

    def test_places_of_a_crowd(self) -> None:
        opera = Opera(capacity=10)
        block = opera.block(crowd(3))
        assert (block.wanted, block.units, block.labels) == (3, 3, ())
        assert opera.blocked() == sorted(place(number).claim_id for number in (8, 9, 10))

    def test_a_services_time(self) -> None:
        opera = Opera()
        block = opera.block(studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00"))
        assert block.units == 4 * 2
        assert block.labels[0] == "2030-01-07T09:00:00+00:00"
        (change,) = opera.changes()
        assert change["eventId"] == "studio"

    def test_what_is_blocked_cannot_be_booked(self) -> None:
        opera = Opera(capacity=3)
        opera.block(crowd(3))
        opera.gateway.pay("pay_1", PRICE)
        assert opera.failed().error.code is Code.INSUFFICIENT_TICKETS

    def test_more_than_one_call_can_write(self) -> None:
        opera = Opera()
        assert opera.block(LARGE).units == 120
        assert opera.world.calls.count("create claims") == 2

    def test_the_reason_is_where_only_administrators_read(self) -> None:
        opera = Opera()
        block = opera.block(seats("S-A1"), reason="The minister's visit.")
        assert block.change.reason == "The minister's visit."
        assert "minister" not in str(opera.rows.all(Table.CLAIMS))
        (entry,) = opera.rows.all(Table.AUDIT_LOG)
        assert (entry["action"], entry["subject"], entry["actor"]) == (
            "units.blocked",
            block.change.id,
            "ada",
        )
        assert (entry["reason"], entry["executionId"]) == ("The minister's visit.", "execution")
        assert all(reader is None for reader in opera.rows.readers.values())


class TestRefusing:
    def test_what_is_taken_is_listed_and_nothing_is_written(self) -> None:
        opera = Opera()
        opera.claim(seat("s.a1"))
        opera.claim(seat("s.a3"), state="RESERVED", reservedUntil="2030-01-01T12:10:00.000+00:00")
        before = opera.snapshot()
        error = refused(lambda: opera.block(seats(rows=(("S", "A"),))))
        assert error.code is Code.SEAT_UNAVAILABLE
        assert error.details["taken"] == [
            {"unit": "S-A1", "state": "sold"},
            {"unit": "S-A3", "state": "held"},
        ]
        assert opera.snapshot() == before

    def test_what_is_blocked_already(self) -> None:
        opera = Opera()
        opera.block(seats("S-A1"), request="req-1")
        error = refused(lambda: opera.block(seats("S-A1", "S-A2"), request="req-2"))
        assert error.details["taken"] == [{"unit": "S-A1", "state": "blocked"}]

    def test_more_places_than_are_free(self) -> None:
        opera = Opera(capacity=5)
        opera.sell(3)
        error = refused(lambda: opera.block(crowd(3)))
        assert (error.code, error.details["available"]) == (Code.INSUFFICIENT_TICKETS, 2)
        assert error.details["conflict"]["kind"] == "BOOKING_CONFLICT"

    def test_more_places_than_there_are(self) -> None:
        opera = Opera(capacity=5)
        opera.sell(3)
        assert "conflict" not in refused(lambda: opera.block(crowd(6))).details

    def test_a_time_that_is_taken(self) -> None:
        opera = Opera()
        day = opera.now.date().replace(day=7)
        opera.claim(Unit(slot_pool("studio", day), "0915-2"))
        error = refused(lambda: opera.block(studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00")))
        assert error.code is Code.SLOT_UNAVAILABLE
        assert error.details["taken"] == [{"unit": "2030-01-07T09:15:00+00:00", "state": "sold"}]

    @pytest.mark.parametrize(
        "target, code",
        [
            (seats("Z9"), Code.INVALID_SEAT),
            (seats("S-A60"), Code.INVALID_SEAT),
            (seats(rows=(("S", "Z"),)), Code.VALIDATION_ERROR),
            (seats(sections=("X",)), Code.VALIDATION_ERROR),
            (seats(), Code.INVALID_QUANTITY),
            (studio("2030-01-07T09:01+00:00", "2030-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
            (studio("2030-01-07T10:00+00:00", "2030-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
            (studio("2030-01-07T10:00+00:00", "2031-01-07T10:00+00:00"), Code.VALIDATION_ERROR),
        ],
    )
    def test_what_does_not_exist(self, target: Target, code: Code) -> None:
        opera = Opera()
        assert refused(lambda: opera.block(target)).code is code
        assert opera.changes() == []

    def test_a_race_for_the_last_of_many_leaves_nothing(self) -> None:
        opera = half_taken()
        assert refused(lambda: opera.block(LARGE)).code is Code.SEAT_UNAVAILABLE
        assert opera.blocked() == []
        assert opera.changes()[0]["state"] == "refused"
        assert opera.logged() == []

    def test_a_place_of_a_crowd_that_is_lost_is_replaced_by_another(self) -> None:
        opera = Opera(capacity=10)

        def sold() -> Exception:
            opera.claim(place(9))
            return RowsTaken()

        opera.world.fail("create claims", sold)
        assert opera.block(crowd(3)).units == 3
        assert opera.blocked() == sorted(place(number).claim_id for number in (7, 8, 10))

    def test_a_hold_that_has_ended_is_in_nobodys_way(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        opera.now += timedelta(minutes=20)
        assert opera.block(seats("S-A1")).units == 1

    def test_a_hold_that_has_not_is(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        error = refused(lambda: opera.block(seats("S-A1")))
        assert error.details["taken"] == [{"unit": "S-A1", "state": "held"}]
        conflict = error.details["conflict"]
        assert (conflict["kind"], conflict["retryAfter"]) == ("HOLD_CONFLICT", 900)

    def test_what_was_sold_a_moment_ago_is_no_hold(self) -> None:
        opera = Opera()
        opera.book_seats("S-A1")
        opera.hold("S-A2")
        assert {claim["state"] for claim in opera.rows.all(Table.CLAIMS)} == {"RESERVED"}
        error = refused(lambda: opera.block(seats("S-A1", "S-A2")))
        assert error.details["taken"] == [
            {"unit": "S-A1", "state": "sold"},
            {"unit": "S-A2", "state": "held"},
        ]
        conflict = error.details["conflict"]
        assert (conflict["kind"], conflict["retryable"]) == ("BOOKING_CONFLICT", False)

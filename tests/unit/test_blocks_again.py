"""Blocks that are asked for again, taken back, and listed."""

from __future__ import annotations

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.schema import Table

from tests.unit.opera import Opera, crowd, seat, seats, studio
from tests.unit.seat_blocks import LARGE, half_made, refused, settle
from tests.unit.world import lost_answer


class TestTheSameRequestAgain:
    def test_is_the_same_block(self) -> None:
        opera = Opera()
        first = opera.block(seats("S-A1"))
        written = opera.snapshot()
        assert opera.block(seats("S-A1")) == first
        assert opera.snapshot() == written

    def test_without_an_id_it_is_another_one(self) -> None:
        opera = Opera()
        opera.block(crowd(2), request=None)
        opera.block(crowd(2), request=None)
        assert len(opera.blocked()) == 4

    def test_with_another_target_is_refused(self) -> None:
        opera = Opera()
        opera.block(seats("S-A1"))
        error = refused(lambda: opera.block(seats("S-A2")))
        assert (error.code, error.details["field"]) == (Code.VALIDATION_ERROR, "requestId")

    def test_while_it_is_at_work_has_to_wait(self) -> None:
        opera = Opera()
        opera.world.fail("create claims", lost_answer)
        with pytest.raises(BoxofficeError):
            opera.block(LARGE)
        assert refused(lambda: opera.block(LARGE)).code is Code.CONFLICT_ERROR

    def test_completes_what_was_interrupted(self) -> None:
        opera = half_made()
        assert len(opera.blocked()) == 100
        opera.now = opera.now.replace(hour=13)
        assert opera.block(LARGE).units == 120

    def test_does_not_block_again_what_was_unblocked(self) -> None:
        opera = Opera()
        block = opera.block(LARGE)
        opera.unblock(block.change.id)
        assert refused(lambda: opera.block(LARGE)).code is Code.INVALID_STATUS_TRANSITION
        assert opera.blocked() == []


class TestUnblocking:
    def test_a_whole_block(self) -> None:
        opera = Opera()
        one, other = opera.block(LARGE), opera.block(seats("S-A1"), request="req-2")
        assert opera.unblock(one.change.id).units == 120
        assert opera.blocked() == [seat("s.a1").claim_id]
        assert [block.change.id for block in opera.blocks()] == [other.change.id]
        assert ("units.unblocked", one.change.id, "ada") in opera.logged()
        assert opera.unblock(one.change.id).units == 0

    def test_some_units_of_several_blocks(self) -> None:
        opera = Opera()
        one = opera.block(seats("S-A1", "S-A2"), request="req-1")
        two = opera.block(seats("S-A3"), request="req-2")
        opera.claim(seat("s.a4"))
        found = opera.unblock_units(seats("S-A2", "S-A3", "S-A4", "S-A5"))
        assert (found.units, set(found.block_ids)) == (2, {one.change.id, two.change.id})
        assert found.not_blocked == ("S-A4", "S-A5")
        assert opera.blocked() == [seat("s.a1").claim_id]
        assert [(block.change.id, block.units) for block in opera.blocks()] == [
            (one.change.id, 1),
            (two.change.id, 0),
        ]
        assert opera.rows.tables[Table.CLAIMS][seat("s.a4").claim_id]["state"] == "SOLD"

    def test_a_services_time(self) -> None:
        opera = Opera()
        time = studio("2030-01-07T09:00+00:00", "2030-01-07T10:00+00:00")
        opera.block(time)
        assert opera.unblock_units(time).units == 8
        assert opera.blocked() == []

    def test_an_unknown_block(self) -> None:
        assert refused(lambda: Opera().unblock("bl-nothing")).code is Code.NOT_FOUND_ERROR

    def test_while_it_is_being_made_stops_it(self) -> None:
        opera = half_made()
        (change,) = opera.changes()
        opera.unblock(change["$id"])
        assert opera.blocked() == []
        settle(opera)
        assert opera.blocked() == []


class TestListing:
    def test_pages_of_an_event(self) -> None:
        opera = Opera()
        for number in range(3):
            opera.now = opera.now.replace(minute=number)
            opera.block(seats(f"S-A{number + 1}"), request=f"req-{number}", reason=f"Reason {number}.")
        first = opera.blocks("concert", limit=2)
        assert [block.change.reason for block in first] == ["Reason 2.", "Reason 1."]
        second = opera.blocks("concert", cursor=first[-1].change.id, limit=2)
        assert [block.change.reason for block in second] == ["Reason 0."]
        assert opera.blocks("another") == []
        assert refused(lambda: opera.blocks(cursor="bl-nothing")).code is Code.VALIDATION_ERROR

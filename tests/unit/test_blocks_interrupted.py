"""Blocks whose executions die at any call: whole or nothing in the end."""

from __future__ import annotations

import pytest
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.managing.targets import Target

from tests.unit.opera import Opera, crowd, place, seat
from tests.unit.seat_blocks import LARGE, half_made, half_taken, settle
from tests.unit.shop import broken
from tests.unit.world import Killed

MOST_CALLS = 40


class TestDying:
    @pytest.mark.parametrize("target", [LARGE, crowd(120)], ids=["seats", "crowd"])
    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_block_it_is_whole_or_nothing_in_the_end(
        self, target: Target, after_effect: bool
    ) -> None:
        for call in range(MOST_CALLS):
            opera = Opera(capacity=150)
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.block(target)
            except Killed:
                opera.world.revive()
            else:
                assert call > 8
                return
            settle(opera)
            assert len(opera.blocked()) in ((0, 120) if not opera.changes() else (120,))
            assert [action for action, _, _ in opera.logged()] == ["units.blocked"] * len(opera.changes())
        raise AssertionError("it never ends")

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_refused_block_nothing_is_left(self, after_effect: bool) -> None:
        for call in range(MOST_CALLS):
            opera = half_taken()
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.block(LARGE)
            except Killed:
                opera.world.revive()
                settle(opera)
                assert opera.blocked() == []
            except Rejected:
                assert call > 5
                return
        raise AssertionError("it never ends")

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_unblocking_the_same_request_or_the_sweep_ends_it(
        self, after_effect: bool
    ) -> None:
        for call in range(MOST_CALLS):
            opera = Opera()
            block_id = opera.block(LARGE).change.id
            opera.world.kill(call, after_effect=after_effect)
            try:
                opera.unblock(block_id)
            except Killed:
                opera.world.revive()
            else:
                assert call > 4
                return
            if opera.changes()[0]["state"] == "done":
                opera.unblock(block_id)
            settle(opera)
            assert opera.blocked() == []
            assert len([entry for entry in opera.logged() if entry[0] == "units.unblocked"]) == 1
        raise AssertionError("it never ends")

    def test_an_execution_that_wakes_up_late_changes_nothing(self) -> None:
        opera = half_made(broken)
        (change,) = opera.changes()
        opera.unblock(change["$id"])
        # Its second call arrives after all.
        opera.claim(seat("s.c60"), change["$id"], "BLOCKED")
        settle(opera)
        assert opera.blocked() == []

    def test_two_who_complete_the_same_crowd_leave_as_many_as_were_wanted(self) -> None:
        opera = Opera(capacity=30)
        opera.world.fail("create claims", broken)
        with pytest.raises(BoxofficeError):
            opera.block(crowd(5))
        (change,) = opera.changes()
        for number in range(1, 8):
            opera.claim(place(number), change["$id"], "BLOCKED")
        settle(opera)
        assert len(opera.blocked()) == 5

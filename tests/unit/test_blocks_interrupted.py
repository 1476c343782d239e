"""Blocks whose executions die at any call: whole or nothing in the end."""

from __future__ import annotations

import pytest
from boxoffice.domain.errors import BoxofficeError
from boxoffice.managing.targets import Target

from tests.unit.interruptions import deaths
from tests.unit.opera import Opera, crowd, place, seat
from tests.unit.seat_blocks import LARGE, half_made, half_taken, refused, settle
from tests.unit.shop import broken


class TestDying:
    @pytest.mark.parametrize("target", [LARGE, crowd(120)], ids=["seats", "crowd"])
    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_block_it_is_whole_or_nothing_in_the_end(
        self, target: Target, after_effect: bool
    ) -> None:
        def house() -> tuple[Opera]:
            return (Opera(capacity=150),)

        def block(opera: Opera) -> None:
            opera.block(target)

        for (opera,) in deaths(house, block, after_effect=after_effect, least_calls=9):
            settle(opera)
            assert len(opera.blocked()) in ((0, 120) if not opera.changes() else (120,))
            assert [action for action, _, _ in opera.logged()] == ["units.blocked"] * len(opera.changes())

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_a_refused_block_nothing_is_left(self, after_effect: bool) -> None:
        def house() -> tuple[Opera]:
            return (half_taken(),)

        def block(opera: Opera) -> None:
            refused(lambda: opera.block(LARGE))

        for (opera,) in deaths(house, block, after_effect=after_effect, least_calls=6):
            settle(opera)
            assert opera.blocked() == []

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_at_any_call_of_unblocking_the_same_request_or_the_sweep_ends_it(
        self, after_effect: bool
    ) -> None:
        def blocked() -> tuple[Opera, str]:
            opera = Opera()
            return opera, opera.block(LARGE).change.id

        for opera, block_id in deaths(blocked, Opera.unblock, after_effect=after_effect, least_calls=5):
            if opera.changes()[0]["state"] == "done":
                opera.unblock(block_id)
            settle(opera)
            assert opera.blocked() == []
            assert len([entry for entry in opera.logged() if entry[0] == "units.unblocked"]) == 1

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

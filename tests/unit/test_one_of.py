"""What is wanted, or something that is as good."""

from __future__ import annotations

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, ClaimState, Unit
from boxoffice.domain.seat_choice import seats_by_label
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.seat_wants import TheBestSeats, TheseSeats
from boxoffice.inventory.wants import AnyOf, OneOf

from tests.unit.halls import hall

HALL = hall(("A-B", "1-4"))
POOL = "hall"


def memory(*labels: str) -> PoolMemory:
    """A memory in which these seats are sold."""
    found = PoolMemory(lambda: 0.0)
    units = [Unit(POOL, seat.unit) for seat in seats_by_label(HALL, labels)]
    found.read(POOL, [Claim(unit, "bk-other", ClaimState.SOLD, None) for unit in units])
    return found


def wanted(*labels: str) -> OneOf:
    seats = seats_by_label(HALL, labels)
    return OneOf(TheseSeats(POOL, HALL, tuple(seats)), TheBestSeats(POOL, HALL, "gold", len(seats)))


def first(most: int) -> int:
    return 0


def picked(want: OneOf, of: PoolMemory) -> list[str]:
    return [place.label for place in want.pick(of, first)]


def test_what_is_wanted_comes_first() -> None:
    assert picked(wanted("B1", "B4"), memory("A1")) == ["B1", "B4"]


def test_when_a_part_of_it_is_gone_all_of_it_is_replaced() -> None:
    found = picked(wanted("A1", "A2"), memory("A1"))
    assert len(found) == 2
    assert "A1" not in found


def test_when_nothing_is_as_good_either_the_refusal_is_the_substitutes() -> None:
    of, want = memory("A1", "A2", "A3", "A4", "B1", "B2", "B3"), wanted("A1", "A2")
    with pytest.raises(Rejected) as refused:
        want.pick(of, first)
    assert (refused.value.code, refused.value.details["available"]) == (Code.INSUFFICIENT_TICKETS, 1)
    assert len(want.in_the_way(of)) == 7


def test_its_pools_are_those_of_both_and_each_once() -> None:
    assert wanted("A1").pools == (POOL,)
    assert OneOf(AnyOf("a", 1, 1), AnyOf("b", 1, 1)).pools == ("a", "b")


def test_what_is_wanted_can_be_tried_without_a_look_at_the_hall() -> None:
    assert not wanted("A1").needs_map

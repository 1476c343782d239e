from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations

import pytest
from boxoffice.domain.best_seats import best_available
from boxoffice.domain.seating import Layout, Seat, SeatKind
from boxoffice.domain.seating_plan import read_plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.halls import BIG_PLAN, hall, section


def labels(seats: Sequence[Seat] | None) -> list[str]:
    assert seats is not None
    return [seat.label for seat in seats]


def units(layout: Layout, *taken: str) -> set[str]:
    return {layout.by_label[label].unit for label in taken}


def groups_of(seats: Sequence[Seat]) -> int:
    """How many groups of neighbours `seats` are."""
    places = {(seat.row, seat.column) for seat in seats}
    return sum((row, column - 1) not in places for row, column in places)


ROW = st.text("1_23xw", min_size=1, max_size=7).filter(lambda row: set(row) - {"_"})


@st.composite
def halls(draw: st.DrawFn) -> tuple[Layout, set[str]]:
    """A small hall with gaps, categories, marked seats and maybe a second section; and what is taken."""
    sections = []
    for name in ("S", "B")[: draw(st.integers(1, 2))]:
        rows = []
        marks: dict[str, list[str]] = {"wheelchair": [], "disabled": []}
        for letter in "ABC"[: draw(st.integers(1, 3))]:
            text = []
            for number, place in enumerate(draw(ROW)):
                text.append("_" if place == "_" else f"{number}:{'side' if place == '2' else 'gold'}")
                if place in "xw":
                    marks["disabled" if place == "x" else "wheelchair"].append(f"{letter}{number}")
            rows.append((letter, " ".join(text)))
        listed = {kind: seats for kind, seats in marks.items() if seats}
        sections.append(section(name, *rows) | listed)
    layout = read_plan({"sections": sections})
    return layout, set(draw(st.lists(st.sampled_from(sorted(layout.by_unit)), unique=True)))


@given(halls(), st.integers(1, 6), st.sampled_from([None, "gold", "side"]), st.none() | st.randoms())
def test_the_best_seats_are_as_together_as_brute_force_finds(
    case: tuple[Layout, set[str]], quantity: int, category: str | None, rnd: random.Random | None
) -> None:
    layout, taken = case
    choose = rnd.randrange if rnd else None
    found = best_available(layout, taken, quantity, category=category, choose=choose)
    free = [
        seat
        for seat in layout.by_unit.values()
        if seat.unit not in taken
        and seat.kind is SeatKind.STANDARD
        and (category is None or seat.category == category)
    ]
    if len(free) < quantity:
        assert found is None
        return
    assert found is not None
    assert len(set(found)) == len(found) == quantity
    assert set(found) <= set(free)
    if len(free) <= 12:
        assert groups_of(found) == min(map(groups_of, combinations(free, quantity)))
    assert (groups_of(found) == 1) == any(is_window(free, seat, quantity) for seat in free)


def is_window(free: list[Seat], first: Seat, quantity: int) -> bool:
    places = {(seat.row, seat.column) for seat in free}
    return all((first.row, first.column + n) in places for n in range(quantity))


@given(halls(), st.integers(2, 6))
def test_no_other_few_groups_are_closer(case: tuple[Layout, set[str]], quantity: int) -> None:
    layout, taken = case
    found = best_available(layout, taken, quantity)
    free = [
        seat for seat in layout.by_unit.values() if seat.unit not in taken and seat.kind is SeatKind.STANDARD
    ]
    if found is None or groups_of(found) == 1 or len(free) > 12:
        return
    as_few = [seats for seats in combinations(free, quantity) if groups_of(seats) == groups_of(found)]
    assert rows_between(found) == min(map(rows_between, as_few))


def rows_between(seats: Sequence[Seat]) -> int:
    rows = [seat.row for seat in seats]
    return max(rows) - min(rows)


def test_the_middle_of_the_best_row() -> None:
    assert labels(best_available(hall(("A-C", "1-8")), set(), 2)) == ["A4", "A5"]


def test_a_better_row_before_a_better_place_in_it() -> None:
    layout = hall(("A-B", "1-8"))
    assert labels(best_available(layout, units(layout, "A3", "A4", "A5", "A6"), 2)) == ["A1", "A2"]


def test_no_single_seat_is_left_alone_when_that_can_be_helped() -> None:
    layout = hall(("A", "1-3"), ("B", "1-2"))
    assert labels(best_available(layout, set(), 2)) == ["B1", "B2"]
    assert labels(best_available(layout, units(layout, "B1"), 2)) == ["A1", "A2"]


def test_an_aisle_is_between_its_neighbours() -> None:
    layout = hall(("A", "1-2 _ 3-4"), ("B", "1-3"))
    assert labels(best_available(layout, set(), 3)) == ["B1", "B2", "B3"]


def test_few_groups_are_better_than_close_ones() -> None:
    layout = hall(("A", "1-3"), ("B", "1-2 _ 3-4 _ 5-6"), ("C", "1-3"))
    assert labels(best_available(layout, set(), 6)) == ["A1", "A2", "A3", "C1", "C2", "C3"]


def test_groups_are_in_the_best_of_the_rows_that_are_as_close() -> None:
    layout = hall(("A-C", "1-2 _ 3-4"))
    assert labels(best_available(layout, units(layout, "A1"), 4)) == ["B1", "B2", "B3", "B4"]


def test_groups_in_different_rows_are_near_each_other() -> None:
    layout = hall(("A", "1 _20 2"), ("B", "_9 1-2"))
    assert labels(best_available(layout, set(), 3)) == ["A1", "B1", "B2"]


def test_a_part_of_a_group_is_the_part_next_to_the_others() -> None:
    layout = hall(("A", "1-3 _ 4-7"), ("B", "_ 1-4 _ 5-7"))
    assert labels(best_available(layout, set(), 5)) == ["A3", "A4", "A5", "A6", "A7"]
    assert labels(best_available(layout, units(layout, "A1"), 6)) == ["A2", "A3", "A4", "A5", "A6", "A7"]
    behind = labels(best_available(layout, units(layout, "A1", "A2", "A3"), 5))
    assert behind == ["B1", "B2", "B3", "B4", "B5"]


def test_another_section_is_farther_than_any_row() -> None:
    stalls = section("S", ("A", "1-2"))
    balcony = section("B", ("A", "1-2"), ("B", "1"), ("C", "1-2"))
    layout = read_plan({"sections": [stalls, balcony]})
    assert labels(best_available(layout, set(), 4)) == ["B-A1", "B-A2", "B-C1", "B-C2"]


def test_wheelchair_places_are_only_given_to_those_who_ask() -> None:
    layout = hall(("A", "1-4"), wheelchair=["A1", "A2"])
    assert labels(best_available(layout, set(), 2)) == ["A3", "A4"]
    assert best_available(layout, set(), 3) is None
    assert labels(best_available(layout, set(), 2, kind=SeatKind.WHEELCHAIR)) == ["A1", "A2"]


def test_chance_spreads_buyers_over_the_best_row_and_only_there() -> None:
    layout = hall(("A-B", "1-20"))
    rnd = random.Random(5)
    found = {tuple(labels(best_available(layout, set(), 2, choose=rnd.randrange))) for _ in range(300)}
    assert len(found) == 17
    assert all(label.startswith("A") for seats in found for label in seats)


BIG = read_plan(BIG_PLAN)
PATTERNS = {
    "empty": set[str](),
    "every second": set(list(BIG.by_unit)[::2]),
    "half": {unit for unit in BIG.by_unit if random.Random(unit).random() < 0.5},
    "nearly full": {unit for unit in BIG.by_unit if random.Random(unit).random() < 0.99},
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("quantity", [2, 10, 100])
def test_among_twenty_thousand_seats_none_that_is_taken_is_found(pattern: str, quantity: int) -> None:
    found = best_available(BIG, PATTERNS[pattern], quantity)
    assert found is not None
    assert not PATTERNS[pattern] & {seat.unit for seat in found}

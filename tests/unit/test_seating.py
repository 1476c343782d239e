from __future__ import annotations

import json
import re
from typing import Any

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.ids import MAX_UNIT_LENGTH
from boxoffice.domain.seating import SeatKind, label_in_section, unit_name
from boxoffice.domain.seating_plan import read_plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.halls import BIG_PLAN, Plan, hall, section

names = st.text("ABCXYZ0123456789", min_size=1, max_size=4)
numbers = st.integers(0, 9999)
seats = st.tuples(names, names, numbers)


@given(seats, seats)
def test_different_seats_have_different_units(one: tuple[str, str, int], other: tuple[str, str, int]) -> None:
    assert (unit_name(*one) == unit_name(*other)) == (one == other)


@given(seats)
def test_a_unit_is_something_an_id_may_contain(seat: tuple[str, str, int]) -> None:
    assert re.fullmatch(r"[a-z0-9._-]+", unit_name(*seat))


def test_seat_12_of_row_1_is_not_seat_2_of_row_11() -> None:
    assert label_in_section("1", 12) == "1-12"
    assert label_in_section("11", 2) == "11-2"


def test_rows_that_look_alike_are_written_once() -> None:
    layout = hall(("A-C E", "1-3"), ("10-12", "2-1"))
    assert [row.name for row in layout.rows] == ["A", "B", "C", "E", "10", "11", "12"]
    assert [row.position for row in layout.rows] == list(range(7))
    assert [seat.label for seat in layout.rows[-1].seats] == ["12-2", "12-1"]
    assert layout.totals == {"gold": 18}


def test_gaps_steps_and_categories_of_a_row() -> None:
    layout = hall(("A", "_2 5-1/2:side _ 8 9:side"))
    assert [(seat.label, seat.column, seat.category) for seat in layout.rows[0].seats] == [
        ("A5", 2, "side"),
        ("A3", 3, "side"),
        ("A1", 4, "side"),
        ("A8", 6, "gold"),
        ("A9", 7, "side"),
    ]


def test_labels_name_the_section_only_where_there_are_several() -> None:
    stalls, balcony = section("S", ("A", "1")), section("B", ("A", "1"), name="Balcony")
    alone = read_plan({"sections": [stalls]})
    both = read_plan({"sections": [stalls, balcony]})
    assert set(alone.by_label) == {"A1"}
    assert set(both.by_label) == {"S-A1", "B-A1"}
    assert both.sections == {"S": "S", "B": "Balcony"}


def test_a_hall_that_gains_a_section_keeps_its_claims() -> None:
    stalls = section("S", ("A", "1-9"))
    alone = read_plan({"sections": [stalls]})
    both = read_plan({"sections": [stalls, section("B", ("A", "1"))]})
    assert set(alone.by_unit) < set(both.by_unit)


def test_a_seat_is_found_however_its_label_is_written() -> None:
    layout = hall(("A", "1-9"))
    assert layout.seat(" a5 ") == layout.by_label["A5"]
    assert layout.seat("A10") is None


def test_marked_seats() -> None:
    layout = hall(("A", "1-4"), wheelchair=["a1"], disabled=["A2"])
    assert [seat.kind for seat in layout.rows[0].seats] == [
        SeatKind.WHEELCHAIR,
        SeatKind.DISABLED,
        SeatKind.STANDARD,
        SeatKind.STANDARD,
    ]
    assert layout.totals == {"gold": 3}


def refused(plan: Any) -> Rejected:
    with pytest.raises(Rejected) as error:
        read_plan(plan)
    assert error.value.code is Code.VALIDATION_ERROR
    return error.value


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (None, "plan"),
        ({}, "plan.sections"),
        ({"sections": []}, "plan.sections"),
        ({"sections": ["S"]}, "sections.0"),
        ({"sections": [{}]}, "sections.0.id"),
        ({"sections": [section("S", ("A", "1")), section("s", ("A", "1"))]}, "sections.1.id"),
        ({"sections": [section("STALLS", ("A", "1"))]}, "sections.0.id"),
        ({"sections": [{"id": "S", "rows": []}]}, "sections.0.rows"),
        ({"sections": [section("S", ("A", "_3"))]}, "sections.0.rows.0.seats"),
        ({"sections": [section("S", ("A", "1--2"))]}, "sections.0.rows.0.seats"),
        ({"sections": [section("S", ("A", "１"))]}, "sections.0.rows.0.seats"),
        ({"sections": [section("S", ("A", "1-3 2"))]}, "sections.0.rows.0.seats"),
        ({"sections": [section("S", ("A", "1"), ("B a", "1"))]}, "sections.0.rows.1.seats"),
        ({"sections": [section("S", ("Ä", "1"))]}, "sections.0.rows.0.rows"),
        ({"sections": [section("LONG", ("ROW1", "1"), ("ROW", "1234"))]}, "sections.0.rows.1.rows"),
        ({"sections": [section("S", ("A", "1:no spaces"))]}, "sections.0.rows.0.seats"),
        ({"sections": [section("S", ("A", "1:?"))]}, "sections.0.rows.0.category"),
        ({"sections": [{"id": "S", "rows": [{"rows": "A", "seats": "1"}]}]}, "sections.0.rows.0.category"),
        ({"sections": [section("S", ("A", "1"), disabled=["A2"])]}, "sections.0.disabled"),
        ({"sections": [section("S", ("A", "1"), wheelchair=[1])]}, "sections.0.wheelchair"),
        ({"sections": [section("S", ("1-999", "1"), ("A-Z", "1"))]}, "sections.0"),
        ({"sections": [section("S", ("A-C", "1-9999"))]}, "sections"),
    ],
)
def test_plans_that_are_refused(plan: Any, field: str) -> None:
    assert refused(plan).details["field"] == field


@given(
    st.recursive(st.none() | st.integers() | st.text("A1-_ :/", max_size=6), lambda inner: st.lists(inner))
)
def test_whatever_a_plan_contains_it_is_read_or_refused(value: Any) -> None:
    block = {"rows": value, "seats": value, "category": value}
    plan: Plan = {"sections": [{"id": "S", "rows": [block], "disabled": value}]}
    try:
        layout = read_plan(plan)
    except Rejected as error:
        assert error.code is Code.VALIDATION_ERROR
    else:
        assert all(len(unit) <= MAX_UNIT_LENGTH for unit in layout.by_unit)


def test_twenty_thousand_seats_are_a_short_text() -> None:
    assert len(json.dumps(BIG_PLAN)) < 2_500
    layout = read_plan(BIG_PLAN)
    assert len(layout.by_unit) == 20_000

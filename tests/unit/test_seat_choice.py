from __future__ import annotations

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Standing
from boxoffice.domain.seat_choice import check_no_seat_twice, check_seats_free, nearest_free, seats_by_label
from boxoffice.domain.seating import Layout
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.halls import hall

HALL = hall(("A-C", "1-6"), wheelchair=["A1", "C1"], disabled=["B3"])


def standing(layout: Layout, **taken: Standing) -> dict[str, Standing]:
    return {layout.by_label[label].unit: state for label, state in taken.items()}


def refusal(*labels: str, **taken: Standing) -> Rejected:
    with pytest.raises(Rejected) as error:
        check_seats_free(HALL, seats_by_label(HALL, labels), standing(HALL, **taken))
    return error.value


def test_seats_are_found_in_the_order_in_which_they_were_asked_for() -> None:
    assert [seat.label for seat in seats_by_label(HALL, ["c6", "A2"])] == ["C6", "A2"]


def test_seats_that_cannot_be_sold_are_refused_by_name_all_at_once() -> None:
    error = refusal("A2", "Z9", "B3", "a2")
    assert error.code is Code.INVALID_SEAT
    assert error.message == "Seats Z9 and B3 are not for sale. Seat A2 is named twice."
    assert error.details["field"] == "seats"
    assert error.details["seats"] == [
        {"seat": "Z9", "reason": "unknown"},
        {"seat": "B3", "reason": "disabled"},
        {"seat": "A2", "reason": "repeated"},
    ]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (("A1", "a1"), "Seat A1 is named twice."),
        (("A1", "A1", "A1"), "Seat A1 is named twice."),
        (("A1", "A2", "A1", "A2"), "Seats A1 and A2 are named twice."),
    ],
)
def test_a_seat_that_is_named_twice(labels: tuple[str, ...], sentence: str) -> None:
    error = refusal(*labels)
    assert (error.code, error.message, error.details["field"]) == (Code.INVALID_SEAT, sentence, "seats")
    with pytest.raises(Rejected) as other:
        check_no_seat_twice([label.upper() for label in labels])
    assert other.value.message == sentence


def test_a_blocked_seat_is_refused_by_name() -> None:
    error = refusal("A2", "A3", A3=Standing.BLOCKED, A2=Standing.SOLD)
    assert error.code is Code.INVALID_SEAT
    assert error.message == "Seat A3 is not for sale. Seat A2 is already taken."
    assert error.details["seats"] == [
        {"seat": "A3", "reason": "blocked"},
        {"seat": "A2", "reason": "taken"},
    ]


def test_a_blocked_seat_alone() -> None:
    error = refusal("A2", "A3", A3=Standing.BLOCKED)
    assert error.message == "Seat A3 is not for sale."
    assert error.details["seats"] == [{"seat": "A3", "reason": "blocked"}]


def test_a_long_text_is_not_repeated_in_full() -> None:
    assert len(refusal("x" * 1_000).details["seats"][0]["seat"]) == 16


def test_taken_seats_come_with_what_is_free_around_them() -> None:
    error = refusal("A3", "A4", A3=Standing.SOLD, A2=Standing.HELD)
    assert (error.code, error.message) == (Code.SEAT_UNAVAILABLE, "Seat A3 is already taken.")
    assert error.details["seats"] == ["A3"]
    assert error.details["alternatives"] == {"A3": ["A5", "A6", "B2"]}
    assert error.details["together"] == ["A4", "A5"]


def test_a_wheelchair_place_is_replaced_by_another() -> None:
    error = refusal("A1", A1=Standing.SOLD)
    assert error.details["alternatives"] == {"A1": ["C1"]}
    assert error.details["together"] == ["C1"]


def test_nothing_is_offered_when_nothing_is_left() -> None:
    layout = hall(("A", "1-2"))
    with pytest.raises(Rejected) as error:
        check_seats_free(layout, seats_by_label(layout, ["A1", "A2"]), standing(layout, A1=Standing.HELD))
    assert error.value.details["alternatives"] == {"A1": []}
    assert error.value.details["together"] == []


def test_free_seats_pass() -> None:
    check_seats_free(HALL, seats_by_label(HALL, ["A2", "A3"]), standing(HALL, A4=Standing.SOLD))


@given(st.sets(st.sampled_from(sorted(HALL.by_unit))), st.sampled_from(sorted(HALL.by_label)))
def test_no_free_seat_is_nearer_than_those_offered(taken: set[str], label: str) -> None:
    seat = HALL.by_label[label]
    offered = nearest_free(HALL, taken, seat)
    fitting = [
        2 * abs(other.row - seat.row) + abs(other.column - seat.column)
        for other in HALL.by_unit.values()
        if other.unit not in taken and other.kind is seat.kind
    ]
    distances = [2 * abs(other.row - seat.row) + abs(other.column - seat.column) for other in offered]
    assert distances == sorted(fitting)[:3]
    assert not taken & {other.unit for other in offered}

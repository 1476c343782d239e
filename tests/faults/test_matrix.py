"""Every call of a use case fails in every way, forward and while compensating."""

from __future__ import annotations

import pytest

from tests.faults.harness import FAULTS, Fault, Point, UseCase, Verdict, points_of, run
from tests.faults.use_cases import USE_CASES
from tests.support.arena import Arena

pytestmark = pytest.mark.local_only

LEAST_CASES = 150


_points: dict[str, list[Point]] = {}


def points(arena: Arena, use_case: UseCase) -> list[Point]:
    """The calls of a use case, found once."""
    if use_case.name not in _points:
        _points[use_case.name] = points_of(arena, use_case)
    return _points[use_case.name]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda use_case: use_case.name)
def test_whatever_happens_to_any_call_the_books_balance(
    arena: Arena, verdicts: list[Verdict], use_case: UseCase, fault: Fault
) -> None:
    found = [run(arena, use_case, point, fault) for point in points(arena, use_case)]
    verdicts.extend(found)
    assert {verdict.point: verdict.problems for verdict in found if verdict.problems} == {}


def test_the_books_of_all_of_them_together_balance(arena: Arena, verdicts: list[Verdict]) -> None:
    assert len(verdicts) >= LEAST_CASES, "this test is about the whole matrix: run the file"
    assert arena.books().violations() == []


def test_the_calls_are_those_that_the_design_names(arena: Arena) -> None:
    forward, undo, capture, refund, cancel = (
        {str(point) for point in points(arena, use_case)} for use_case in USE_CASES
    )
    assert forward >= {"create bookings", "read payment", "create claims", "create outcomes"}
    assert forward >= {"create tickets", "create transactions", "create orders", "create file"}
    assert undo >= {"delete tickets", "delete transactions", "delete orders", "delete file", "delete claims"}
    assert undo >= {"refund payment", "create rollback_reports", "update bookings"}
    assert "capture payment" in capture
    assert "refund payment" in refund
    assert cancel >= {"create cancellations", "create checkins", "delete claims", "refund payment"}
    assert cancel >= {"update tickets", "create transactions", "update orders", "update bookings"}

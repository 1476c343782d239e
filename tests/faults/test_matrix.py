"""Every call of a use case fails in every way, forward and while compensating."""

from __future__ import annotations

import pytest

from tests.faults.harness import FAULTS, Fault, Point, UseCase, Verdict, covering, points_of, run
from tests.faults.use_cases import COVERED_USE_CASES, USE_CASES
from tests.support.arena import Arena
from tests.support.audit import audit

pytestmark = pytest.mark.local_only

LEAST_CASES = 450


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


@pytest.mark.parametrize("use_case", COVERED_USE_CASES, ids=lambda use_case: use_case.name)
def test_two_faults_at_each_call_leave_the_books_balanced(
    arena: Arena, verdicts: list[Verdict], use_case: UseCase
) -> None:
    cases = covering(points(arena, use_case), FAULTS)
    found = [run(arena, use_case, point, fault) for point, fault in cases]
    verdicts.extend(found)
    assert found
    assert {f"{each.point}, {each.fault}": each.problems for each in found if each.problems} == {}


def test_the_books_of_all_of_them_together_balance(arena: Arena, verdicts: list[Verdict]) -> None:
    assert len(verdicts) >= LEAST_CASES, "this test is about the whole matrix: run the file"
    assert arena.books().violations() == []
    audited = audit(arena)
    assert audited.returncode == 0, audited.stdout


def test_the_calls_are_those_that_the_design_names(arena: Arena) -> None:
    calls = {
        use_case.name: {str(point) for point in points(arena, use_case)}
        for use_case in (*USE_CASES, *COVERED_USE_CASES)
    }
    forward, undo, refund, cancel = (
        calls[name] for name in ("book", "book, then undo", "refund when sold out", "cancel")
    )
    assert forward >= {"create bookings", "read payment", "create claims", "create outcomes"}
    assert forward >= {"create tickets", "create transactions", "create orders", "create file"}
    assert undo >= {"delete tickets", "delete transactions", "delete orders", "delete file", "delete claims"}
    assert undo >= {"refund payment", "create rollback_reports", "update bookings"}
    assert "capture payment" in calls["capture and book"]
    assert "refund payment" in refund
    assert cancel >= {"create cancellations", "create checkins", "delete claims", "refund payment"}
    assert cancel >= {"update tickets", "create transactions", "update orders", "update bookings"}
    assert calls["hold"] >= {"create bookings", "open order", "create claims", "update bookings"}
    assert calls["pay for a hold"] >= {"create leases", "read outcomes", "update bookings", "create outcomes"}
    assert "create claims" not in calls["pay for a hold"]
    assert calls["take over an expired hold"] >= {"read leases", "create outcomes", "delete claims"}

"""Every call of what administrators do fails: in the end it is done, or nothing has changed."""

from __future__ import annotations

import pytest

from tests.faults.harness import FAULTS, UseCase, Verdict, covering, points_of, run
from tests.faults.use_cases import MANAGING_USE_CASES
from tests.support.arena import Arena
from tests.support.audit import audit

pytestmark = pytest.mark.local_only

LEAST_CASES = 150


@pytest.mark.parametrize("use_case", MANAGING_USE_CASES, ids=lambda use_case: use_case.name)
def test_whatever_happens_to_any_call_it_is_done_or_nothing_has_changed(
    arena: Arena, verdicts: list[Verdict], use_case: UseCase
) -> None:
    found = [run(arena, use_case, *case) for case in covering(points_of(arena, use_case), FAULTS)]
    verdicts.extend(found)
    assert found
    assert {f"{each.point}, {each.fault}": each.problems for each in found if each.problems} == {}


def test_the_books_of_all_of_them_together_balance(arena: Arena, verdicts: list[Verdict]) -> None:
    names = {use_case.name for use_case in MANAGING_USE_CASES}
    cases = [verdict for verdict in verdicts if verdict.use_case in names]
    assert len(cases) >= LEAST_CASES, "this test is about all of them: run the file"
    assert arena.books().violations() == []
    audited = audit(arena)
    assert audited.returncode == 0, audited.stdout

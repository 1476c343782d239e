"""What is recommended when there are too many conflicts, and that nothing is when there are not."""

from __future__ import annotations

import pytest
from boxoffice.domain.conflict_advice import (
    HIGH_RATES,
    LEAST_CONFLICTS,
    ConflictFigures,
    HotUnit,
    Resolution,
    advise,
)
from boxoffice.domain.conflicts import ConflictKind

HOLD, BOOKING = ConflictKind.HOLD_CONFLICT, ConflictKind.BOOKING_CONFLICT


def figures(
    kind: ConflictKind, conflicts: int, confirmed: int, *hot: HotUnit, displaced: int = 0
) -> ConflictFigures:
    counts = {kind: {Resolution.REFUSED: conflicts - displaced, Resolution.DISPLACED: displaced}}
    return ConflictFigures(counts, confirmed, hot)


@pytest.mark.parametrize("kind", ConflictKind)
def test_each_kind_has_a_rate_from_which_on_something_is_recommended(kind: ConflictKind) -> None:
    confirmed = 1_000
    limit = round(HIGH_RATES[kind] * confirmed)
    assert advise(figures(kind, limit - 1, confirmed)) == ()
    assert len(advise(figures(kind, limit, confirmed))) == 1


@pytest.mark.parametrize("kind", ConflictKind)
def test_a_few_conflicts_say_nothing(kind: ConflictKind) -> None:
    assert advise(figures(kind, LEAST_CONFLICTS - 1, 0)) == ()
    assert len(advise(figures(kind, LEAST_CONFLICTS, 0))) == 1


def test_no_conflict_and_no_booking_are_all_well() -> None:
    assert advise(ConflictFigures({}, 0)) == ()
    assert ConflictFigures({}, 0).rate(HOLD) is None
    assert ConflictFigures({}, 5).rate(HOLD) == 0.0


def test_what_is_recommended_fits_the_kind() -> None:
    (stale,) = advise(figures(ConflictKind.VERSION_CONFLICT, 100, 100))
    assert "AVAILABILITY_CACHE_SECONDS" in stale
    (everywhere,) = advise(figures(HOLD, 100, 100))
    assert "holdsPerUser" in everywhere
    hot = [HotUnit("concert", label, HOLD, 30) for label in ("A1", "A2")]
    (few,) = advise(figures(HOLD, 100, 100, *hot))
    assert "A1, A2" in few
    assert "waiting list" in few
    (demand,) = advise(figures(BOOKING, 100, 50))
    assert "showtime" in demand
    (same,) = advise(figures(BOOKING, 100, 50, HotUnit("concert", "A1", BOOKING, 80)))
    assert "A1" in same


def test_hot_units_of_another_kind_are_not_to_blame() -> None:
    (everywhere,) = advise(figures(HOLD, 100, 100, HotUnit("concert", "A1", BOOKING, 90)))
    assert "A1" not in everywhere


def test_many_holds_that_give_way_need_a_longer_grace_period() -> None:
    assert len(advise(figures(HOLD, 100, 100, displaced=19))) == 1
    _, grace = advise(figures(HOLD, 100, 100, displaced=20))
    assert "displaceAfterSeconds" in grace

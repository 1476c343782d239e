from __future__ import annotations

from datetime import UTC, datetime, timedelta

from boxoffice.domain.availability import Counts, RowMap, count, count_seats, seat_map, version
from boxoffice.domain.pools import Claim, ClaimState, Standing, Unit, in_pool, standings
from boxoffice.domain.seating_plan import read_plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.halls import BIG_PLAN, hall

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
HALL = hall(("A", "1-4 _ 5:side"), ("B", "1-2:side"), disabled=["A2"])


def test_the_map_of_a_hall() -> None:
    assert seat_map(HALL, {}) == (RowMap("S", "A", "fxfff"), RowMap("S", "B", "ff"))
    taken = {"s.a1": Standing.HELD, "s.a5": Standing.SOLD, "s.b2": Standing.BLOCKED, "s.z9": Standing.SOLD}
    assert seat_map(HALL, taken) == (RowMap("S", "A", "hxffs"), RowMap("S", "B", "fb"))


def test_counts_by_category() -> None:
    taken = {"s.a1": Standing.HELD, "s.a5": Standing.SOLD, "s.b2": Standing.BLOCKED, "s.z9": Standing.SOLD}
    found = count_seats(HALL, taken)
    assert found == {"gold": Counts(3, 1, 0, 0), "side": Counts(3, 0, 1, 1)}
    assert {category: counts.free for category, counts in found.items()} == {"gold": 2, "side": 1}


def test_a_claim_on_a_seat_that_was_disabled_later_is_not_counted_twice() -> None:
    assert count_seats(HALL, {"s.a2": Standing.SOLD})["gold"].free == 3


@given(st.integers(0, 20), st.lists(st.sampled_from([Standing.HELD, Standing.SOLD, Standing.BLOCKED])))
def test_free_is_what_nobody_has_and_never_less_than_nothing(total: int, taken: list[Standing]) -> None:
    assert count(total, taken).free == max(0, total - len(taken))


takings = st.dictionaries(
    st.builds(Unit, st.sampled_from(["p", "q"]), st.sampled_from(["1", "2", "s.a1"])),
    st.sampled_from([Standing.HELD, Standing.SOLD, Standing.BLOCKED]),
)


@given(takings, takings)
def test_a_version_stands_for_exactly_one_state(
    one: dict[Unit, Standing], other: dict[Unit, Standing]
) -> None:
    assert (version("p", one) == version("p", other)) == (one == other)
    assert version("pq", one) == version("qp", dict(reversed(one.items())))


def test_a_version_does_not_change_between_releases() -> None:
    assert version(["p"], {Unit("p", "1"): Standing.SOLD}) == "suyz77gmhwi7ve6e"


def test_a_hold_that_ends_changes_the_version_although_no_row_has_changed() -> None:
    hold = Claim(Unit("p", "1"), "b", ClaimState.RESERVED, NOW)
    before, after = standings([hold], NOW - timedelta(seconds=1)), standings([hold], NOW)
    assert version("p", before) != version("p", after) == version("p", {}) != version("q", {})


def test_twenty_thousand_taken_seats_are_told() -> None:
    layout = read_plan(BIG_PLAN)
    until = NOW + timedelta(minutes=1)
    claims = [Claim(Unit("pool", unit), "b", ClaimState.RESERVED, until) for unit in layout.by_unit]
    taken = standings(claims, NOW)
    named = in_pool(taken, "pool")
    assert count_seats(layout, named)["gold"] == Counts(5_000, 5_000, 0, 0)
    assert all(row.states == "h" * 40 for row in seat_map(layout, named))

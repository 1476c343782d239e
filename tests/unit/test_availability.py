from __future__ import annotations

from datetime import UTC, datetime, timedelta

from boxoffice.domain.availability import (
    Counts,
    RowMap,
    altogether,
    count,
    count_seats,
    seat_map,
    taken_version,
    version,
)
from boxoffice.domain.pools import Claim, ClaimState, Standing, Unit, in_pool, standings
from boxoffice.domain.seating_plan import read_plan
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.halls import BIG_PLAN, hall

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
HALL = hall(("A", "1-4 _ 5:side"), ("B", "1-2:side"), disabled=["A2"])
PRICED = {"gold", "side"}


def test_the_map_of_a_hall() -> None:
    assert seat_map(HALL, {}, PRICED) == (RowMap("S", "A", "fxfff"), RowMap("S", "B", "ff"))
    taken = {"s.a1": Standing.HELD, "s.a5": Standing.SOLD, "s.b2": Standing.BLOCKED, "s.z9": Standing.SOLD}
    assert seat_map(HALL, taken, PRICED) == (RowMap("S", "A", "hxffs"), RowMap("S", "B", "fb"))


def test_counts_by_category() -> None:
    taken = {"s.a1": Standing.HELD, "s.a5": Standing.SOLD, "s.b2": Standing.BLOCKED, "s.z9": Standing.SOLD}
    found = count_seats(HALL, taken, PRICED)
    assert found == {"gold": Counts(3, 2, 1, 0, 0), "side": Counts(3, 1, 0, 1, 1)}


def test_seats_without_a_price_are_not_for_sale() -> None:
    taken = {"s.a5": Standing.SOLD}
    assert seat_map(HALL, taken, {"gold"}) == (RowMap("S", "A", "fxffs"), RowMap("S", "B", "xx"))
    found = count_seats(HALL, taken, {"gold"})
    assert found == {"gold": Counts(3, 3, 0, 0, 0), "side": Counts(3, 0, 0, 1, 0)}
    assert altogether(found.values()) == Counts(6, 3, 0, 1, 0)


def test_a_claim_on_a_seat_that_was_disabled_later_is_not_counted_twice() -> None:
    assert count_seats(HALL, {"s.a2": Standing.SOLD}, PRICED)["gold"].free == 3


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
    assert (taken_version("p", one) == taken_version("p", other)) == (one == other)
    assert taken_version("pq", one) == taken_version("qp", dict(reversed(one.items())))


shows = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 2) | st.none() | st.booleans()), max_size=3)


@given(shows, shows)
def test_a_version_stands_for_all_that_is_shown(
    one: list[tuple[object, ...]], other: list[tuple[object, ...]]
) -> None:
    assert (version("taken", one) == version("taken", other)) == (repr(one) == repr(other))
    assert version("another", one) != version("taken", one)


def test_a_version_does_not_change_between_releases() -> None:
    assert taken_version(["p"], {Unit("p", "1"): Standing.SOLD}) == "suyz77gmhwi7ve6e"


def test_a_hold_that_ends_changes_the_version_although_no_row_has_changed() -> None:
    hold = Claim(Unit("p", "1"), "b", ClaimState.RESERVED, NOW)
    before, after = standings([hold], NOW - timedelta(seconds=1)), standings([hold], NOW)
    assert (
        taken_version("p", before)
        != taken_version("p", after)
        == taken_version("p", {})
        != taken_version("q", {})
    )


def test_twenty_thousand_taken_seats_are_told() -> None:
    layout = read_plan(BIG_PLAN)
    until = NOW + timedelta(minutes=1)
    claims = [Claim(Unit("pool", unit), "b", ClaimState.RESERVED, until) for unit in layout.by_unit]
    taken = standings(claims, NOW)
    named = in_pool(taken, "pool")
    assert count_seats(layout, named, {"gold"})["gold"] == Counts(5_000, 0, 5_000, 0, 0)
    assert all(row.states == "h" * 40 for row in seat_map(layout, named, {"gold"}))

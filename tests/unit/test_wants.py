"""Any mix of things wanted together, whatever is taken: nothing twice, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.domain.pools import Claim, ClaimState, Unit, slot_pool
from boxoffice.domain.seating_plan import read_plan
from boxoffice.domain.services import OpeningHours, Period, Service
from boxoffice.domain.slots import slot_at
from boxoffice.inventory import rest
from boxoffice.inventory.claims import Claimant, Inventory
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.seat_wants import TheBestSeats, TheseSeats
from boxoffice.inventory.time_wants import ThisTime
from boxoffice.inventory.wants import AnyOf, OneOf, Place, Want
from boxoffice.schema import Table
from boxoffice.times import to_text
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fake_rows import FakeRows
from tests.unit.halls import section
from tests.unit.shop import NOW, Shop
from tests.unit.world import World

HALL = read_plan(
    {
        "sections": [
            section("S", ("A-B", "1-5"), disabled=["A5"], wheelchair=["B1"]),
            section("T", ("A", "1-4"), category="silver"),
        ]
    }
)
NINE = datetime(2030, 6, 3, 9, tzinfo=UTC)
STUDIO = Service(
    "studio", UTC, OpeningHours(dict.fromkeys(range(7), (Period.read("09:00-12:00"),))),
    (30, 60, 90), 30, 15, 3, 15, 15,
)  # fmt: skip
STANDING = 8

crowds = st.builds(AnyOf, st.just("standing"), st.just(STANDING), st.integers(1, 4))
named = st.builds(
    TheseSeats,
    st.just("hall"),
    st.just(HALL),
    st.lists(st.sampled_from(sorted(HALL.by_unit.values())), min_size=1, max_size=3, unique=True).map(tuple),
)
best = st.builds(
    TheBestSeats, st.just("hall"), st.just(HALL), st.sampled_from(["gold", "silver"]), st.integers(1, 4)
)
times = st.builds(
    lambda start, duration, quantity: ThisTime(
        STUDIO, slot_at(STUDIO, NINE + timedelta(minutes=30 * start), duration), quantity, "", NINE
    ),
    st.integers(0, 3),
    st.sampled_from([30, 60, 90]),
    st.integers(1, 2),
)
substitutes = named.map(
    lambda wanted: OneOf(wanted, TheBestSeats("hall", HALL, wanted.seats[0].category, len(wanted.seats)))
)
some = st.lists(st.one_of(crowds, named, best, times, substitutes), min_size=1, max_size=4)

STUDIO_UNITS = [
    Unit(slot_pool("studio", NINE.date()), f"{hour:02}{minute:02}-{lane}")
    for hour in range(8, 13)
    for minute in (0, 15, 30, 45)
    for lane in (1, 2, 3)
]
ALL_UNITS = [
    *(Unit("standing", str(number)) for number in range(1, STANDING + 1)),
    *(Unit("hall", name) for name in HALL.by_unit),
    *STUDIO_UNITS,
]
states = st.sampled_from([ClaimState.SOLD, ClaimState.RESERVED, ClaimState.BLOCKED])
takings = st.dictionaries(st.sampled_from(ALL_UNITS), states, max_size=40)


class Door:
    """One warm function in front of pools of which some units are taken, which it knows or not."""

    def __init__(self, taken: dict[Unit, ClaimState], known: bool) -> None:
        self.world = World()
        self.rows = FakeRows(self.world, lambda: NOW)
        memory = PoolMemory(lambda: 0.0)
        claims = [Claim(unit, "bk-other", state, NOW + timedelta(minutes=5)) for unit, state in taken.items()]
        for claim in claims:
            self.rows.seed(
                Table.CLAIMS, claim.unit.claim_id, poolId=claim.unit.pool, unit=claim.unit.name,
                eventId="event", bookingId=claim.booking_id, state=claim.state,
                reservedUntil=to_text(claim.reserved_until or NOW),
            )  # fmt: skip
        if known:
            for pool in {unit.pool for unit in ALL_UNITS}:
                memory.read(pool, [claim for claim in claims if claim.unit.pool == pool])
        shop = Shop()
        self.inventory = replace_inventory(shop, self.rows, memory)

    def claim(self, wants: Sequence[Want]) -> Sequence[Place] | Rejected:
        claimant = Claimant("event", "bk-mine", NOW + timedelta(minutes=1))
        try:
            return asyncio.run(self.inventory.claim(wants, (), claimant))
        except Rejected as refusal:
            return refusal


def replace_inventory(shop: Shop, rows: FakeRows, memory: PoolMemory) -> Inventory:
    """An inventory with other rows and another memory than the shop's."""
    return Inventory(rows, memory, random.Random(1).randrange, lambda: NOW, shop.desk().conflicts)


def places_wanted(want: Want) -> int:
    """How many tickets it is for."""
    match want:
        case TheseSeats():
            return len(want.seats)
        case OneOf():
            return places_wanted(want.wanted)
        case AnyOf() | TheBestSeats() | ThisTime():
            return want.quantity
    raise TypeError(want)


@given(some, takings, st.booleans())
def test_nothing_is_given_twice_or_taken_from_others(
    wants: list[Want], taken: dict[Unit, ClaimState], known: bool
) -> None:
    door = Door(taken, known)
    result = door.claim(wants)
    mine = {row["$id"] for row in door.rows.all(Table.CLAIMS) if row["bookingId"] == "bk-mine"}
    if isinstance(result, Rejected):
        assert mine == set()
        # Somebody is only in the way of what could be had without them.
        could_be_had = not isinstance(Door({}, known=True).claim(wants), Rejected)
        assert could_be_had or "conflict" not in result.details
        # What a substitute has taken from the request itself is nobody else's, though others began it.
        has_substitutes = any(isinstance(want, OneOf) for want in wants)
        assert has_substitutes or not could_be_had or "conflict" in result.details
        return
    units = [unit for place in result for unit in place.units]
    assert len(units) == len(set(units))
    assert not taken.keys() & set(units)
    assert mine == {unit.claim_id for unit in units}
    # Once everything is known, nothing has to be tried twice.
    if known:
        assert door.world.calls == ["create claims"]
    numbers = [places_wanted(want) for want in wants]
    assert len(result) == sum(numbers)
    ends = [sum(numbers[: at + 1]) for at in range(len(numbers))]
    for want, (begin, end) in zip(wants, pairwise([0, *ends]), strict=True):
        check(want, result[begin:end])


def check(want: Want, places: Sequence[Place]) -> None:
    """What a want gets is what it asked for."""
    seats = [HALL.by_unit.get(place.units[0].name) for place in places]
    match want:
        case TheseSeats():
            assert tuple(seats) == want.seats
        case TheBestSeats():
            assert all(seat and seat.category == want.category and seat.is_standard for seat in seats)
        case OneOf():
            assert all(seats)
        case ThisTime():
            times = {f"{quantum:%H%M}" for quantum in want.slot.quanta}
            for place in places:
                assert {unit.name.partition("-")[0] for unit in place.units} == times
                assert len(place.units) == len(times)
        case AnyOf():
            assert {unit.pool for place in places for unit in place.units} == {want.pool}


@given(st.lists(st.one_of(crowds, times), min_size=1, max_size=4), takings)
def test_what_could_be_had_is_not_refused(wants: list[Want], taken: dict[Unit, ClaimState]) -> None:
    needed: Counter[tuple[str, str]] = Counter()
    for want in wants:
        if isinstance(want, AnyOf):
            needed["standing", ""] += want.quantity
        elif isinstance(want, ThisTime):
            needed.update({(want.pools[0], f"{at:%H%M}"): want.quantity for at in want.slot.quanta})
    free: Counter[tuple[str, str]] = Counter(
        (unit.pool, "" if unit.pool == "standing" else unit.name.partition("-")[0])
        for unit in ALL_UNITS
        if unit not in taken
    )
    is_possible = all(free[place] >= count for place, count in needed.items())
    assert isinstance(Door(taken, known=True).claim(wants), Rejected) is not is_possible


def test_the_best_seats_leave_the_named_ones_to_the_same_booking() -> None:
    silver = [seat for seat in HALL.by_unit.values() if seat.category == "silver"]
    wants: list[Want] = [TheBestSeats("hall", HALL, "silver", 3), TheseSeats("hall", HALL, (silver[1],))]
    result = Door({}, known=True).claim(wants)
    assert not isinstance(result, Rejected)
    assert [place.label for place in result][3] == silver[1].label
    assert len({place.label for place in result}) == 4


def test_one_seat_too_many_of_the_booking_itself_is_nobody_elses_fault() -> None:
    wants = [AnyOf("standing", STANDING, 5), AnyOf("standing", STANDING, 5)]
    refusal = Door({}, known=True).claim(wants)
    assert isinstance(refusal, Rejected)
    assert "conflict" not in refusal.details


def test_without_remembering_the_own_choice_a_request_is_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rest.Rest, "choose", lambda self, places: None)
    wants = [AnyOf("standing", STANDING, 4), AnyOf("standing", STANDING, 4)]
    with pytest.raises(Retryable):
        Door({}, known=True).claim(wants)


class TestGivenBack:
    """Somebody else gives back what this function remembers to be taken."""

    silver = next(seat for seat in HALL.by_unit.values() if seat.category == "silver")
    unit = Unit("hall", silver.unit)

    def test_a_seat_can_be_had_at_once(self) -> None:
        door = Door({self.unit: ClaimState.SOLD}, known=True)
        door.rows.tables[Table.CLAIMS].clear()
        result = door.claim([TheseSeats("hall", HALL, (self.silver,))])
        assert not isinstance(result, Rejected)
        assert door.world.calls == ["find claims", "create claims"]

    def test_a_time_can_be_had_at_once(self) -> None:
        want = ThisTime(STUDIO, slot_at(STUDIO, NINE, 60), 3, "", NINE)
        door = Door({Unit(want.pools[0], "0915-1"): ClaimState.SOLD}, known=True)
        assert isinstance(door.claim([want]), Rejected)
        door.rows.tables[Table.CLAIMS].clear()
        assert not isinstance(door.claim([want]), Rejected)

    def test_whoever_is_refused_costs_one_small_read(self) -> None:
        door = Door({self.unit: ClaimState.SOLD}, known=True)
        assert isinstance(door.claim([TheseSeats("hall", HALL, (self.silver,))]), Rejected)
        assert door.world.calls == ["find claims"]

    def test_of_a_crowd_nothing_is_asked_for_some_seconds(self) -> None:
        door = Door({Unit("standing", str(n)): ClaimState.SOLD for n in range(1, STANDING + 1)}, known=True)
        assert isinstance(door.claim([AnyOf("standing", STANDING, 1)]), Rejected)
        assert door.world.calls == []

    def test_one_of_many_uses_of_a_limit_is_found(self) -> None:
        for capacity in (3, 300):
            units = [Unit("standing", str(number)) for number in range(1, capacity + 1)]
            door = Door(dict.fromkeys(units, ClaimState.RESERVED), known=True)
            del door.rows.tables[Table.CLAIMS][units[-1].claim_id]
            result = door.claim([AnyOf("standing", capacity, 1, is_limit=True)])
            assert not isinstance(result, Rejected)
            assert result[0].units == (units[-1],)

    def test_without_asking_a_seat_that_is_free_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TheseSeats, "doubtful", lambda self, memory: [])
        door = Door({self.unit: ClaimState.SOLD}, known=True)
        door.rows.tables[Table.CLAIMS].clear()
        assert isinstance(door.claim([TheseSeats("hall", HALL, (self.silver,))]), Rejected)

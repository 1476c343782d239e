from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.ids import MAX_UNIT_LENGTH
from boxoffice.domain.pools import Unit
from boxoffice.domain.services import MAX_CAPACITY, OpeningHours, Period, Service
from boxoffice.domain.slots import (
    Slot,
    check_fits,
    nearest_open,
    open_slots,
    pools_of,
    slot_at,
    slot_units,
    slots_of_day,
)
from hypothesis import given
from hypothesis import strategies as st

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
DAY = date(2030, 6, 3)


def studio(
    *periods: str,
    zone: str = "UTC",
    durations: tuple[int, ...] = (60,),
    step: int = 60,
    granularity: int = 15,
    capacity: int = 1,
    buffers: tuple[int, int] = (0, 0),
) -> Service:
    """A service with the same hours every day."""
    hours = OpeningHours(dict.fromkeys(range(7), tuple(Period.read(text) for text in periods)))
    return Service("studio", ZoneInfo(zone), hours, durations, step, granularity, capacity, *buffers)


def local(service: Service, day: date, duration: int = 60) -> list[str]:
    """The beginnings of the slots of a day, as the local clock shows them, with its offset."""
    slots = slots_of_day(service, day, duration)
    return [f"{slot.starts_at.astimezone(service.zone):%H:%M%z}" for slot in slots]


def room(service: Service, slots: tuple[Slot, ...], taken: set[Unit]) -> list[int]:
    """The places of each slot."""
    left = {found.slot: found.places for found in open_slots(service, slots, taken, ALWAYS)}
    return [left.get(slot, 0) for slot in slots]


def test_slots_begin_at_every_step_and_end_before_closing() -> None:
    service = studio("09:00-12:30", zone="Asia/Kolkata", durations=(60, 120), step=30)
    assert local(service, DAY) == [
        "09:00+0530",
        "09:30+0530",
        "10:00+0530",
        "10:30+0530",
        "11:00+0530",
        "11:30+0530",
    ]
    assert local(service, DAY, 120) == ["09:00+0530", "09:30+0530", "10:00+0530", "10:30+0530"]
    first = slots_of_day(service, DAY, 60)[0]
    assert first.starts_at == datetime(2030, 6, 3, 3, 30, tzinfo=UTC)
    assert first.ends_at == datetime(2030, 6, 3, 4, 30, tzinfo=UTC)


def test_closed_days_and_breaks() -> None:
    hours = OpeningHours.read(
        {
            "mon": ["09:00-11:00", "13:00-14:00"],
            "exceptions": {"2030-06-10": [], "2030-06-11": ["10:00-11:00"]},
        }
    )
    service = Service("studio", UTC, hours, (60,), 60)
    assert local(service, DAY) == ["09:00+0000", "10:00+0000", "13:00+0000"]
    assert local(service, date(2030, 6, 4)) == []
    assert local(service, date(2030, 6, 10)) == []
    assert local(service, date(2030, 6, 11)) == ["10:00+0000"]


def test_a_period_that_lasts_until_the_next_day_belongs_to_the_first() -> None:
    service = studio("22:00-02:00", zone="Europe/Berlin")
    assert local(service, DAY) == ["22:00+0200", "23:00+0200", "00:00+0200", "01:00+0200"]
    late = slots_of_day(service, DAY, 60)[-1]
    assert slot_at(service, late.starts_at, 60) == late


@pytest.mark.parametrize(
    ("zone", "day", "step", "expected"),
    [
        ("Europe/Berlin", date(2030, 3, 31), 60, ["00:00+0100", "01:00+0100", "03:00+0200", "04:00+0200"]),
        (
            "Europe/Berlin",
            date(2030, 10, 27),
            60,
            ["00:00+0200", "01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100", "04:00+0100"],
        ),
        ("America/New_York", date(2030, 3, 10), 60, ["00:00-0500", "01:00-0500", "03:00-0400", "04:00-0400"]),
        (
            "America/New_York",
            date(2030, 11, 3),
            60,
            ["00:00-0400", "01:00-0400", "01:00-0500", "02:00-0500", "03:00-0500", "04:00-0500"],
        ),
        # Half an hour is left out, and half an hour happens twice.
        (
            "Australia/Lord_Howe",
            date(2030, 10, 6),
            60,
            ["00:00+1030", "01:00+1030", "03:00+1100", "04:00+1100"],
        ),
        (
            "Australia/Lord_Howe",
            date(2030, 4, 7),
            30,
            [
                *("00:00+1100", "00:30+1100", "01:00+1100", "01:30+1100", "01:30+1030", "02:00+1030"),
                *("02:30+1030", "03:00+1030", "03:30+1030", "04:00+1030"),
            ],
        ),
        (
            "Asia/Kolkata",
            date(2030, 3, 31),
            60,
            ["00:00+0530", "01:00+0530", "02:00+0530", "03:00+0530", "04:00+0530"],
        ),
    ],
)
def test_days_on_which_clocks_change(zone: str, day: date, step: int, expected: list[str]) -> None:
    assert local(studio("00:00-05:00", zone=zone, step=step), day) == expected


def test_hours_that_begin_or_end_at_a_time_that_happens_twice_or_never() -> None:
    twice, never = date(2030, 10, 27), date(2030, 3, 31)
    assert local(studio("01:00-02:30", zone="Europe/Berlin", step=30), twice) == ["01:00+0200", "01:30+0200"]
    assert local(studio("02:00-03:00", zone="Europe/Berlin"), twice) == ["02:00+0200", "02:00+0100"]
    assert local(studio("01:00-02:30", zone="Europe/Berlin", step=30), never) == ["01:00+0100", "01:30+0100"]
    assert local(studio("02:30-05:00", zone="Europe/Berlin", step=30), never) == ["03:30+0200", "04:00+0200"]


ZONES = ["Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CHANGES = [date(2030, 3, 31), date(2030, 10, 27), date(2030, 3, 10), date(2030, 11, 3), date(2030, 4, 7)]
days = st.sampled_from(CHANGES) | st.dates(date(2025, 1, 1), date(2040, 1, 1))


@given(st.sampled_from(ZONES), days, st.sampled_from([15, 30, 60]), st.sampled_from([30, 60, 90]))
def test_every_slot_is_real_and_can_be_found_again(zone: str, day: date, step: int, duration: int) -> None:
    service = studio("00:00-24:00", zone=zone, durations=(duration,), step=step)
    slots = slots_of_day(service, day, duration)
    assert list(slots) == sorted(set(slots), key=lambda slot: slot.starts_at)
    for slot in slots:
        shown = slot.starts_at.astimezone(service.zone)
        assert shown.date() == day
        assert (shown.hour * 60 + shown.minute) % step == 0
        assert slot.ends_at - slot.starts_at == timedelta(minutes=duration)
        assert len(slot.quanta) == duration / 15
        assert slot_at(service, slot.starts_at, duration) == slot


def test_touching_slots_share_nothing_and_buffers_keep_them_apart() -> None:
    touching = studio("09:00-12:00")
    slots = slots_of_day(touching, DAY, 60)
    assert room(touching, slots, set(slot_units(touching, slots[1], 1, set(), one))) == [1, 0, 1]
    apart = studio("09:00-12:00", buffers=(0, 15))
    slots = slots_of_day(apart, DAY, 60)
    assert room(apart, slots, set(slot_units(apart, slots[1], 1, set(), one))) == [0, 0, 0]


def one(_: int) -> int:
    return 0


def test_units_are_named_by_their_time_in_utc_and_their_lane() -> None:
    service = studio("09:00-10:00", zone="Asia/Kolkata", capacity=2, buffers=(15, 0))
    (slot,) = slots_of_day(service, DAY, 60)
    units = slot_units(service, slot, 1, set(), one)
    assert [unit.name for unit in units] == ["0315-1", "0330-1", "0345-1", "0400-1", "0415-1"]
    assert {unit.pool for unit in units} == set(pools_of(service, [slot]))


def test_a_slot_over_midnight_in_utc_is_in_two_pools() -> None:
    service = studio("00:00-24:00", step=30)
    slot = slots_of_day(service, DAY, 60)[0]
    assert len(pools_of(service, [slot])) == 1
    across = slot_at(studio("23:30-01:00", step=30), datetime(2030, 6, 3, 23, 30, tzinfo=UTC), 60)
    assert len(pools_of(service, [across])) == 2
    assert len({unit.pool for unit in slot_units(service, across, 1, set(), one)}) == 2


def test_the_longest_unit_fits() -> None:
    service = studio("00:00-24:00", capacity=MAX_CAPACITY, granularity=1)
    slot = slots_of_day(service, DAY, 60)[-1]
    units = slot_units(service, slot, 1, set(), lambda count: count - 1)
    assert all(len(unit.name) <= MAX_UNIT_LENGTH and unit.claim_id for unit in units)
    assert len(set(units)) == 60


Wish = tuple[int, int, int]
WISHES = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([30, 60, 90]), st.integers(1, 3)), max_size=40
)


@given(
    WISHES,
    st.integers(1, 4),
    st.sampled_from([(0, 0), (15, 0), (15, 30)]),
    st.randoms(),
    st.sampled_from(ZONES),
)
def test_no_moment_ever_has_more_bookings_than_lanes_and_no_lane_is_refused_in_vain(
    wishes: list[Wish], capacity: int, buffers: tuple[int, int], rnd: random.Random, zone: str
) -> None:
    service = studio(
        "20:00-06:00", zone=zone, durations=(30, 60, 90), step=15, capacity=capacity, buffers=buffers
    )
    taken: set[Unit] = set()
    booked: Counter[datetime] = Counter()
    for number, duration, places in wishes:
        slots = slots_of_day(service, CHANGES[0], duration)
        slot = slots[number % len(slots)]
        busiest = max(booked[quantum] for quantum in slot.quanta)
        try:
            units = slot_units(service, slot, places, taken, rnd.randrange)
        except Rejected as error:
            assert error.details == {"available": max(0, capacity - busiest), "requested": places}
            assert busiest + places > capacity
            continue
        assert busiest + places <= capacity
        assert len(set(units)) == places * len(slot.quanta)
        assert not taken & set(units)
        taken |= set(units)
        booked.update(dict.fromkeys(slot.quanta, places))
        assert room(service, (slot,), taken) == [capacity - busiest - places]


@given(st.data(), st.integers(1, 3), st.randoms())
def test_buyers_who_know_nothing_of_each_other_clash_on_a_row_when_they_overlap(
    data: st.DataObject, capacity: int, rnd: random.Random
) -> None:
    """More bookings than lanes, each chosen as if alone: two of them want the same unit."""
    service = studio("09:00-18:00", durations=(30, 60, 90), step=15, capacity=capacity)
    shared = datetime(2030, 6, 3, 12, 0, tzinfo=UTC)
    claimed: list[Unit] = []
    for _ in range(capacity + 1):
        duration = data.draw(st.sampled_from([30, 60, 90]))
        over = [slot for slot in slots_of_day(service, DAY, duration) if shared in slot.quanta]
        claimed += slot_units(service, data.draw(st.sampled_from(over)), 1, set(), rnd.randrange)
    assert len(set(claimed)) < len(claimed)


def test_a_booking_keeps_its_lane_when_it_can_and_changes_lanes_when_it_must() -> None:
    service = studio("09:00-11:00", durations=(60, 120), capacity=2)
    first, second = slots_of_day(service, DAY, 60)
    (both,) = slots_of_day(service, DAY, 120)
    lanes = {unit.name[-1] for unit in slot_units(service, both, 1, set(), one)}
    assert lanes == {"1"}
    taken = {
        *slot_units(service, first, 1, set(), one),
        *slot_units(service, second, 1, set(), lambda n: n - 1),
    }
    assert room(service, (both,), taken) == [1]
    assert not taken & set(slot_units(service, both, 1, taken, one))


def test_a_service_that_has_become_smaller_is_full_sooner() -> None:
    large, small = studio("09:00-10:00", capacity=3), studio("09:00-10:00", capacity=1)
    slots = slots_of_day(large, DAY, 60)
    taken = set(slot_units(large, slots[0], 2, set(), lambda count: count - 1))
    assert room(small, slots, taken) == [0]
    with pytest.raises(Rejected):
        slot_units(small, slots[0], 1, taken, one)


def test_how_much_time_one_booking_can_have() -> None:
    service = studio("00:00-24:00", durations=(600,), capacity=100)
    slot = slots_of_day(service, DAY, 600)[0]
    check_fits(slot, 2)
    with pytest.raises(Rejected) as error:
        check_fits(slot, 3)
    assert error.value.code is Code.INVALID_QUANTITY
    assert error.value.message == "One booking can have at most 2 of these slots."


@pytest.mark.parametrize(("buffer", "is_sold"), [(0, True), (15, False)])
def test_a_day_is_the_longest_time_and_what_is_longer_is_not_offered(buffer: int, is_sold: bool) -> None:
    service = studio("00:00-24:00", durations=(1_440,), buffers=(0, buffer))
    slots = slots_of_day(service, DAY, 1_440)
    assert len(slots) == 1
    assert bool(open_slots(service, slots, set(), ALWAYS)) is is_sold
    if is_sold:
        check_fits(slots[0], 1)
        return
    with pytest.raises(Rejected) as error:
        check_fits(slots[0], 1)
    assert (error.value.code, error.value.details["field"]) == (Code.INVALID_QUANTITY, "duration")


def test_slots_that_have_begun_are_not_open() -> None:
    service = studio("09:00-12:00")
    slots = slots_of_day(service, DAY, 60)
    found = open_slots(service, slots, set(), slots[1].starts_at)
    assert [slot.slot for slot in found] == [slots[2]]


def test_what_is_offered_instead_is_near_and_large_enough() -> None:
    service = studio("09:00-17:00", capacity=2)
    slots = slots_of_day(service, DAY, 60)
    taken = set(slot_units(service, slots[3], 2, set(), one)) | set(
        slot_units(service, slots[4], 1, set(), one)
    )
    found = nearest_open(open_slots(service, slots, taken, ALWAYS), slots[3].starts_at, 2)
    assert [slot.slot for slot in found] == [slots[2], slots[1], slots[5]]


def test_times_that_are_no_slots() -> None:
    service = studio("09:00-12:00", zone="Europe/Berlin")
    for start in (datetime(2030, 6, 3, 7, 30, tzinfo=UTC), datetime(2030, 6, 3, 10, 0, tzinfo=UTC)):
        with pytest.raises(Rejected) as error:
            slot_at(service, start, 60)
        assert error.value.code is Code.SLOT_UNAVAILABLE
    with pytest.raises(Rejected) as error:
        slots_of_day(service, DAY, 45)
    assert error.value.details == {"field": "duration", "allowed": "must be one of 60 minutes"}

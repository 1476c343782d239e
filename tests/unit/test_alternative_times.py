"""What is offered instead of a time that is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, ClaimState
from boxoffice.domain.services import OpeningHours, Period, Service
from boxoffice.domain.slots import slot_at, slot_units
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.time_wants import ThisTime

NOW = datetime(2030, 6, 1, tzinfo=UTC)


def offered(service: Service, starts_at: datetime, minutes: int) -> list[str]:
    """The local times that are offered when this one is taken."""
    slot = slot_at(service, starts_at, minutes)
    memory = PoolMemory(lambda: 0.0)
    want = ThisTime(service, slot, 1, "", NOW)
    for unit in slot_units(service, slot, 1, (), lambda _: 0):
        memory.claimed([Claim(unit, "bk-other", ClaimState.SOLD, None)])
    with pytest.raises(Rejected) as refusal:
        want.pick(memory, lambda _: 0)
    assert refusal.value.code is Code.SLOT_UNAVAILABLE
    times = [datetime.fromisoformat(text) for text in refusal.value.details["alternatives"]]
    return [f"{time.astimezone(service.zone):%H:%M}" for time in times]


def service(hours: str, minutes: int) -> Service:
    every_day = dict.fromkeys(range(7), (Period.read(hours),))
    return Service("studio", ZoneInfo("Asia/Kolkata"), OpeningHours(every_day), (minutes,), minutes)


def test_after_midnight_the_other_times_of_that_evening_are_offered() -> None:
    bar = service("22:00-02:00", 60)
    one_o_clock = datetime(2030, 6, 4, 1, tzinfo=bar.zone)
    assert offered(bar, one_o_clock, 60) == ["00:00", "23:00", "22:00"]
    assert offered(bar, one_o_clock - timedelta(hours=3), 60) == ["23:00", "00:00", "01:00"]


def test_a_whole_day_is_refused_like_any_other_time() -> None:
    hall = service("00:00-24:00", 1_440)
    assert offered(hall, datetime(2030, 6, 4, tzinfo=hall.zone), 1_440) == []

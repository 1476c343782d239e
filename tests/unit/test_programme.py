from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from boxoffice.caching import Remembered
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.money import Money
from boxoffice.schema import Table

from tests.unit.house import PLAN, House


def test_a_showtime_has_the_seats_of_its_hall_and_their_prices() -> None:
    house = House()
    house.showtime()
    found = house.read_showtime()
    assert found.layout is not None
    assert list(found.layout.by_label) == ["A1", "A2", "A3"]
    assert found.prices == {"gold": Money(50_000, "INR")}
    assert (found.event_id, found.published) == ("hamlet", True)
    assert found.starts_at == datetime(2030, 1, 4, 19, tzinfo=UTC)


def test_a_showtime_without_a_hall_has_no_seats() -> None:
    house = House()
    house.showtime(venueId=None, prices=None, currency=None)
    assert house.read_showtime().layout is None


@pytest.mark.parametrize("columns", [{"status": "draft"}, {"status": "cancelled"}, {"venueId": "barn"}])
def test_a_showtime_is_published_with_its_hall(columns: dict[str, Any]) -> None:
    house = House()
    house.rows.seed(Table.VENUES, "barn", name="Barn", status="draft", layout=PLAN)
    house.showtime(**columns)
    assert not house.read_showtime().published


def test_the_showtimes_of_an_event_are_in_their_order_and_share_a_hall() -> None:
    house = House()
    house.showtime("second", startsAt="2030-01-05T19:00:00.000+00:00")
    house.showtime("first")
    house.showtime("other", eventId="lear")
    found = asyncio.run(house.programme().showtimes("hamlet"))
    assert [showtime.id for showtime in found] == ["first", "second"]
    assert found[0].layout is found[1].layout
    assert house.world.calls == ["find showtimes", "find venues"]


def test_a_service_in_its_zone() -> None:
    house = House()
    house.service()
    offer = house.read_service()
    assert offer.service.zone == ZoneInfo("Asia/Kolkata")
    assert (offer.service.durations, offer.service.buffer_before, offer.service.buffer_after) == (
        (60, 90),
        0,
        15,
    )
    assert offer.prices == {60: Money(100_000, "INR")}


def test_what_does_not_exist_is_named() -> None:
    house = House()
    for read, field in ((house.read_showtime, "showtimeId"), (house.read_service, "serviceId")):
        with pytest.raises(Rejected) as refusal:
            read("nothing")
        assert (refusal.value.code, refusal.value.details) == (Code.NOT_FOUND_ERROR, {"field": field})


@pytest.mark.parametrize(
    "columns",
    [{"zone": "Mars/Olympus"}, {"hours": "[]"}, {"hours": "{"}, {"durations": [7]}, {"prices": '{"x": 1}'}],
)
def test_a_service_that_cannot_be_right_is_the_organisers_mistake_and_not_the_clients(
    columns: dict[str, Any],
) -> None:
    house = House()
    house.service(**columns)
    with pytest.raises(Fatal):
        house.read_service()


@pytest.mark.parametrize(
    "columns", [{"venueId": "nowhere"}, {"prices": '{"gold": -1}'}, {"prices": "[]"}, {"currency": None}]
)
def test_a_showtime_that_cannot_be_right(columns: dict[str, Any]) -> None:
    house = House()
    house.showtime(**columns)
    with pytest.raises(Fatal):
        house.read_showtime()


def test_an_organisers_change_arrives_within_ten_seconds() -> None:
    house = House()
    house.showtime()
    house.read_showtime()
    house.rows.tables[Table.SHOWTIMES]["friday"]["status"] = "cancelled"
    house.time.seconds = 9.9
    assert house.read_showtime().published
    house.time.seconds = 10.0
    assert not house.read_showtime().published


def test_whoever_wants_the_same_at_the_same_time_shares_one_read() -> None:
    reads: list[str] = []
    remembered: Remembered[str, str] = Remembered(2, 5.0, lambda: 0.0)

    async def read() -> str:
        reads.append("read")
        await asyncio.sleep(0)
        return "value"

    async def everybody() -> list[str]:
        return await asyncio.gather(*(remembered.get("key", read) for _ in range(50)))

    assert set(asyncio.run(everybody())) == {"value"}
    assert reads == ["read"]


def test_a_reader_who_gives_up_does_not_take_the_read_away_from_others() -> None:
    remembered: Remembered[str, str] = Remembered(2, 5.0, lambda: 0.0)

    async def two() -> str:
        gate = asyncio.Event()

        async def read() -> str:
            await gate.wait()
            return "value"

        first = asyncio.create_task(remembered.get("key", read))
        second = asyncio.create_task(remembered.get("key", read))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        return await second

    assert asyncio.run(two()) == "value"


def test_what_was_forgotten_while_it_was_read_is_not_remembered() -> None:
    remembered: Remembered[str, int] = Remembered(2, 5.0, lambda: 0.0)
    numbers = iter(range(1, 10))

    async def forgotten() -> list[int]:
        gate = asyncio.Event()

        async def read() -> int:
            number = next(numbers)
            await gate.wait()
            return number

        early = asyncio.create_task(remembered.get("key", read))
        await asyncio.sleep(0)
        remembered.forget("key")
        late = asyncio.create_task(remembered.get("key", read))
        await asyncio.sleep(0)
        gate.set()
        return [await early, await late, await remembered.get("key", read)]

    assert asyncio.run(forgotten()) == [1, 2, 2]


def test_a_read_that_failed_is_tried_again_by_the_next() -> None:
    remembered: Remembered[str, str] = Remembered(2, 5.0, lambda: 0.0)

    async def fail() -> str:
        raise Fatal(Code.SERVICE_UNAVAILABLE)

    async def succeed() -> str:
        return "value"

    with pytest.raises(Fatal):
        asyncio.run(remembered.get("key", fail))
    assert asyncio.run(remembered.get("key", succeed)) == "value"

"""What is left is what can be bought: at the moment of the answer, however long the picture is remembered."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from boxoffice.availability.views import (
    DayLeft,
    EventLeft,
    OfDay,
    OfEvent,
    OfShowtime,
    Picture,
    ShowtimeLeft,
    Subject,
)
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import seat_pool
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.halls import section
from tests.unit.house import NOW, House

EVENT, SHOWTIME = OfEvent("hamlet"), OfShowtime("friday")
MONDAY = date(2030, 1, 7)
DAY = OfDay("studio", MONDAY, 60)
SOON = to_text(NOW + timedelta(seconds=1))


def theatre(**event: Any) -> House:
    """An event with ten places, a showtime with three seats, of which one is sold, and its own places."""
    house = House()
    house.event(**event)
    house.ticket_type()
    house.showtime()
    house.ticket_type("balcony", showtimeId="friday")
    house.claim(seat_pool("friday"), ["s.a1"])
    return house


def types(picture: Picture) -> dict[str, tuple[bool, int]]:
    """Whether each ticket type is on sale, and how many of it are free."""
    left = picture.left
    assert isinstance(left, EventLeft | ShowtimeLeft)
    return {one.ticket_type.id: (one.on_sale, one.counts.free) for one in left.ticket_types}


def seats(picture: Picture) -> tuple[bool, int, str]:
    """Whether the showtime is on sale, how many seats are free, and the map."""
    left = picture.left
    assert isinstance(left, ShowtimeLeft)
    assert left.seats is not None
    assert left.seats.counts.free == sum(one.free for one in left.seats.categories.values())
    return left.seats.on_sale, left.seats.counts.free, "".join(row.states for row in left.map)


def look_later(house: House, subject: Subject) -> tuple[Picture, Picture]:
    """What is answered now and a second later, from the same picture and without asking anything."""
    before = house.look(subject)
    house.world.calls.clear()
    house.pass_time(1)
    after = house.look(subject)
    assert (after.view is before.view, house.world.calls) == (True, [])
    assert after.version != before.version
    return before, after


def test_the_sale_of_a_ticket_type_ends_while_it_is_remembered() -> None:
    house = theatre()
    house.ticket_type("early", salesEnd=SOON)
    before, after = look_later(house, EVENT)
    assert (types(before)["early"], types(after)["early"]) == ((True, 10), (False, 0))
    assert types(after)["standing"] == (True, 10)


def test_the_sale_of_a_ticket_type_begins_while_it_is_remembered() -> None:
    house = theatre()
    house.ticket_type("late", salesStart=SOON)
    before, after = look_later(house, EVENT)
    assert (types(before)["late"], types(after)["late"]) == ((False, 0), (True, 10))


def test_an_event_is_over_while_it_is_remembered() -> None:
    house = theatre(startsAt=SOON)
    before, after = look_later(house, EVENT)
    assert types(before) == {"standing": (True, 10), "balcony": (True, 10)}
    # The balcony and the seats are for the showtime, which is still to come.
    assert types(after) == {"standing": (False, 0), "balcony": (True, 10)}


def test_an_event_that_has_an_end_is_sold_until_then() -> None:
    house = theatre(startsAt=to_text(NOW - timedelta(days=1)), endsAt=SOON)
    before, after = look_later(house, EVENT)
    assert (types(before)["standing"], types(after)["standing"]) == ((True, 10), (False, 0))


def test_a_showtime_is_over_while_it_is_remembered() -> None:
    house = theatre()
    house.rows.tables[Table.SHOWTIMES]["friday"]["startsAt"] = SOON
    before, after = look_later(house, SHOWTIME)
    assert (seats(before), seats(after)) == ((True, 2, "sff"), (False, 0, "sxx"))
    assert (types(before), types(after)) == ({"balcony": (True, 10)}, {"balcony": (False, 0)})
    of_event = house.look(EVENT).left
    assert isinstance(of_event, EventLeft)
    (shown,) = of_event.seats
    assert (shown.on_sale, shown.counts.free, shown.counts.sold) == (False, 0, 1)


def test_a_slot_begins_while_it_is_remembered() -> None:
    house = House()
    house.service()
    # Half past nine in India.
    house.now = NOW.replace(month=1, day=7, hour=3, minute=59, second=59)
    before, after = look_later(house, DAY)
    found = []
    for picture in (before, after):
        assert isinstance(picture.left, DayLeft)
        local = [one.slot.starts_at.astimezone(picture.left.offer.service.zone) for one in picture.left.slots]
        found.append([f"{at:%H:%M}" for at in local])
    assert found == [["09:30", "10:00", "10:30", "11:00"], ["10:00", "10:30", "11:00"]]


def test_what_has_no_price_is_not_for_sale() -> None:
    house = theatre()
    house.rows.tables[Table.SHOWTIMES]["friday"]["prices"] = "{}"
    assert seats(house.look(SHOWTIME)) == (True, 0, "sxx")
    house.service(prices="{}")
    left = house.look(DAY).left
    assert isinstance(left, DayLeft)
    assert left.slots == ()


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_the_times_of_an_event_are_published_with_it(status: str) -> None:
    house = theatre(status=status)
    house.service(eventId="hamlet")
    with pytest.raises(Rejected) as refusal:
        house.look(DAY)
    assert (refusal.value.code, refusal.value.details) == (Code.EVENT_NOT_PUBLISHED, {"field": "serviceId"})


def plan(rows: str = "1-3", **section_columns: Any) -> str:
    return json.dumps({"sections": [section("S", ("A", rows), **section_columns)]})


@pytest.mark.parametrize(
    ("table", "row", "columns"),
    [
        (Table.TICKET_TYPES, "balcony", {"capacity": 9}),
        (Table.TICKET_TYPES, "balcony", {"price": 99}),
        (Table.TICKET_TYPES, "balcony", {"currency": "EUR"}),
        (Table.TICKET_TYPES, "balcony", {"onSale": False}),
        (Table.TICKET_TYPES, "balcony", {"name": "Gallery"}),
        (Table.TICKET_TYPES, "balcony", {"salesEnd": to_text(NOW)}),
        (Table.SHOWTIMES, "friday", {"prices": '{"gold": 1}'}),
        (Table.SHOWTIMES, "friday", {"prices": "{}"}),
        (Table.SHOWTIMES, "friday", {"startsAt": "2030-01-05T19:00:00.000+00:00"}),
        (Table.VENUES, "opera", {"layout": plan("1-4")}),
        (Table.VENUES, "opera", {"layout": plan("1-3", disabled=["A2"])}),
        (Table.VENUES, "opera", {"layout": plan("1-3", wheelchair=["A2"])}),
        (Table.VENUES, "opera", {"layout": plan("1-2 _ 3")}),
    ],
)
@pytest.mark.parametrize("subject", [EVENT, SHOWTIME])
def test_the_version_changes_with_all_that_is_shown(
    subject: Subject, table: Table, row: str, columns: dict[str, Any]
) -> None:
    house = theatre()
    version = house.look(subject).version
    house.pass_time(20)
    assert house.look(subject).version == version
    house.rows.tables[table][row].update(columns)
    house.pass_time(20)
    assert house.look(subject).version != version


@pytest.mark.parametrize(
    "columns",
    [{"prices": '{"60": 1}'}, {"capacity": 1}, {"hours": '{"mon": ["09:00-11:00"]}'}, {"name": "X"}],
)
def test_the_version_of_a_day_changes_with_all_that_is_shown(columns: dict[str, Any]) -> None:
    house = House()
    house.service()
    version = house.look(DAY).version
    house.rows.tables[Table.SERVICES]["studio"].update(columns)
    house.pass_time(20)
    assert house.look(DAY).version != version


@pytest.mark.parametrize("status", ["draft", "published"])
def test_one_wrong_showtime_takes_no_other_down(status: str) -> None:
    house = theatre()
    house.rows.seed(Table.VENUES, "barn", name="Barn", status="published", layout='{"sections": []}')
    house.showtime("wrong", venueId="barn", status=status)
    house.ticket_type("of-wrong", showtimeId="wrong")
    left = house.look(EVENT).left
    assert isinstance(left, EventLeft)
    assert [one.showtime.id for one in left.seats] == ["friday"]
    assert {one.ticket_type.id for one in left.ticket_types} == {"standing", "balcony"}
    told = [line for line in house.lines if "showtime.not_understood" in line and '"wrong"' in line]
    assert len(told) == (status == "published")

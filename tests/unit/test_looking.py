"""Looking at what is left: the counts, the memory, and on which side it may be wrong."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from boxoffice.availability.look import look_at_all, warm
from boxoffice.availability.views import (
    DayLeft,
    EventLeft,
    OfDay,
    OfEvent,
    OfShowtime,
    Picture,
    ShowtimeLeft,
    Subject,
    Wanted,
)
from boxoffice.domain import ids
from boxoffice.domain.availability import Counts
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.domain.pools import Claim, ClaimState, Unit, seat_pool, slot_pool
from boxoffice.logs import Log
from boxoffice.schema import Table

from tests.unit.house import NOW, House

STANDING = ids.pool_id("standing")
SEATS = seat_pool("friday")
EVENT = OfEvent("hamlet")
SHOWTIME = OfShowtime("friday")


def concert() -> House:
    """An event with ten places and nothing else."""
    house = House()
    house.event()
    house.ticket_type()
    return house


def free(picture: Picture) -> int:
    assert isinstance(picture.left, EventLeft)
    return sum(one.counts.free for one in picture.left.ticket_types)


def outcome(house: House, booking_id: str, decided: str) -> None:
    house.rows.seed(Table.OUTCOMES, booking_id, outcome=decided, attempt="x")


def test_the_counts_of_an_event() -> None:
    house = concert()
    house.claim(STANDING, ["1", "2"])
    house.claim(STANDING, ["3"], "bk-2", "RESERVED", NOW + timedelta(minutes=5))
    house.claim(STANDING, ["4"], "bk-3", "BLOCKED")
    left = house.look(EVENT).left
    assert isinstance(left, EventLeft)
    assert [(one.pool, one.counts) for one in left.ticket_types] == [(STANDING, Counts(10, 6, 1, 2, 1))]
    assert left.seats == ()


def test_an_event_shows_its_published_showtimes_with_their_seats_and_ticket_types() -> None:
    house = concert()
    house.showtime()
    house.showtime("draft", status="draft")
    house.ticket_type("balcony", showtimeId="friday")
    house.ticket_type("secret", showtimeId="draft")
    house.claim(SEATS, ["s.a1"])
    left = house.look(EVENT).left
    assert isinstance(left, EventLeft)
    assert {one.ticket_type.id for one in left.ticket_types} == {"standing", "balcony"}
    assert [(one.showtime.id, one.counts) for one in left.seats] == [("friday", Counts(3, 2, 0, 1, 0))]


def test_a_showtime_shows_its_own_ticket_types_and_the_map() -> None:
    house = concert()
    house.showtime()
    house.ticket_type("balcony", showtimeId="friday")
    house.claim(SEATS, ["s.a1"])
    house.claim(SEATS, ["s.a2"], "bk-2", "RESERVED", NOW + timedelta(minutes=5))
    left = house.look(SHOWTIME).left
    assert isinstance(left, ShowtimeLeft)
    assert [one.ticket_type.id for one in left.ticket_types] == ["balcony"]
    assert left.seats is not None
    assert left.seats.categories == {"gold": Counts(3, 1, 1, 1, 0)}
    assert [row.states for row in left.map] == ["shf"]


def test_a_showtime_without_a_hall_has_no_map() -> None:
    house = concert()
    house.showtime(venueId=None, prices=None)
    left = house.look(SHOWTIME).left
    assert isinstance(left, ShowtimeLeft)
    assert (left.seats, left.map) == (None, ())


def test_the_open_slots_of_a_services_day() -> None:
    house = House()
    house.service(capacity=1)
    monday = date(2030, 1, 7)
    # 9:30 in India is 4:00 in UTC.
    house.claim(slot_pool("studio", monday), ["0400-1"])
    left = house.look(OfDay("studio", monday, 60)).left
    assert isinstance(left, DayLeft)
    shown = [one.slot.starts_at.astimezone(left.offer.service.zone) for one in left.slots]
    assert [f"{at:%H:%M}" for at in shown] == ["10:00", "10:30", "11:00"]


def test_a_closed_day_has_no_slots_and_needs_no_claims() -> None:
    house = House()
    house.service()
    left = house.look(OfDay("studio", date(2030, 1, 8), 60)).left
    assert isinstance(left, DayLeft)
    assert left.slots == ()
    assert house.world.calls == ["find services"]


@pytest.mark.parametrize(
    ("subject", "field"),
    [(EVENT, "eventId"), (SHOWTIME, "showtimeId"), (OfDay("studio", NOW.date(), 60), "serviceId")],
)
def test_what_is_not_published_is_refused(subject: Subject, field: str) -> None:
    house = House()
    house.event(status="draft")
    house.showtime()
    house.service(status="draft")
    with pytest.raises(Rejected) as refusal:
        house.look(subject)
    assert (refusal.value.code, refusal.value.details) == (Code.EVENT_NOT_PUBLISHED, {"field": field})


def test_what_is_remembered_costs_no_call_for_two_seconds_and_knows_its_age() -> None:
    house = concert()
    first = house.look(EVENT)
    house.world.calls.clear()
    house.pass_time(1.9)
    again = house.look(EVENT)
    assert (again, house.world.calls) == (first, [])
    assert house.availability().age(again.view) == 1.9
    house.pass_time(0.1)
    house.look(EVENT)
    assert house.world.calls == ["find claims"]


def test_everybody_who_asks_at_the_same_time_shares_one_read() -> None:
    house = concert()

    async def crowd() -> list[Picture]:
        return await asyncio.gather(*(house.availability().look(EVENT) for _ in range(100)))

    assert len({id(picture.view) for picture in asyncio.run(crowd())}) == 1
    assert house.world.calls.count("find claims") == 1


def claim_on(pool: str) -> Claim:
    return Claim(Unit(pool, "1"), "b1", ClaimState.RESERVED, None)


def test_own_writes_are_seen_at_once() -> None:
    house = concert()
    assert free(house.look(EVENT)) == 10
    house.pass_time(0.5)
    house.claim(STANDING, ["1"])
    house.memory.claimed([claim_on(STANDING)])
    assert free(house.look(EVENT)) == 9
    house.rows.tables[Table.CLAIMS].clear()
    house.pass_time(0.5)
    house.memory.released([Unit(STANDING, "1")])
    assert free(house.look(EVENT)) == 10


def test_own_writes_to_other_pools_change_nothing() -> None:
    house = concert()
    house.look(EVENT)
    house.world.calls.clear()
    house.pass_time(0.5)
    house.memory.claimed([claim_on("another")])
    house.look(EVENT)
    assert house.world.calls == []


@pytest.mark.parametrize(
    ("decided", "counts"),
    [
        ("CONFIRMED", Counts(10, 9, 0, 1, 0)),
        ("EXPIRED", Counts(10, 10, 0, 0, 0)),
        ("ROLLED_BACK", Counts(10, 10, 0, 0, 0)),
        (None, Counts(10, 10, 0, 0, 0)),
    ],
)
def test_a_reservation_that_has_ended_is_free_unless_its_booking_stands(
    decided: str | None, counts: Counts
) -> None:
    house = concert()
    house.claim(STANDING, ["1"], "bk-1", "RESERVED", NOW)
    if decided:
        outcome(house, "bk-1", decided)
    left = house.look(EVENT).left
    assert isinstance(left, EventLeft)
    assert left.ticket_types[0].counts == counts


def test_a_reservation_that_ends_while_it_is_remembered_is_taken_until_it_is_read_again() -> None:
    house = concert()
    house.claim(STANDING, ["1"], "bk-1", "RESERVED", NOW + timedelta(seconds=1))
    before = house.look(EVENT)
    outcome(house, "bk-1", "CONFIRMED")
    house.pass_time(1.5)
    assert house.look(EVENT).view is before.view
    assert free(before) == 9
    house.pass_time(0.5)
    assert free(house.look(EVENT)) == 9


def test_without_the_outcomes_nothing_is_said() -> None:
    house = concert()
    house.claim(STANDING, ["1"], "bk-1", "RESERVED", NOW)
    house.world.fail("find outcomes", lambda: Retryable(Code.SERVICE_UNAVAILABLE))
    with pytest.raises(Retryable):
        house.look(EVENT)
    assert free(house.look(EVENT)) == 10


def test_a_pool_that_has_become_smaller_than_what_it_has_sold() -> None:
    house = House()
    house.event()
    house.ticket_type(capacity=1)
    house.claim(STANDING, ["1", "2", "3"])
    assert free(house.look(EVENT)) == 0


def test_more_claims_than_fit_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxoffice.inventory.reading._PAGE", 2)
    house = concert()
    house.claim(STANDING, [str(unit) for unit in range(1, 8)])
    assert free(house.look(EVENT)) == 3
    assert house.world.calls.count("find claims") == 4


def test_a_version_of_before_is_refused_and_the_current_one_is_not() -> None:
    house = concert()
    old = house.look(EVENT).version

    def check(version: str | None) -> list[Picture]:
        wanted = [Wanted(EVENT, None, ""), Wanted(EVENT, version, "pools.1.version")]
        return asyncio.run(look_at_all(house.availability(), wanted))

    check(old)
    house.claim(STANDING, ["1"])
    house.pass_time(2)
    with pytest.raises(Rejected) as refusal:
        check(old)
    details = refusal.value.details
    assert refusal.value.code is Code.CONFLICT_ERROR
    assert (details["conflict"]["kind"], details["field"]) == ("VERSION_CONFLICT", "pools.1.version")
    check(details["version"])


def test_named_events_are_there_before_anybody_asks() -> None:
    house = concert()
    lines: list[str] = []
    log = Log(lines.append, lines.append, "execution")
    asyncio.run(warm(house.availability(), ["nothing", "hamlet"], log))
    house.world.calls.clear()
    house.look(EVENT)
    assert house.world.calls == []
    assert [("not_warmed" in line, "nothing" in line) for line in lines] == [(True, True)]


def ask(**query: Any) -> list[Wanted]:
    from boxoffice.contract.availability_request import AvailabilityRequest

    return [wanted for _, wanted in AvailabilityRequest.read(query).queries()]


def test_what_can_be_asked() -> None:
    assert ask(eventId="hamlet", somethingElse=1) == [Wanted(EVENT, None, "version")]
    day = {"serviceId": "studio", "day": "2030-01-07", "duration": "60"}
    assert ask(pools=[{"showtimeId": "friday"}, {**day, "version": "rxy5iqaxobopx63p"}]) == [
        Wanted(SHOWTIME, None, "pools.0.version"),
        Wanted(OfDay("studio", date(2030, 1, 7), 60), "rxy5iqaxobopx63p", "pools.1.version"),
    ]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "eventId"),
        ({"eventId": "a b"}, "eventId"),
        ({"eventId": "e", "showtimeId": "s"}, "eventId"),
        ({"serviceId": "s"}, "day"),
        ({"serviceId": "s", "day": "2030-01-07"}, "duration"),
        ({"serviceId": "s", "day": "2030-02-30", "duration": 60}, "day"),
        ({"serviceId": "s", "day": "9999-12-31", "duration": 60}, "day"),
        ({"serviceId": "s", "day": 1, "duration": 60}, "day"),
        ({"serviceId": "s", "day": "2030-01-07", "duration": 1.5}, "duration"),
        ({"eventId": "e", "version": "1"}, "version"),
        ({"eventId": "e", "layout": "perhaps"}, "layout"),
        ({"pools": []}, "pools"),
        ({"pools": [{"eventId": "e"}] * 21}, "pools"),
        ({"pools": ["e"]}, "pools"),
        ({"pools": "e"}, "pools"),
        ({"pools": [{"eventId": "e"}], "eventId": "e"}, "pools"),
        ({"pools": [{"eventId": "e"}], "version": "rxy5iqaxobopx63p"}, "version"),
        ({"pools": [{"eventId": "e"}], "layout": True}, "layout"),
        ({"pools": [{"eventId": "e"}], "day": "2030-01-07", "duration": 60}, "day"),
        ({"pools": [{"eventId": "e"}], "duration": 60}, "duration"),
        ({"pools": [{"showtimeId": "s"}, {"eventId": "s"}, {"showtimeId": "s", "layout": True}]}, "pools.2"),
        ({"pools": [{"eventId": "e"}, {"eventId": ""}]}, "pools.1.eventId"),
        ({"pools": [{"eventId": "e"}, {}]}, "pools.1.eventId"),
    ],
)
def test_what_cannot_be_asked_is_named(query: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        ask(**query)
    assert (refusal.value.code, refusal.value.details["field"]) == (Code.VALIDATION_ERROR, field)

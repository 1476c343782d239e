"""What requests say that they want: contradictions are refused, and times are times."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from boxoffice.bookings.hold import hold
from boxoffice.contract.booking import BookTicketRequest
from boxoffice.contract.holding import HoldRequest, HoldTickets
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.selection import BestSeats, NamedSeats

from tests.unit.opera import Opera
from tests.unit.shop import ANN

TIME = {"serviceId": "studio", "startsAt": "2030-01-07T09:00:00Z", "duration": 60}
# What the existing Android client adds to everything.
ANDROID = {"eventId": "concert", "category": "Music", "ticketTypeName": "Standing", "quantity": "2"}


def refused(body: dict[str, Any]) -> Rejected:
    with pytest.raises(Rejected) as by_booking:
        BookTicketRequest.read(body)
    with pytest.raises(Rejected) as by_holding:
        HoldRequest.read(body)
    assert by_booking.value.details == by_holding.value.details
    return by_booking.value


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"showtimeId": "friday", "seats": ["A1"], "quantity": 3}, "quantity"),
        ({"items": [{"showtimeId": "friday", "seats": ["A1", "A2"], "quantity": 1}]}, "quantity"),
        ({"showtimeId": "friday", "ticketTypeId": "standing", "quantity": 1}, "ticketTypeId"),
        ({"showtimeId": "friday", "ticketTypeId": "standing", "seats": ["A1"]}, "ticketTypeId"),
        ({**TIME, "ticketTypeId": "standing"}, "ticketTypeId"),
        ({**TIME, "showtimeId": "friday", "quantity": 1}, "serviceId"),
        ({"eventId": "concert", "ticketTypeId": "standing", "quantity": 1, "seats": ["A1"]}, "showtimeId"),
        ({"items": [TIME], "showtimeId": "friday"}, "items"),
    ],
)
def test_two_wishes_at_once_are_refused(body: dict[str, Any], field: str) -> None:
    refusal = refused(body)
    assert refusal.code is (Code.INVALID_QUANTITY if field == "quantity" else Code.VALIDATION_ERROR)
    assert refusal.details["field"] == field
    assert refusal.details["allowed"] in refusal.message


def test_what_the_existing_client_adds_asks_for_nothing_beside_seats() -> None:
    body = {**ANDROID, "showtimeId": "friday", "seats": "A1, A2"}
    assert BookTicketRequest.read(body).selections() == (NamedSeats("friday", ("A1", "A2"), "concert"),)
    body = {**ANDROID, "showtimeId": "friday"}
    assert BookTicketRequest.read(body).selections() == (BestSeats("friday", 2, "Music", "concert"),)


@pytest.mark.parametrize(
    "starts_at",
    [
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
        "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z",
        5, 5.0, "5", "1893456000", True, [], "2030-01-07T09:00:00", "2030-01-07",
    ],
)  # fmt: skip
def test_a_time_is_a_text_with_a_time_zone_and_of_this_century(starts_at: object) -> None:
    refusal = refused({**TIME, "startsAt": starts_at})
    assert (refusal.code, refusal.details["field"]) == (Code.VALIDATION_ERROR, "startsAt")


@pytest.mark.parametrize("starts_at", ["2000-01-01T00:00:00+14:00", "2099-12-31T23:59:59-12:00"])
def test_the_first_and_the_last_time_can_be_asked_for(starts_at: str) -> None:
    with pytest.raises(Rejected) as refusal:
        ask(Opera(), {**TIME, "startsAt": starts_at})
    assert refusal.value.code is Code.SLOT_UNAVAILABLE


def ask(opera: Opera, body: dict[str, Any]) -> object:
    request = HoldRequest.read(body)
    assert isinstance(request, HoldTickets)
    return asyncio.run(hold(opera.desk(), ANN, request.wish()))


@pytest.mark.parametrize(
    "thing",
    [
        {"showtimeId": "friday", "seats": ["S-A1"]},
        {"showtimeId": "friday", "quantity": 1, "category": "gold"},
        TIME,
    ],
)
def test_the_event_that_is_named_has_to_be_theirs(thing: dict[str, Any]) -> None:
    opera = Opera()
    before = opera.snapshot()
    for body in ({**thing, "eventId": "nosuchevent"}, {"eventId": "nosuchevent", "items": [thing]}):
        with pytest.raises(Rejected) as refusal:
            ask(opera, body)
        assert (refusal.value.code, refusal.value.details["field"]) == (Code.VALIDATION_ERROR, "eventId")
    assert opera.snapshot() == before
    assert ask(opera, {**thing, "eventId": "studio" if thing is TIME else "concert"})

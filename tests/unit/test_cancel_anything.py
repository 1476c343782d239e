"""Whatever was booked together is given back ticket by ticket: places, seats, times, discounts, fees."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.bookings.results import Booked
from boxoffice.cancellations.cancel import Request, cancel
from boxoffice.cancellations.results import Cancelled
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.selection import NamedSeats, SomeTickets, SomeTime
from boxoffice.schema import Table

from tests.unit.opera import Opera
from tests.unit.shop import ANN

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)
ADA = Caller("ada", Account("ada", "ada@example.com", ""))

STANDING = SomeTickets("concert", "standing", None, 2)
SEATS = NamedSeats("friday", ("S-A1", "S-A2"))
TIME = SomeTime("studio", MONDAY, 60, 1)


def opera(**columns: Any) -> Opera:
    house = Opera()
    house.users.admins = {"ada"}
    house.rows.tables[Table.EVENTS]["concert"].update({"refundSteps": "24:100", **columns})
    return house


def booked(house: Opera, *selections: Any, **other: Any) -> Booked:
    """A booking, paid as much as it costs."""
    house.gateway.pay("pay_1", 1)
    refused = house.failed(selections=selections, **other)
    price = refused.error.details.get("price", {"amount": 0})["amount"]
    house.rows.tables[Table.BOOKINGS].clear()
    house.rows.tables[Table.OUTCOMES].clear()
    house.gateway.refunds.clear()
    house.gateway.pay("pay_1", price)
    return house.booked(selections=selections, **other)


def give_back(house: Opera, booking: Booked, *numbers: int, asker: Caller = ANN) -> Cancelled:
    return asyncio.run(cancel(house.desk(), asker, Request({"$id": booking.booking.id}, numbers=numbers)))


def units(house: Opera, booking: Booked) -> dict[int, int]:
    """How many units each ticket of a booking holds."""
    found: dict[int, int] = {}
    for claim in house.rows.all(Table.CLAIMS):
        if claim["bookingId"] == booking.booking.id:
            found[claim["ticket"]] = found.get(claim["ticket"], 0) + 1
    return found


def test_a_seat_goes_back_alone_and_somebody_else_takes_it_at_once() -> None:
    house = opera()
    booking = booked(house, STANDING, SEATS)
    assert units(house, booking) == {1: 1, 2: 1, 3: 1, 4: 1}
    result = give_back(house, booking, 4)
    assert result.cancellation.refund.amount == 50_000
    assert units(house, booking) == {1: 1, 2: 1, 3: 1}
    house.gateway.pay("pay_2", 50_000)
    house.booked("pay_2", selections=(NamedSeats("friday", ("S-A2",)),))
    house.gateway.pay("pay_3", 50_000)
    late = house.failed("pay_3", selections=(NamedSeats("friday", ("S-A1",)),))
    assert late.error.code is Code.SEAT_UNAVAILABLE
    house.settle()
    assert house.audit() == []


def test_a_time_goes_back_with_all_its_quanta() -> None:
    house = opera()
    booking = booked(house, TIME)
    assert units(house, booking)[1] >= 4
    with pytest.raises(Rejected) as refused:
        give_back(house, booking)
    # The studio belongs to no event, so that no rules say what owners get back.
    assert refused.value.code is Code.NOT_CANCELLABLE
    give_back(house, booking, asker=ADA)
    assert units(house, booking) == {}
    house.settle()
    assert house.audit() == []


def test_in_any_parts_everything_adds_up_to_what_was_paid() -> None:
    house = opera(
        feeBasisPoints=333, feeFixed=1_001, feeTaxBasisPoints=1_800, feeTaxIncluded=False, refundFees=True
    )
    house.rows.seed(
        Table.PROMO_CODES, "third", code="THIRD", basisPoints=3_333, uses=1, returnedOnCancellation=True
    )
    booking = booked(house, STANDING, SEATS, promo_code="third")
    assert units(house, booking)[0] == 1
    paid = house.gateway.payments["pay_1"].amount.amount
    returned = [give_back(house, booking, number).cancellation.refund.amount for number in (3, 1)]
    assert units(house, booking)[0] == 1
    returned.append(give_back(house, booking).cancellation.refund.amount)
    assert sum(returned) == paid == house.gateway.payments["pay_1"].refunded
    assert house.rows.all(Table.CLAIMS) == []
    house.settle()
    assert house.audit() == []


def test_what_was_free_is_given_back_without_the_gateway() -> None:
    house = opera()
    house.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
    booking = house.booked(selections=(STANDING,), payment=None, request_id="free-1")
    house.world.calls.clear()
    give_back(house, booking, 1)
    result = give_back(house, booking)
    assert (result.booking_status, result.refund_status) == ("cancelled", "none")
    assert not [call for call in house.world.calls if call.endswith("payment")]
    row = house.rows.tables[Table.BOOKINGS][booking.booking.id]
    assert (row["status"], row["paymentStatus"]) == ("cancelled", "none")
    house.settle()
    assert house.audit() == []


def test_what_begins_first_of_a_booking_says_how_late_it_is() -> None:
    house = opera(refundSteps="168:100 24:50")
    booking = booked(house, SEATS)
    # Friday's performance is three days ahead, the concert a month.
    assert give_back(house, booking).cancellation.refund.amount == 50_000
    late = opera(cancellationCutOffMinutes=60)
    seats = booked(late, SEATS)
    late.now += timedelta(days=3, hours=6, minutes=30)
    with pytest.raises(BoxofficeError) as refused:
        give_back(late, seats)
    assert refused.value.code is Code.NOT_CANCELLABLE

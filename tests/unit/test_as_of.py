"""Asking as of a version of the availability."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from boxoffice.availability.look import Availability
from boxoffice.availability.views import OfDay, OfEvent, OfShowtime, Subject
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.results import Failed
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.pools import Unit
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime
from boxoffice.schema import Table

from tests.unit.opera import Opera, place, seat
from tests.unit.shop import ANN, BOB, PRICE, broken

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)
STANDING = SomeTickets("concert", "standing", None, 1)
A1 = NamedSeats("friday", ("S-A1",))
GOLD = BestSeats("friday", 1, "gold")
NINE = SomeTime("studio", MONDAY, 60, 2)


def picture(shop: Opera, subject: Subject) -> str:
    """The version of what a client sees now."""
    return asyncio.run(shop.desk().availability().look(subject)).version


def ask(shop: Opera, wanted: Selection, version: str | None, caller: Caller = ANN) -> Held:
    return asyncio.run(hold(shop.desk(), caller, HoldWish((wanted,), availability_version=version)))


def refused(shop: Opera, wanted: Selection, version: str | None) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as refusal:
        ask(shop, wanted, version)
    return refusal.value


def kind(refusal: BoxofficeError) -> str:
    return str(refusal.details["conflict"]["kind"])


def test_an_old_version_is_no_reason_to_refuse_and_costs_no_call() -> None:
    shop = Opera()
    version = picture(shop, OfShowtime("friday"))
    ask(shop, NamedSeats("friday", ("S-B1",)), None)
    shop.world.calls.clear()
    ask(shop, A1, version)
    with_version = list(shop.world.calls)
    shop.world.calls.clear()
    ask(shop, NamedSeats("friday", ("S-C1",)), None)
    assert with_version == shop.world.calls


@pytest.mark.parametrize(
    ("wanted", "subject", "taken"),
    [
        (A1, OfShowtime("friday"), [seat("s.a1")]),
        (A1, OfEvent("concert"), [seat("s.a1")]),
        (STANDING, OfEvent("concert"), [place(number) for number in range(1, 11)]),
        (NINE, OfDay("studio", MONDAY.date(), 60), "0915-1"),
    ],
)
def test_whoever_has_chosen_from_an_old_picture_is_told_so(
    wanted: Selection, subject: Subject, taken: Any
) -> None:
    shop = Opera()
    version = picture(shop, subject)
    units = taken if isinstance(taken, list) else [Unit(studio_pool(shop), taken)]
    for unit in units:
        shop.claim(unit)
    shop.time.seconds += 10
    refusal = refused(shop, wanted, version)
    assert kind(refusal) == "VERSION_CONFLICT"
    assert refusal.code in (Code.SEAT_UNAVAILABLE, Code.INSUFFICIENT_TICKETS, Code.SLOT_UNAVAILABLE)
    own = OfEvent("concert") if wanted is STANDING else subject
    if wanted is not A1:
        assert refusal.details["version"] == picture(shop, own)
    assert refusal.details["version"] != version
    again = refused(shop, wanted, refusal.details["version"])
    assert kind(again) == "BOOKING_CONFLICT"
    assert again.code is refusal.code


def studio_pool(shop: Opera) -> str:
    return asyncio.run(shop.desk().availability().look(OfDay("studio", MONDAY.date(), 60))).view.pools[0]


def test_what_else_the_refusal_says_stays() -> None:
    shop = Opera()
    version = picture(shop, OfShowtime("friday"))
    ask(shop, A1, None, BOB)
    plain, refusal = refused(shop, A1, None), refused(shop, A1, version)
    assert kind(plain) == "HOLD_CONFLICT"
    assert refusal.message == plain.message
    assert refusal.details["alternatives"] == plain.details["alternatives"]
    assert refusal.details["conflict"]["holdEndsAt"] == plain.details["conflict"]["holdEndsAt"]


def test_what_is_held_by_now_is_not_to_be_asked_for_again_as_it_is() -> None:
    shop = Opera()
    version = picture(shop, OfShowtime("friday"))
    ask(shop, A1, None, BOB)
    conflict = refused(shop, A1, version).details["conflict"]
    assert (conflict["retryable"], conflict["retryAfter"]) == (False, None)


def test_the_best_seats_as_of_a_version() -> None:
    shop = Opera()
    version = picture(shop, OfShowtime("friday"))
    shop.rows.tables[Table.CLAIMS].clear()
    for row in "abc":
        for number in range(1, 61):
            shop.claim(seat(f"s.{row}{number}"))
    assert kind(refused(shop, GOLD, version)) == "VERSION_CONFLICT"


def test_a_paid_booking_is_told_too_and_its_money_goes_back() -> None:
    shop = Opera(capacity=1)
    version = picture(shop, OfEvent("concert"))
    shop.gateway.pay("pay_0", PRICE)
    shop.booked("pay_0")
    shop.gateway.pay("pay_1", PRICE)
    failed: Failed = shop.failed("pay_1", availability_version=version)
    assert failed.error.details["payment"] == "refunded"
    assert kind(failed.error) == "VERSION_CONFLICT"


def test_other_refusals_have_nothing_to_do_with_it() -> None:
    shop = Opera()
    version = picture(shop, OfEvent("concert"))
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "draft"
    shop.listings.forget("concert")
    refusal = refused(shop, STANDING, version)
    assert refusal.code is Code.EVENT_NOT_PUBLISHED
    assert "version" not in refusal.details


def test_what_no_picture_shows_has_nothing_to_do_with_it() -> None:
    shop = Opera()
    version = picture(shop, OfEvent("concert"))
    for _ in range(3):
        ask(shop, STANDING, version)
    refusal = refused(shop, STANDING, version)
    assert refusal.code is Code.HOLD_LIMIT
    assert kind(refusal) != "VERSION_CONFLICT"


def test_when_the_picture_cannot_be_read_the_refusal_stays_as_it_was() -> None:
    shop = Opera(capacity=1)
    version = picture(shop, OfEvent("concert"))
    shop.claim(place(1))
    shop.time.seconds += 10
    refusal = refused(shop, STANDING, None)
    shop.world.fail("find claims", broken)
    assert refused(shop, STANDING, version).details == refusal.details
    assert any("version_unknown" in line for line in shop.lines)


def test_without_comparing_versions_everybody_would_be_told_to_look_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = Availability.look

    async def another(self: Availability, subject: Subject) -> Any:
        return replace(await look(self, subject), version="")

    shop = Opera()
    shop.claim(seat("s.a1"))
    version = picture(shop, OfShowtime("friday"))
    assert kind(refused(shop, A1, version)) == "BOOKING_CONFLICT"
    monkeypatch.setattr(Availability, "look", another)
    assert kind(refused(shop, A1, version)) == "VERSION_CONFLICT"

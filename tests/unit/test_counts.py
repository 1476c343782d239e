"""What everybody can read of what is left: in the event, in its ticket types, and in rows of their own."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.availability.views import EventLeft, OfEvent
from boxoffice.domain import ids
from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.recovery.counts import refresh_event
from boxoffice.recovery.tidying import refresh_some_events
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.halls import section
from tests.unit.house import PLAN
from tests.unit.shop import NOW, Shop

STANDING = ids.pool_id("standing")
SEATS = seat_pool("friday")
TWO_PRICES = {"sections": [section("S", ("A", "1-3")), section("T", ("A", "1-5"), category="silver")]}


def claim(shop: Shop, *units: Unit, **columns: Any) -> None:
    row = {"eventId": "concert", "bookingId": "bk", "state": "SOLD", **columns}
    for unit in units:
        shop.rows.seed(Table.CLAIMS, unit.claim_id, poolId=unit.pool, unit=unit.name, **row)


def hall(shop: Shop, showtime_id: str = "friday", plan: Any = PLAN, **columns: Any) -> None:
    """A showtime with a hall of its own."""
    text = plan if isinstance(plan, str) else json.dumps(plan)
    shop.rows.seed(Table.VENUES, f"of-{showtime_id}", name="Opera", status="published", layout=text)
    row = {
        "eventId": "concert", "venueId": f"of-{showtime_id}", "status": "published", "currency": "INR",
        "startsAt": "2030-01-04T19:00:00.000+00:00", "prices": '{"gold": 50000}',
    }  # fmt: skip
    shop.rows.seed(Table.SHOWTIMES, showtime_id, **{**row, **columns})


def kind(shop: Shop, type_id: str, **columns: Any) -> None:
    row = {
        "eventId": "concert",
        "name": type_id,
        "price": 1,
        "currency": "INR",
        "capacity": 7,
        "onSale": True,
    }
    shop.rows.seed(Table.TICKET_TYPES, type_id, **{**row, **columns})


def refresh(shop: Shop) -> bool:
    return asyncio.run(refresh_event(shop.desk(), "concert"))


def shown(shop: Shop) -> tuple[int, dict[str, int]]:
    """The event's and the ticket types' counts."""
    refresh(shop)
    event = shop.rows.tables[Table.EVENTS]["concert"]
    return event["ticketsLeft"], {row["$id"]: row["ticketsLeft"] for row in shop.rows.all(Table.TICKET_TYPES)}


def public(shop: Shop) -> dict[tuple[str, str], int]:
    """What a guest reads, by kind and id."""
    rows = shop.rows.all(Table.AVAILABILITY)
    assert all(shop.rows.public[Table.AVAILABILITY, row["$id"]] for row in rows)
    assert {row["eventId"] for row in rows} <= {"concert"}
    return {(row["kind"], row["subjectId"]): row["ticketsLeft"] for row in rows}


def answered(shop: Shop) -> int:
    """What `availability` says to be free."""
    shop.listings.forget("concert")
    shop.time.seconds += 10
    left = asyncio.run(shop.desk().availability().look(OfEvent("concert"))).left
    assert isinstance(left, EventLeft)
    counts = [one.counts for one in left.ticket_types] + [one.counts for one in left.seats]
    return sum(each.free for each in counts)


@pytest.mark.parametrize(("status", "seats"), [("published", 2), ("draft", 0)])
def test_the_seats_of_published_showtimes_count_for_the_event(status: str, seats: int) -> None:
    shop = Shop(capacity=10)
    hall(shop, status=status)
    claim(shop, Unit(SEATS, "s.a1"), Unit(STANDING, "1"))
    assert shown(shop) == (9 + seats, {"standing": 9})


def test_what_nobody_can_buy_now_does_not_count() -> None:
    shop = Shop(capacity=10)
    hall(shop, plan=TWO_PRICES)
    hall(shop, "draft", status="draft")
    hall(shop, "over", startsAt=to_text(NOW - timedelta(hours=1)))
    kind(shop, "of-draft", showtimeId="draft")
    kind(shop, "of-over", showtimeId="over")
    kind(shop, "of-friday", showtimeId="friday")
    kind(shop, "off", onSale=False)
    kind(shop, "ended", salesEnd=to_text(NOW))
    kind(shop, "later", salesStart=to_text(NOW + timedelta(minutes=1)))
    claim(shop, Unit(SEATS, "t.a1"), Unit(SEATS, "s.a1"))
    nothing = dict.fromkeys(("of-draft", "of-over", "off", "ended", "later"), 0)
    assert shown(shop) == (10 + 7 + 2, {"standing": 10, "of-friday": 7, **nothing})
    assert answered(shop) == 10 + 7 + 2


def test_a_reservation_that_has_ended_counts_as_the_availability_does() -> None:
    shop = Shop(capacity=10)
    ended = to_text(NOW - timedelta(minutes=1))
    claim(shop, Unit(STANDING, "1"), state="RESERVED", reservedUntil=ended)
    claim(shop, Unit(STANDING, "2"), state="RESERVED", reservedUntil=ended, bookingId="bk-paid")
    shop.rows.seed(Table.OUTCOMES, "bk-paid", outcome="CONFIRMED", attempt="x")
    assert shown(shop)[0] == answered(shop) == 9


def test_more_claims_than_fit_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxoffice.inventory.reading._PAGE", 2)
    shop = Shop(capacity=10)
    claim(shop, *(Unit(STANDING, str(number)) for number in range(1, 6)))
    assert shown(shop) == (5, {"standing": 5})


def test_a_published_event_can_be_read_by_everybody_and_a_draft_by_nobody() -> None:
    shop = Shop(capacity=10)
    hall(shop)
    hall(shop, "draft", status="draft")
    kind(shop, "of-draft", showtimeId="draft")
    assert refresh(shop)
    expected = {("event", "concert"): 13, ("ticketType", "standing"): 10, ("showtime", "friday"): 3}
    assert public(shop) == expected
    assert shop.rows.tables[Table.AVAILABILITY]["concert"]["kind"] == "event"
    assert not refresh(shop)
    claim(shop, Unit(STANDING, "1"))
    assert refresh(shop)
    assert public(shop) == {**expected, ("event", "concert"): 12, ("ticketType", "standing"): 9}
    shop.rows.tables[Table.SHOWTIMES]["friday"]["status"] = "draft"
    refresh(shop)
    assert public(shop) == {("event", "concert"): 9, ("ticketType", "standing"): 9}
    shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
    assert refresh(shop)
    assert public(shop) == {}
    assert shown(shop) == (0, {"standing": 0, "of-draft": 0})


@pytest.mark.parametrize("deleted", [False, True])
def test_an_event_that_is_not_published_any_more_is_found(deleted: bool) -> None:
    shop = Shop()
    assert asyncio.run(refresh_some_events(shop.desk(), frozenset())) == 1
    assert public(shop)
    if deleted:
        del shop.rows.tables[Table.EVENTS]["concert"]
    else:
        shop.rows.tables[Table.EVENTS]["concert"]["status"] = "draft"
    assert asyncio.run(refresh_some_events(shop.desk(), frozenset())) == 1
    assert public(shop) == {}
    assert asyncio.run(refresh_some_events(shop.desk(), frozenset())) == 0


def test_what_the_same_run_has_refreshed_is_not_read_again() -> None:
    shop = Shop()
    refresh(shop)
    for refreshed, is_read in ((frozenset({"concert"}), False), (frozenset[str](), True)):
        shop.world.calls.clear()
        assert asyncio.run(refresh_some_events(shop.desk(), refreshed)) == 0
        assert ("find ticket_types" in shop.world.calls) == is_read, shop.world.calls


def test_nothing_of_an_event_is_shown_twice_when_it_is_refreshed_twice_at_once() -> None:
    shop = Shop()

    async def both() -> None:
        await asyncio.gather(*(refresh_event(shop.desk(), "concert") for _ in range(2)))

    asyncio.run(both())
    assert public(shop) == {("event", "concert"): 10, ("ticketType", "standing"): 10}


@pytest.mark.parametrize("status", ["draft", "published"])
def test_one_wrong_showtime_takes_nothing_else_down(status: str) -> None:
    shop = Shop(capacity=10)
    hall(shop)
    hall(shop, "wrong", {"sections": []}, status=status)
    kind(shop, "of-wrong", showtimeId="wrong")
    assert shown(shop) == (13, {"standing": 10, "of-wrong": 0})
    assert answered(shop) == 13


def test_one_wrong_event_does_not_keep_the_others_from_being_refreshed() -> None:
    shop = Shop(capacity=10)
    shop.rows.seed(Table.EVENTS, "a-wrong-one", name="X", status="published", startsAt=to_text(NOW))
    wrong = {
        "eventId": "a-wrong-one",
        "name": "X",
        "price": 1,
        "currency": "?",
        "capacity": 1,
        "onSale": True,
    }
    shop.rows.seed(Table.TICKET_TYPES, "wrong", **wrong)
    assert asyncio.run(refresh_some_events(shop.desk(), frozenset())) == 1
    assert public(shop)
    assert any("event.not_refreshed" in line and "a-wrong-one" in line for line in shop.lines)

"""What an event shows to have left, seats included."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.domain import ids
from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.recovery.projections import refresh_event
from boxoffice.schema import Table

from tests.unit.house import PLAN
from tests.unit.shop import Shop

STANDING = ids.pool_id("standing")


def claim(shop: Shop, *units: Unit) -> None:
    for unit in units:
        row = {
            "poolId": unit.pool,
            "unit": unit.name,
            "eventId": "concert",
            "bookingId": "bk",
            "state": "SOLD",
        }
        shop.rows.seed(Table.CLAIMS, unit.claim_id, **row)


def shown(shop: Shop) -> tuple[int, int]:
    """The event's and the ticket type's counts."""
    asyncio.run(refresh_event(shop.desk(), "concert"))
    event, kind = shop.rows.tables[Table.EVENTS]["concert"], shop.rows.tables[Table.TICKET_TYPES]["standing"]
    return event["ticketsLeft"], kind["ticketsLeft"]


@pytest.mark.parametrize(("status", "seats"), [("published", 2), ("draft", 0)])
def test_the_seats_of_published_showtimes_count_for_the_event(status: str, seats: int) -> None:
    shop = Shop(capacity=10)
    shop.rows.seed(Table.VENUES, "opera", name="Opera", status="published", layout=PLAN)
    row = {"eventId": "concert", "venueId": "opera", "startsAt": "2030-01-04T19:00:00.000+00:00"}
    shop.rows.seed(Table.SHOWTIMES, "friday", status=status, **row)
    claim(shop, Unit(seat_pool("friday"), "s.a1"), Unit(STANDING, "1"))
    assert shown(shop) == (9 + seats, 9)


def test_more_claims_than_can_be_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxoffice.recovery.projections.MOST_COUNTED", 2)
    shop = Shop(capacity=10)
    claim(shop, *(Unit(STANDING, str(number)) for number in range(1, 6)))
    assert shown(shop) == (5, 5)

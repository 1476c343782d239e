"""Conflicts are counted without a call, and written down now and then by those who have met one."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from boxoffice.conflicts.tally import MOST_UNITS, WRITE_SECONDS
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.schema import Table

from tests.unit.shop import PRICE, Shop, broken

HOLD, BOOKING = ConflictKind.HOLD_CONFLICT, ConflictKind.BOOKING_CONFLICT
LONGEST_LABEL = "\u0905" * 40


def count(shop: Shop, *labels: str, event: str = "concert", kind: ConflictKind = HOLD) -> None:
    shop.desk().conflicts.count(event, kind, Resolution.REFUSED, labels)


def flush(shop: Shop) -> None:
    asyncio.run(shop.desk().conflicts.flush())


def written(shop: Shop) -> list[dict[str, Any]]:
    return shop.rows.all(Table.CONFLICT_LOG)


def test_conflicts_of_the_same_kind_are_one_row_with_the_units_in_the_way() -> None:
    shop = Shop()
    count(shop, "A1", "A2")
    count(shop, "A1")
    count(shop, kind=BOOKING)
    assert shop.world.calls == []
    flush(shop)
    assert shop.world.calls == ["create conflict_log"]
    held, sold = written(shop)
    assert (held["eventId"], held["kind"], held["resolution"], held["count"]) == (
        "concert", "HOLD_CONFLICT", "refused", 2,
    )  # fmt: skip
    assert json.loads(held["units"]) == {"A1": 2, "A2": 1}
    assert (sold["kind"], sold["count"], sold["units"]) == ("BOOKING_CONFLICT", 1, "{}")


def test_nothing_is_written_more_often_than_every_few_seconds() -> None:
    shop = Shop()
    count(shop)
    flush(shop)
    count(shop)
    flush(shop)
    assert len(written(shop)) == 1
    shop.time.seconds += WRITE_SECONDS
    flush(shop)
    assert len(written(shop)) == 2
    shop.time.seconds += WRITE_SECONDS
    flush(shop)
    assert len(written(shop)) == 2


def test_what_the_database_does_not_take_is_lost_and_costs_nobody_anything() -> None:
    shop = Shop()
    shop.world.fail("create conflict_log", broken)
    count(shop)
    flush(shop)
    assert written(shop) == []
    assert any('"conflicts.not_written"' in line for line in shop.lines)


def test_memory_and_rows_have_bounds() -> None:
    shop = Shop()
    for number in range(1_000):
        count(shop, f"{number}-{LONGEST_LABEL}")
    for number in range(150):
        count(shop, event=f"event-{number}")
    flush(shop)
    assert len(written(shop)) == 100
    first = next(row for row in written(shop) if row["eventId"] == "concert")
    assert first["count"] == 1_000
    assert len(json.loads(first["units"])) == MOST_UNITS


def test_the_hottest_unit_stays_when_there_is_no_room_for_all() -> None:
    shop = Shop()
    for number in range(1_000):
        count(shop, "A1", str(number))
    flush(shop)
    assert json.loads(written(shop)[0]["units"])["A1"] == 1_000


def test_a_booking_that_goes_well_does_not_write_what_others_have_counted() -> None:
    shop = Shop()
    shop.warm()
    count(shop, "A1")
    shop.gateway.pay("pay_1", PRICE)
    shop.booked()
    assert len(shop.appwrite_calls()) == 8
    assert written(shop) == []

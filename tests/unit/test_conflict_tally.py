"""Conflicts are counted without a call, and written down now and then by those who have met one."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.conflicts.tally import MOST_UNITS, WRITE_SECONDS
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.domain.errors import Rejected
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table

from tests.unit.opera import Opera, place
from tests.unit.shop import BOB, POOL, PRICE, Shop, broken

HOLD, BOOKING = ConflictKind.HOLD_CONFLICT, ConflictKind.BOOKING_CONFLICT
LONGEST_LABEL = "\u0905" * 40


def count(shop: Shop, *labels: str, event: str = "concert", kind: ConflictKind = HOLD) -> None:
    shop.desk().conflicts.count(event, kind, Resolution.REFUSED, labels)


def flush(shop: Shop, later: float = WRITE_SECONDS) -> None:
    shop.time.seconds += later
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
    flush(shop, later=WRITE_SECONDS - 1)
    assert written(shop) == []
    flush(shop, later=1)
    count(shop)
    flush(shop, later=WRITE_SECONDS - 1)
    assert len(written(shop)) == 1
    flush(shop, later=1)
    assert len(written(shop)) == 2
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
    shop.time.seconds += 2 * WRITE_SECONDS
    shop.memory.read(POOL, ())
    shop.gateway.pay("pay_1", PRICE)
    shop.booked()
    assert "create conflict_log" not in shop.world.calls
    assert written(shop) == []


def known_to_be_sold(opera: Opera) -> None:
    """The sweep has shown what is sold, and the function asks again."""
    opera.sweep()
    opera.time.seconds += 10


class TestWhatIsCounted:
    """Every conflict of a booking or a hold, by those who meet it."""

    def counted(self, opera: Opera) -> list[tuple[str, str, int, dict[str, int]]]:
        flush(opera)
        return [
            (row["kind"], row["resolution"], row["count"], json.loads(row["units"])) for row in written(opera)
        ]

    def refused_hold(self, opera: Opera, *labels: str) -> None:
        with pytest.raises(Rejected):
            opera.hold(*labels, caller=BOB)

    def test_seats_that_are_held_or_sold(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        self.refused_hold(opera, "S-A1", "S-A2")
        self.refused_hold(opera, "S-A1")
        opera.book_seats("S-B1")
        known_to_be_sold(opera)
        self.refused_hold(opera, "S-B1")
        assert self.counted(opera) == [
            ("HOLD_CONFLICT", "refused", 2, {"S-A1": 2}),
            ("BOOKING_CONFLICT", "refused", 1, {"S-B1": 1}),
        ]

    def test_a_hold_that_was_taken_over(self) -> None:
        opera = Opera()
        opera.hold("S-A1", "S-A2")
        opera.now += timedelta(minutes=20)
        opera.hold("S-A2", "S-A3", caller=BOB)
        assert self.counted(opera) == [("HOLD_CONFLICT", "taken_over", 1, {"S-A2": 1})]

    def test_a_race_that_was_lost_and_won(self) -> None:
        opera = Opera(capacity=2)
        opera.claim(place(1))
        opera.claim(place(2), booking_id="bk-2")
        opera.memory.read(POOL, ())
        opera.rows.tables[Table.CLAIMS].pop(place(2).claim_id)
        opera.world.fail("create claims", RowsTaken)
        opera.gateway.pay("pay_1", PRICE)
        opera.booked()
        assert self.counted(opera) == [("CACHE_CONFLICT", "retried", 1, {})]

    def test_a_booking_of_what_is_sold_out(self) -> None:
        opera = Opera(capacity=1)
        opera.sell(1)
        known_to_be_sold(opera)
        opera.gateway.pay("pay_1", PRICE)
        opera.failed()
        assert self.counted(opera) == [("BOOKING_CONFLICT", "refused", 1, {})]

    def test_too_many_holds_are_nobodys_conflict(self) -> None:
        opera = Opera()
        for number in range(3):
            opera.hold(f"S-A{number + 1}")
        with pytest.raises(Rejected):
            opera.hold("S-A9")
        assert self.counted(opera) == []

    def test_who_is_refused_writes_what_was_counted(self) -> None:
        opera = Opera()
        opera.hold("S-A1")
        opera.time.seconds += WRITE_SECONDS
        self.refused_hold(opera, "S-A1")
        assert len(written(opera)) == 1

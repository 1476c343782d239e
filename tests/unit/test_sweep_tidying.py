"""What the sweep clears away and counts anew, besides ending bookings."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.shop import PRICE, Shop, busy
from tests.unit.world import Killed


class TestTidying:
    def test_units_of_a_booking_that_is_gone_are_free_again(self) -> None:
        shop = Shop()
        row = {"poolId": "p", "unit": "1", "eventId": "concert", "state": "RESERVED"}
        past, soon = to_text(shop.now - timedelta(minutes=11)), to_text(shop.now + timedelta(minutes=1))
        shop.rows.seed(Table.CLAIMS, "p.1", **row, bookingId="gone", reservedUntil=past)
        shop.rows.seed(Table.CLAIMS, "p.2", **{**row, "unit": "2"}, bookingId="young", reservedUntil=soon)
        assert shop.sweep().claims_released == 1
        assert [claim["$id"] for claim in shop.rows.all(Table.CLAIMS)] == ["p.2"]

    def test_an_image_without_a_ticket_goes_once_it_is_old(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        asyncio.run(shop.files.store("qr-orphan", "x.png", b"", "ann"))
        assert shop.sweep().files_removed == 0
        assert shop.sweep(700).files_removed == 1
        assert list(shop.files.files) == [ids.qr_file_id(ids.booking_id("pay_1"), 1)]

    def test_not_while_an_old_booking_may_still_get_its_tickets(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("create tickets", Killed, last=10**9)
        with pytest.raises(Killed):
            shop.book("pay_1")
        shop.world.faults.clear()
        asyncio.run(shop.files.store("qr-orphan", "x.png", b"", "ann"))
        shop.world.fail("fetch payment", busy)
        assert shop.sweep(700).files_removed == 0
        swept = shop.sweep(1_000)
        assert (swept.finished, swept.files_removed) == (1, 1)

    def test_what_is_left_is_counted(self) -> None:
        shop = Shop(capacity=10)
        shop.sell(3)
        assert shop.rows.tables[Table.EVENTS]["concert"]["ticketsLeft"] is None
        swept = shop.sweep()
        assert (swept.projected, swept.events_refreshed) == (3, 1)
        assert shop.rows.tables[Table.EVENTS]["concert"]["ticketsLeft"] == 7
        assert shop.rows.tables[Table.TICKET_TYPES]["standing"]["ticketsLeft"] == 7
        assert shop.sweep().events_refreshed == 0

    def test_a_count_that_drifted_heals(self) -> None:
        shop = Shop(capacity=10)
        shop.sweep()
        shop.rows.tables[Table.EVENTS]["concert"]["ticketsLeft"] = 3
        assert shop.sweep().events_refreshed == 1
        assert shop.rows.tables[Table.EVENTS]["concert"]["ticketsLeft"] == 10

    def test_counters_of_requests_go_when_their_window_is_long_over(self) -> None:
        shop = Shop()
        for minutes in (-60, -11, -9, 0, 1):
            ends = to_text(shop.now + timedelta(minutes=minutes))
            shop.rows.seed(Table.RATE_LIMITS, f"rl{minutes}", count=6, windowEnds=ends)
        assert shop.sweep().limits_removed == 2
        assert {row["$id"] for row in shop.rows.all(Table.RATE_LIMITS)} == {"rl-9", "rl0", "rl1"}
        assert shop.sweep().limits_removed == 0
        assert shop.sweep(later=1_000).limits_removed == 3

    def test_counts_of_conflicts_go_when_nobody_asks_about_them_any_more(self) -> None:
        shop = Shop()
        for number in range(2):
            shop.rows.seed(
                Table.CONFLICT_LOG, f"cl-{number}", batch="b", eventId="concert", kind="HOLD_CONFLICT",
                resolution="refused", count=1,
            )  # fmt: skip
            assert shop.sweep(later=86_400 * 300).conflicts_removed == number
        assert [row["$id"] for row in shop.rows.all(Table.CONFLICT_LOG)] == ["cl-1"]

    def test_tidying_that_fails_does_not_fail_the_run(self) -> None:
        shop = Shop()
        shop.world.fail_always("find claims", lambda: Fatal(Code.SERVICE_UNAVAILABLE))
        assert shop.sweep().claims_released == 0
        assert any("tidying_failed" in line for line in shop.lines)

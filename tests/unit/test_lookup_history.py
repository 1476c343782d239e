"""What is told of a booking's past, and to whom."""

from __future__ import annotations

import json

from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.counter import ADA, BOOKING
from tests.unit.lookups import sold, told


class TestHistory:
    def test_the_owner_learns_what_when_by_whom_and_why(self) -> None:
        shop = sold()
        told_now = told(shop)
        assert told_now[0]["action"] == "booking.begun"
        assert {entry["by"] for entry in told_now} == {"customer"}
        assert (
            {entry["actor"] for entry in told_now} == {entry["executionId"] for entry in told_now} == {None}
        )

    def test_an_administrator_learns_who_exactly(self) -> None:
        entries = told(sold(), ADA)
        assert {entry["actor"] for entry in entries} == {"ann"}

    def test_the_same_before_and_after_it_is_logged(self) -> None:
        shop = sold()
        before = told(shop)
        shop.settle()
        assert shop.rows.all(Table.AUDIT_LOG)
        assert told(shop) == before

    def test_how_administrators_settle_things_is_their_own_matter(self) -> None:
        shop = sold()
        entry = {"actor": "ada", "subject": "rr-1", "bookingId": BOOKING, "at": to_text(shop.now)}
        shop.rows.seed(Table.AUDIT_LOG, "al-1", action="report.settled", reason="secret", **entry)
        assert "secret" not in json.dumps(told(shop))
        assert "secret" in json.dumps(told(shop, ADA))

    def test_who_acts_is_told_by_what_they_are(self) -> None:
        shop = sold()
        for number, actor in enumerate(("sweep", "gateway", "ada", "ann", "api-key")):
            entry = {
                "actor": actor,
                "subject": "s",
                "bookingId": BOOKING,
                "at": f"2031-01-01T00:00:0{number}Z",
            }
            shop.rows.seed(Table.AUDIT_LOG, f"al-{number}", action="booking.x", **entry)
        assert [entry["by"] for entry in told(shop)][-5:] == [
            "system",
            "payment",
            "organiser",
            "customer",
            "organiser",
        ]

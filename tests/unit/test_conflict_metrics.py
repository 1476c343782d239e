"""The conflicts of a period, as administrators see them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from boxoffice.contract import reports as contract
from boxoffice.domain.conflict_advice import HIGH_RATES, Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.reports.conflicts import MeasuredConflicts, measure_conflicts
from boxoffice.reports.console import Period
from boxoffice.schema import Table

from tests.unit.shop import PRICE, Shop

ALWAYS = Period()
README = Path(__file__).parents[2] / "functions" / "rollback_reports" / "README.md"
HOLD, BOOKING = ConflictKind.HOLD_CONFLICT, ConflictKind.BOOKING_CONFLICT


def log(shop: Shop, name: str, kind: ConflictKind, count: int, **units: int) -> None:
    shop.rows.seed(
        Table.CONFLICT_LOG, name, batch="b", eventId="concert", kind=kind.value, count=count,
        resolution="refused" if kind is BOOKING else "taken_over", units=json.dumps(units),
    )  # fmt: skip


def log_elsewhere(shop: Shop, name: str, kind: ConflictKind, count: int) -> None:
    log(shop, name, kind, count)
    shop.rows.tables[Table.CONFLICT_LOG][name]["eventId"] = "opera"


def measure(shop: Shop, period: Period = ALWAYS, event: str | None = None) -> MeasuredConflicts:
    return asyncio.run(measure_conflicts(shop.desk(), period, event))


def sell(shop: Shop, count: int) -> None:
    for number in range(count):
        shop.gateway.pay(f"pay_{number}", PRICE)
        shop.booked(f"pay_{number}")


def test_counts_rates_and_hot_units() -> None:
    shop = Shop()
    sell(shop, 4)
    log(shop, "1", HOLD, 3, A1=3, A2=1)
    log(shop, "2", HOLD, 2, A1=2)
    log(shop, "3", BOOKING, 6, B7=4)
    figures = measure(shop).figures
    assert figures.counts == {HOLD: {Resolution.TAKEN_OVER: 5}, BOOKING: {Resolution.REFUSED: 6}}
    assert (figures.confirmed, figures.rate(HOLD), figures.rate(BOOKING)) == (4, 1.25, 1.5)
    assert [(unit.label, unit.kind, unit.count) for unit in figures.hot] == [
        ("A1", HOLD, 5),
        ("B7", BOOKING, 4),
        ("A2", HOLD, 1),
    ]
    assert measure(shop).is_complete


def test_only_the_ten_hottest_are_named() -> None:
    shop = Shop()
    log(shop, "1", HOLD, 100, **{f"A{number}": number for number in range(1, 21)})
    assert [unit.label for unit in measure(shop).figures.hot] == [
        f"A{number}" for number in range(20, 10, -1)
    ]


def test_only_of_the_event_and_the_period() -> None:
    shop = Shop()
    sell(shop, 1)
    log(shop, "1", HOLD, 3)
    log_elsewhere(shop, "2", HOLD, 4)
    assert measure(shop, event="opera").figures.total(HOLD) == 4
    assert measure(shop, event="opera").figures.confirmed == 0
    later = measure(shop, Period(since=shop.now + timedelta(seconds=1))).figures
    assert (later.total(HOLD), later.confirmed) == (0, 0)


def test_the_answer_says_what_to_do() -> None:
    shop = Shop()
    sell(shop, 1)
    log(shop, "1", HOLD, 30, A1=30)
    data: dict[str, Any] = contract.conflicts(measure(shop))["data"]
    by_kind = {each["kind"]: each for each in data["kinds"]}
    assert by_kind["HOLD_CONFLICT"] == {
        "kind": "HOLD_CONFLICT", "count": 30, "perBooking": 30.0, "resolved": {"taken_over": 30},
    }  # fmt: skip
    assert by_kind["VERSION_CONFLICT"]["count"] == 0
    assert data["hotUnits"] == [{"eventId": "concert", "unit": "A1", "kind": "HOLD_CONFLICT", "count": 30}]
    assert (data["confirmedBookings"], data["complete"]) == (1, True)
    (sentence,) = data["recommendations"]
    assert "A1" in sentence


def test_the_request() -> None:
    asked = contract.ReportsRequest.read({"action": "conflicts", "eventId": "concert"})
    assert isinstance(asked, contract.MeasureConflicts)
    assert asked.event_id == "concert"


def test_the_readme_names_todays_rates() -> None:
    lines = README.read_text().splitlines()
    for kind, rate in HIGH_RATES.items():
        (line,) = [line for line in lines if line.startswith(f"| `{kind}` |")]
        assert f"| {rate:g}: " in line

"""Rollback reports: kept whatever happens, read and settled by administrators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.contract import reports as contract
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.identity import API_KEY, identify_admin
from boxoffice.reports import console
from boxoffice.reports.console import Filter, Period
from boxoffice.reports.metrics import measure, percentiles
from boxoffice.reports.records import ReportState
from boxoffice.schema import Table

from tests.unit.fakes import FakeAccounts, FakeUsers
from tests.unit.shop import ANN, BOB, PRICE, Shop, broken
from tests.unit.world import lost_answer


def rolled_back(shop: Shop, number: int = 1, **options: Any) -> dict[str, Any]:
    """A booking of which everything was undone; its report."""
    shop.gateway.pay(f"pay_{number}", PRICE)
    shop.world.fail("put orders", broken)
    shop.failed(f"pay_{number}", **options)
    shop.world.faults.clear()
    return shop.reports()[-1]


def archived() -> Shop:
    """A booking of which everything was undone, and whose report the table still refuses."""
    shop = Shop()
    shop.world.fail_always("put rollback_reports", broken)
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put orders", broken)
    shop.failed()
    return shop


def stuck(shop: Shop) -> str:
    """A booking whose money could not be returned; its report's id."""
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("put outcomes", broken)
    shop.world.fail_always("refund payment", lost_answer)
    shop.failed()
    report_id: str = shop.reports()[0]["$id"]
    return report_id


def listed(shop: Shop, wanted: Filter, cursor: str = "", limit: int = 25) -> list[str]:
    rows = asyncio.run(console.list_reports(shop.desk(), wanted, cursor, limit))
    return [row["$id"] for row in rows]


class TestKeeping:
    def test_a_rollback_is_told_in_full(self) -> None:
        report = rolled_back(Shop())
        assert {name: report[name] for name in ("failedStep", "errorKind", "errorCode", "state")} == {
            "failedStep": "order",
            "errorKind": "fatal",
            "errorCode": "SERVICE_UNAVAILABLE",
            "state": "complete",
        }
        assert (report["userId"], report["eventId"], report["paymentId"]) == ("ann", "concert", "pay_1")
        assert (report["moneyAtRisk"], report["attempts"], report["nextAttemptAt"]) == (0, 1, None)
        assert [undo["step"] for undo in json.loads(report["undos"])][-1] == "payment"
        assert all(undo["status"] == "undone" for undo in json.loads(report["undos"]))

    def test_what_the_table_refuses_goes_to_the_archive_and_to_the_log_and_comes_back(self) -> None:
        shop = archived()
        assert shop.reports() == []
        ((name, content),) = shop.kept.contents.items()
        assert any(json.loads(line).get("report", {}).get("failedStep") == "order" for line in shop.lines)
        shop.world.faults.clear()
        assert shop.sweep().reports_restored == 1
        assert shop.kept.contents == {}
        report = shop.reports()[0]
        assert f"{report['$id']}.json" == name
        assert report["failedStep"] == json.loads(content)["data"]["failedStep"] == "order"

    def test_an_archived_report_completes_the_one_that_the_sweep_has_written(self) -> None:
        shop = archived()
        kept = dict(shop.kept.contents)
        shop.kept.contents.clear()
        shop.world.faults.clear()
        shop.sweep(150)
        assert shop.reports()[0]["failedStep"] is None
        shop.kept.contents.update(kept)
        assert shop.sweep().reports_restored == 1
        assert shop.reports()[0]["failedStep"] == "order"
        assert len(shop.reports()) == 1

    def test_what_cannot_be_read_stays_in_the_archive(self) -> None:
        shop = Shop()
        shop.kept.contents["rr-x.json"] = b"{"
        assert shop.sweep().reports_restored == 0
        assert "rr-x.json" in shop.kept.contents

    def test_without_table_and_archive_the_answer_is_the_same_and_the_sweep_makes_the_report(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        for operation in ("put rollback_reports", "archive"):
            shop.world.fail_always(operation, broken)
        shop.world.fail("put orders", broken)
        assert shop.failed().error.code is Code.BOOKING_ERROR
        shop.world.faults.clear()
        shop.sweep(150)
        assert [report["state"] for report in shop.reports()] == ["complete"]


class TestListing:
    def test_the_newest_come_first_a_page_at_a_time(self) -> None:
        shop = Shop()
        made = []
        for number in range(1, 6):
            made.append(rolled_back(shop, number)["$id"])
            shop.now += timedelta(seconds=1)
        first = listed(shop, Filter(), limit=2)
        assert first == made[:-3:-1]
        assert listed(shop, Filter(), cursor=first[-1]) == made[2::-1]

    def test_each_filter_narrows(self) -> None:
        shop = Shop()
        ann = rolled_back(shop, 1)["$id"]
        shop.now += timedelta(hours=1)
        noon = shop.now
        shop.gateway.pay("pay_2", PRICE, email="bob@example.com")
        shop.world.fail("put tickets", broken)
        shop.world.fail("put orders", lost_answer, last=3)
        shop.failed("pay_2", caller=BOB)
        bob = next(row["$id"] for row in shop.reports() if row["userId"] == "bob")
        assert listed(shop, Filter(user_id="ann")) == [ann]
        assert listed(shop, Filter(user_id="bob")) == [bob]
        assert listed(shop, Filter(event_id="another")) == []
        assert listed(shop, Filter(state=ReportState.NEEDS_OPERATOR)) == []
        assert listed(shop, Filter(code=Code.SERVICE_UNAVAILABLE)) == [bob, ann]
        assert listed(shop, Filter(period=Period(since=noon))) == [bob]
        assert listed(shop, Filter(period=Period(until=noon - timedelta(seconds=1)))) == [ann]

    def test_a_cursor_that_is_no_report_is_refused(self) -> None:
        with pytest.raises(Rejected) as refused:
            listed(Shop(), Filter(), cursor="rr-nothing")
        assert refused.value.code is Code.VALIDATION_ERROR


class TestSettling:
    def test_a_case_is_settled_once_with_who_when_and_why(self) -> None:
        shop = Shop()
        report_id = stuck(shop)
        found = asyncio.run(console.settle(shop.desk(), "admin", report_id, "paid in cash"))
        assert found.report["state"] == "settled"
        assert (found.report["settledBy"], found.report["settleReason"]) == ("admin", "paid in cash")
        assert found.report["settledAt"] is not None
        (entry,) = shop.rows.all(Table.AUDIT_LOG)
        assert (entry["actor"], entry["action"], entry["subject"]) == ("admin", "report.settled", report_id)
        assert (entry["reason"], entry["executionId"]) == ("paid in cash", "execution")
        with pytest.raises(Rejected) as refused:
            asyncio.run(console.settle(shop.desk(), "another", report_id, "again"))
        assert refused.value.code is Code.INVALID_STATUS_TRANSITION
        assert shop.sweep(150).remaining == 0

    def test_trying_again_is_the_next_sweeps_work(self) -> None:
        shop = Shop()
        report_id = stuck(shop)
        for _ in range(8):
            shop.sweep(10_000)
        assert shop.reports()[0]["state"] == "needs_operator"
        shop.world.faults.clear()
        assert shop.sweep(10_000).examined == 0
        asyncio.run(console.retry(shop.desk(), "admin", report_id))
        assert shop.reports()[0]["state"] == "retrying"
        assert shop.sweep().undone == 1
        assert shop.reports()[0]["state"] == "complete"
        assert shop.audit() == []
        by_hand = [entry for entry in shop.rows.all(Table.AUDIT_LOG) if entry["actor"] == "admin"]
        assert [entry["action"] for entry in by_hand] == ["report.retried"]
        assert by_hand[0]["bookingId"] == ids.booking_id("pay_1")

    def test_what_is_not_an_open_case_is_refused(self) -> None:
        shop = Shop()
        report_id = rolled_back(shop)["$id"]
        for verb in (
            console.retry(shop.desk(), "a", report_id),
            console.settle(shop.desk(), "a", report_id, "x"),
        ):
            with pytest.raises(Rejected) as refused:
                asyncio.run(verb)
            assert refused.value.code is Code.INVALID_STATUS_TRANSITION
        assert shop.rows.all(Table.AUDIT_LOG) == []

    def test_an_unknown_report_is_not_found(self) -> None:
        with pytest.raises(Rejected) as refused:
            asyncio.run(console.get_report(Shop().desk(), "rr-nothing"))
        assert refused.value.code is Code.NOT_FOUND_ERROR


class TestMetrics:
    def test_the_five_figures(self) -> None:
        shop = Shop()
        for number in range(6):
            shop.gateway.pay(f"pay_ok_{number}", PRICE)
            shop.booked(f"pay_ok_{number}")
        rolled_back(shop, 7)
        stuck(shop)
        for _ in range(8):
            shop.sweep(10_000)
        measured = asyncio.run(measure(shop.desk(), Period()))
        assert (measured.bookings, measured.success_rate, measured.rollback_rate) == (8, 0.75, 0.25)
        assert measured.errors == {"BOOKING_ERROR": 2}
        assert measured.manual_cases == 1
        assert measured.durations is not None
        assert measured.is_complete

    def test_of_nothing_there_are_no_rates(self) -> None:
        measured = asyncio.run(measure(Shop().desk(), Period()))
        assert (measured.bookings, measured.success_rate, measured.durations) == (0, None, None)

    def test_only_of_the_period(self) -> None:
        shop = Shop()
        rolled_back(shop)
        later = Period(since=shop.now + timedelta(seconds=1))
        assert asyncio.run(measure(shop.desk(), later)).bookings == 0
        assert asyncio.run(measure(shop.desk(), Period(until=shop.now))).bookings == 1

    def test_percentiles_are_values_that_occurred(self) -> None:
        assert percentiles(range(1, 101), (50, 95, 99)) == {50: 50, 95: 95, 99: 99}
        assert percentiles([7], (50, 95, 99)) == {50: 7, 95: 7, 99: 7}
        assert percentiles([3, 1, 2], (50,)) == {50: 2}


class TestRequests:
    @pytest.mark.parametrize(
        "body, field",
        [
            ({}, "action"),
            ({"action": "delete"}, "action"),
            ({"action": ["list"]}, "action"),
            ({"action": "list", "limit": 0}, "limit"),
            ({"action": "list", "limit": 101}, "limit"),
            ({"action": "list", "state": "lost"}, "state"),
            ({"action": "list", "from": "yesterday"}, "from"),
            ({"action": "list", "from": "2030-01-01T00:00:00"}, "from"),
            ({"action": "list", "code": "NO_CODE"}, "code"),
            ({"action": "list", "event": "e"}, "event"),
            ({"action": "get"}, "reportId"),
            ({"action": "get", "reportId": "a/b"}, "reportId"),
            ({"action": "settle", "reportId": "r"}, "reason"),
            ({"action": "settle", "reportId": "r", "reason": "   "}, "reason"),
            ({"action": "settle", "reportId": "r", "reason": "x" * 501}, "reason"),
            ({"action": "audit", "cursor": "'; DROP"}, "cursor"),
        ],
    )
    def test_what_is_wrong_is_named(self, body: dict[str, Any], field: str) -> None:
        with pytest.raises(Rejected) as refused:
            contract.ReportsRequest.read(body)
        assert refused.value.code is Code.VALIDATION_ERROR
        assert refused.value.details["field"] == field

    def test_a_list_with_everything(self) -> None:
        asked = contract.ReportsRequest.read(
            {
                "action": "list",
                "state": "retrying",
                "eventId": "e",
                "userId": "u",
                "code": "BOOKING_ERROR",
                "from": "2030-01-01T00:00:00Z",
                "to": "2030-01-02T00:00:00+05:30",
                "cursor": "rr-1",
                "limit": 7,
            }
        )
        assert isinstance(asked, contract.ListReports)
        wanted = asked.filter()
        assert (wanted.state, wanted.event_id, wanted.code) == (ReportState.RETRYING, "e", Code.BOOKING_ERROR)
        assert wanted.period.range().above == "2029-12-31T23:59:59.999+00:00"
        assert wanted.period.range().upto == "2030-01-01T18:30:00.000+00:00"


class TestWhoMayAsk:
    ADMIN = FakeUsers(admins=["ann"])

    def identify(self, **headers: str) -> str:
        assert ANN.account is not None
        assert BOB.account is not None
        accounts = FakeAccounts(of_ann=ANN.account, of_bob=BOB.account)
        named: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        return asyncio.run(identify_admin(named, accounts, self.ADMIN))

    def test_a_member_of_the_team(self) -> None:
        assert self.identify(x_appwrite_user_jwt="of_ann") == "ann"

    def test_a_server_with_an_api_key(self) -> None:
        assert self.identify() == API_KEY

    @pytest.mark.parametrize(
        "headers, code",
        [
            ({"x_appwrite_user_jwt": "of_bob"}, Code.PERMISSION_ERROR),
            ({"x_appwrite_user_jwt": "of_bob", "x_appwrite_user_id": "ann"}, Code.PERMISSION_ERROR),
            ({"x_appwrite_user_jwt": "forged"}, Code.UNAUTHENTICATED),
            ({"x_appwrite_user_jwt": ""}, Code.UNAUTHENTICATED),
            ({"x_appwrite_user_id": "ann"}, Code.UNAUTHENTICATED),
        ],
    )
    def test_nobody_else(self, headers: dict[str, str], code: Code) -> None:
        with pytest.raises(Rejected) as refused:
            self.identify(**headers)
        assert refused.value.code is code

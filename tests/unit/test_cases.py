"""Requests that wait for an administrator, and what becomes of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import extend_hold
from boxoffice.bookings.results import Booked
from boxoffice.conflicts import cases, deciding
from boxoffice.conflicts.cases import Case, CaseState
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.notices import NoticeKind, text_of
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.selection import NamedSeats
from boxoffice.schema import Table
from pytest import MonkeyPatch as Patch

from tests.unit.fake_rows import FakeRows
from tests.unit.holding import converted, pay
from tests.unit.interruptions import deaths
from tests.unit.opera import Opera
from tests.unit.rivals import held, holders, later, outcome, refusal, row, with_priority
from tests.unit.shop import BOB, PRICE, Shop

REASON = "They asked first."


def parked(capacity: int = 1) -> tuple[Opera, Held, str]:
    """Ann holds everything, and bob has asked for it: the shop, her hold, and the case."""
    shop = with_priority(capacity, policy="admin_decides")
    kept = held(shop)
    return shop, kept, refusal(shop, caller=BOB).details["caseId"]


def decide(shop: Shop, case_id: str, how: str = "grant", admin: str = "ada") -> Case:
    case: Case = asyncio.run(getattr(deciding, how)(shop.desk(), admin, case_id, REASON))
    return case


def refused(shop: Shop, case_id: str, how: str = "grant", admin: str = "ada") -> Code:
    with pytest.raises(Rejected) as error:
        decide(shop, case_id, how, admin)
    return error.value.code


def told(shop: Shop) -> list[tuple[str, str]]:
    return sorted((one["userId"], one["kind"]) for one in shop.rows.all(Table.OUTBOX))


class TestParking:
    def test_the_request_waits_and_the_hold_stays(self) -> None:
        shop, kept, case_id = parked()
        answer = refusal(shop, caller=BOB)
        assert (answer.code, answer.details["caseId"]) == (Code.CONFLICT_ERROR, case_id)
        assert (answer.details["case"], answer.details["bookingId"]) == ("open", None)
        assert answer.retry_after == 60
        assert outcome(shop, kept) is None
        (case,) = asyncio.run(cases.list_cases(shop.desk(), "concert", CaseState.OPEN, "", 10))
        assert (case.id, case.user_id, case.in_the_way) == (case_id, "bob", (kept.booking.id,))
        assert shop.count(Table.BOOKINGS) == [1]

    def test_another_request_is_another_case(self) -> None:
        shop, _, case_id = parked()
        held(shop, NamedSeats("friday", ("S-B1",)))
        other = refusal(shop, NamedSeats("friday", ("S-B1",)), caller=BOB)
        assert other.details["caseId"] != case_id

    def test_nobody_decides_about_what_is_sold(self) -> None:
        shop, kept, _ = parked()
        assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
        later(shop, 6)
        answer = refusal(shop, caller=BOB)
        assert (answer.code, "caseId" in answer.details) == (Code.INSUFFICIENT_TICKETS, False)

    def test_a_payment_does_not_wait(self) -> None:
        shop, _, case_id = parked()
        shop.gateway.pay("pay_2", PRICE, email="bob@example.com")
        failed = shop.failed("pay_2", caller=BOB)
        assert (failed.error.code, failed.error.details["caseId"]) == (Code.INSUFFICIENT_TICKETS, case_id)
        assert failed.error.message.startswith(
            "The tickets are sold out. The organiser decides who gets this, and you will be told."
        )
        assert shop.gateway.payments["pay_2"].state is PaymentState.REFUNDED
        shop.settle()
        assert shop.audit() == []

    def test_it_is_counted_as_waiting(self) -> None:
        shop, _, _ = parked()
        later(shop, 6)
        refusal(shop, caller=BOB)
        counted = shop.rows.all(Table.CONFLICT_LOG)
        assert {one["resolution"] for one in counted} == {"parked"}


class TestGranting:
    def test_the_requester_gets_a_hold_and_both_are_told(self) -> None:
        shop, kept, case_id = parked()
        case = decide(shop, case_id)
        assert (case.state, case.decided_by) == (CaseState.GRANTED, "ada")
        made = shop.rows.tables[Table.BOOKINGS][case.booking_id or ""]
        assert (made["userId"], made["status"], holders(shop)) == ("bob", "held", {"bob"})
        assert row(shop, kept)["failureCode"] == "HOLD_DISPLACED"
        assert told(shop) == [("ann", "hold.displaced"), ("bob", "case.granted")]
        (entry,) = [one for one in shop.rows.all(Table.AUDIT_LOG) if one["subject"] == case_id]
        assert (entry["action"], entry["actor"], entry["reason"]) == ("case.granted", "ada", REASON)
        shop.settle()
        ended = [one for one in shop.rows.all(Table.AUDIT_LOG) if one["action"] == "booking.expired"]
        assert {(one["bookingId"], one["actor"]) for one in ended} >= {(kept.booking.id, "ada")}
        assert shop.audit() == []

    def test_without_a_grace(self) -> None:
        shop, _, case_id = parked()
        assert decide(shop, case_id).booking_id

    def test_twice_is_once(self) -> None:
        shop, _, case_id = parked()
        first = decide(shop, case_id)
        assert decide(shop, case_id, admin="eve") == first
        assert len(told(shop)) == 2
        assert shop.count(Table.BOOKINGS) == [2]

    def test_what_is_paid_meanwhile_stays_paid(self) -> None:
        shop, kept, case_id = parked()
        assert isinstance(converted(shop, kept, pay(shop, kept)), Booked)
        assert refused(shop, case_id) is Code.INSUFFICIENT_TICKETS
        assert refused(shop, case_id, "refuse") is Code.INVALID_STATUS_TRANSITION
        shop.settle()
        assert (outcome(shop, kept), holders(shop)) == ("CONFIRMED", {"ann"})

    def test_what_became_free_is_held_without_displacing(self) -> None:
        shop, kept, case_id = parked()
        later(shop, 901)
        assert decide(shop, case_id).booking_id
        assert row(shop, kept)["failureCode"] is None

    def test_whoever_has_got_it_meanwhile_gets_nothing_more(self) -> None:
        shop, kept, case_id = parked()
        later(shop, 901)
        own = held(shop, caller=BOB)
        assert decide(shop, case_id).booking_id == own.booking.id
        assert shop.count(Table.BOOKINGS) == [2]
        assert outcome(shop, kept) == "EXPIRED"

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_whoever_dies_over_it_can_repeat_it(self, after_effect: bool) -> None:
        def granted(shop: Opera, kept: Held, case_id: str) -> None:
            decide(shop, case_id)

        for shop, _, case_id in deaths(parked, granted, after_effect=after_effect, least_calls=16):
            # A hold that was being made is left to whoever makes it, for as long as that can take.
            for seconds in (1, 100):
                later(shop, seconds)
                try:
                    case = decide(shop, case_id)
                    break
                except Rejected as error:
                    assert error.code is Code.BOOKING_IN_PROGRESS
            assert holders(shop) == {"bob"}
            assert case.booking_id
            assert told(shop) == [("ann", "hold.displaced"), ("bob", "case.granted")]
            shop.settle()
            assert shop.audit() == []

    @pytest.mark.parametrize("request_id", [None, "again"])
    def test_the_same_request_again_says_so(self, request_id: str | None) -> None:
        shop, _, case_id = parked()
        case = decide(shop, case_id)
        shop.time.seconds += 10
        with pytest.raises(Rejected) as error:
            held(shop, caller=BOB, request_id=request_id)
        told = error.value
        assert told.code is Code.INVALID_STATUS_TRANSITION
        assert told.details == {"caseId": case_id, "case": "granted", "bookingId": case.booking_id}
        assert "held for you" in told.message
        shop.gateway.pay("pay_2", PRICE, email="bob@example.com")
        failed = shop.failed("pay_2", caller=BOB)
        assert failed.error.details["bookingId"] == case.booking_id
        shop.settle()
        assert shop.audit() == []
        assert [one for one in shop.rows.all(Table.CONFLICT_LOG) if one["resolution"] == "refused"] == []

    def test_once_its_hold_is_over_it_is_somebody_elses(self) -> None:
        shop, _, case_id = parked()
        decide(shop, case_id)
        later(shop, 901)
        held(shop)
        told = refusal(shop, caller=BOB)
        assert (told.code, told.message) == (Code.INSUFFICIENT_TICKETS, "The tickets are sold out.")
        assert (told.details["case"], told.details["conflict"]["kind"]) == ("granted", "HOLD_CONFLICT")

    def test_who_gives_way_is_told_of_no_priority(self) -> None:
        shop, kept, case_id = parked()
        decide(shop, case_id)
        with pytest.raises(Rejected) as error:
            asyncio.run(extend_hold(shop.desk(), "ann", kept.booking.id))
        assert error.value.message == (
            "The hold had to give way to somebody else, by the organiser's rules or decision."
        )
        body = {"reference": "R", "eventName": "Concert"}
        assert "priority" not in str(text_of(NoticeKind.HOLD_DISPLACED, body))


class TestRefusing:
    def test_everything_stays_and_the_requester_is_told(self) -> None:
        shop, kept, case_id = parked()
        assert decide(shop, case_id, "refuse").state is CaseState.REFUSED
        assert (outcome(shop, kept), told(shop)) == (None, [("bob", "case.refused")])
        answer = refusal(shop, caller=BOB)
        assert (answer.code, answer.details["case"]) == (Code.INSUFFICIENT_TICKETS, "refused")
        assert refused(shop, case_id) is Code.INVALID_STATUS_TRANSITION

    def test_of_two_administrators_the_first_decides(self, monkeypatch: Patch) -> None:
        assert self._race(monkeypatch) == [("bob", "case.refused")]

    def test_without_the_outcome_both_do(self, monkeypatch: Patch) -> None:
        """The negative control."""
        put_once = FakeRows.put_once

        async def forgetful(self: FakeRows, table: Table, new: Any) -> Any:
            if table is Table.CASES and new.data["kind"] == "decision":
                self.tables[table].pop(new.id, None)
            return await put_once(self, table, new)

        monkeypatch.setattr(FakeRows, "put_once", forgetful)
        assert ("bob", "case.granted") in self._race(monkeypatch)

    def _race(self, monkeypatch: Patch) -> list[tuple[str, str]]:
        """Whom is told what when one refuses after the other has read the case and before it is granted."""
        shop, _, case_id = parked()
        find_case = cases.find_case

        async def slowly(desk: Any, wanted: str) -> Case:
            case = await find_case(desk, wanted)
            monkeypatch.setattr(deciding, "find_case", find_case)
            await deciding.refuse(shop.desk(), "eve", case_id, REASON)
            return case

        monkeypatch.setattr(deciding, "find_case", slowly)
        try:
            decide(shop, case_id)
        except Rejected as error:
            assert error.code is Code.INVALID_STATUS_TRANSITION
        return [one for one in told(shop) if one[0] == "bob"]


def test_cases_page_by_page() -> None:
    shop, _, first = parked()
    shop.now += timedelta(seconds=1)
    held(shop, NamedSeats("friday", ("S-B1",)))
    second = refusal(shop, NamedSeats("friday", ("S-B1",)), caller=BOB).details["caseId"]

    def listed(event: str | None = None, cursor: str = "", limit: int = 1) -> list[str]:
        found = asyncio.run(cases.list_cases(shop.desk(), event, CaseState.OPEN, cursor, limit))
        return [case.id for case in found]

    assert (listed(), listed(cursor=second), listed("another")) == ([second], [first], [])
    with pytest.raises(BoxofficeError) as error:
        listed(cursor="cs-nothing")
    assert error.value.details == {"field": "cursor"}


def test_a_case_that_does_not_exist() -> None:
    assert refused(Shop(), "cs-nothing") is Code.NOT_FOUND_ERROR

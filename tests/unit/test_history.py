"""The log: told from facts, written once, and never missing for a booking that is done with."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.history import record as recording
from boxoffice.history.reading import LogFilter, history_of, read_log
from boxoffice.history.record import note, record
from boxoffice.ports import Range, RowsTaken
from boxoffice.recovery import projections
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.interruptions import deaths
from tests.unit.shop import PRICE, Shop, broken
from tests.unit.world import lost_answer

BOOKING = ids.booking_id("pay_1")


def sold(quantity: int = 1) -> Shop:
    """A shop in which `pay_1` has paid for a booking."""
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE * quantity)
    shop.booked("pay_1", quantity)
    return shop


def entries(shop: Shop, *booking_ids: str) -> list[dict[str, Any]]:
    """What is logged when `record` has come back."""
    asyncio.run(record(shop.desk(), booking_ids or [BOOKING]))
    return shop.rows.all(Table.AUDIT_LOG)


def actions(shop: Shop) -> set[str]:
    return {entry["action"] for entry in entries(shop)}


def check_in(shop: Shop, number: int, kind: str = "admitted", by: str = "gina") -> None:
    shop.rows.seed(Table.CHECKINS, ids.ticket_id(BOOKING, number), bookingId=BOOKING, kind=kind, by=by)


def cancel(shop: Shop, name: str, *numbers: int, refund: int, **columns: Any) -> None:
    """A cancellation that is done, as its rows tell."""
    row = {
        "bookingId": BOOKING, "userId": "ann", "eventId": "concert", "tickets": str(list(numbers)),
        "actor": "ann", "reason": "ill", "refund": refund, "currency": "INR", "refundLines": "[]",
        "state": "done", "attempt": "a", "leaseUntil": "2030-01-01T00:00:00.000+00:00", "executionId": name,
    }  # fmt: skip
    shop.rows.seed(Table.CANCELLATIONS, name, **{**row, **columns})
    for number in numbers:
        check_in(shop, number, "cancelled", name)
    if refund:
        paid = {
            "bookingId": BOOKING,
            "userId": "ann",
            "orderId": "or",
            "currency": "INR",
            "paymentId": "pay_1",
        }
        refunded = {**paid, "kind": "refund", "amount": refund, "cancellationId": name}
        shop.rows.seed(Table.TRANSACTIONS, f"tx-{name}", **refunded)


class TestTelling:
    def test_a_booking_that_stands(self) -> None:
        told = {entry["action"]: entry for entry in entries(sold(2))}
        assert set(told) == {"booking.begun", "booking.confirmed", "payment.captured"}
        assert {entry["bookingId"] for entry in told.values()} == {BOOKING}
        assert (told["booking.confirmed"]["before"], told["booking.confirmed"]["after"]) == (
            "pending",
            "confirmed",
        )
        money = told["payment.captured"]
        assert (money["subject"], money["amount"], money["currency"], money["actor"]) == (
            ids.transaction_id(BOOKING),
            2 * PRICE,
            "INR",
            "ann",
        )

    def test_a_booking_that_was_rolled_back_says_why_and_where_the_money_went(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put orders", broken)
        shop.failed()
        told = {entry["action"]: entry for entry in entries(shop)}
        assert set(told) == {
            "booking.begun",
            "booking.rolled_back",
            "payment.captured",
            "payment.refunded",
        }
        assert told["booking.rolled_back"]["reason"] == "BOOKING_ERROR"
        money = told["payment.refunded"]
        assert (money["before"], money["after"], money["amount"]) == ("captured", "refunded", PRICE)

    @pytest.mark.parametrize(
        ("amount", "currency"), [(PRICE - 1000, "INR"), (PRICE, "USD"), (PRICE + 1, "INR")]
    )
    @pytest.mark.parametrize("end", ["at once", "by the sweep", "by a person"])
    def test_it_says_what_was_paid_and_not_what_should_have_been(
        self, amount: int, currency: str, end: str
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", amount, currency)
        if end != "at once":
            shop.world.fail_always("refund payment", broken)
        shop.failed()
        if end == "by the sweep":
            [report] = shop.reports()
            assert (report["moneyAtRisk"], report["currency"]) == (amount, currency)
            shop.world.faults.clear()
        if end == "by a person":
            for _ in range(9):
                shop.sweep(20_000)
            [report] = shop.reports()
            assert (report["state"], report["moneyAtRisk"]) == ("needs_operator", amount)
        else:
            shop.settle()
        told = [entry for entry in entries(shop) if entry["amount"] is not None]
        actions = {"payment.captured"} if end == "by a person" else {"payment.captured", "payment.refunded"}
        assert {entry["action"] for entry in told} == actions
        assert {(entry["amount"], entry["currency"]) for entry in told} == {(amount, currency)}
        assert shop.audit() == []

    def test_what_was_paid_for_what_is_sold_out(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE - 1000, "USD")
        shop.failed()
        told = [entry for entry in entries(shop) if entry["amount"] is not None]
        assert [(entry["amount"], entry["currency"]) for entry in told] == [(PRICE - 1000, "USD")] * 2

    @pytest.mark.parametrize(
        ("by", "execution", "actor"),
        [(None, "execution", "ann"), ("sweep", "another", "sweep"), ("gateway", "another", "gateway")],
    )
    def test_who_ended_it(self, by: str | None, execution: str, actor: str) -> None:
        shop = sold()
        shop.rows.tables[Table.BOOKINGS][BOOKING]["executionId"] = "execution"
        shop.rows.tables[Table.OUTCOMES][BOOKING].update(by=by, executionId=execution)
        told = {entry["action"]: entry for entry in entries(shop)}
        assert (told["booking.confirmed"]["actor"], told["booking.begun"]["actor"]) == (actor, "ann")
        assert told["booking.confirmed"]["executionId"] == execution

    def test_a_server_acts_in_its_own_name(self) -> None:
        shop = sold()
        shop.rows.tables[Table.BOOKINGS][BOOKING]["vouched"] = True
        assert {entry["actor"] for entry in entries(shop)} == {"api-key"}

    def test_a_refund_that_came_later_was_the_sweeps(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail_always("refund payment", lost_answer)
        shop.failed()
        assert "payment.refunded" not in actions(shop)
        shop.world.faults.clear()
        shop.settle()
        (refund,) = [entry for entry in entries(shop) if entry["action"] == "payment.refunded"]
        assert refund["actor"] == "sweep"

    def test_a_refusal_whose_money_went_back(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        shop.failed()
        told = {entry["action"]: entry for entry in entries(shop)}
        assert set(told) == {"booking.refused", "payment.captured", "payment.refunded"}
        assert told["booking.refused"]["reason"] == "INSUFFICIENT_TICKETS"

    def test_who_was_let_in_and_when_it_was_over(self) -> None:
        shop = sold(2)
        check_in(shop, 2)
        row = shop.rows.tables[Table.BOOKINGS][BOOKING]
        row["status"] = "completed"
        told = {entry["action"]: entry for entry in entries(shop)}
        assert (told["ticket.admitted"]["actor"], told["ticket.admitted"]["subject"]) == (
            "gina",
            ids.ticket_id(BOOKING, 2),
        )
        assert (told["booking.completed"]["actor"], told["booking.completed"]["before"]) == (
            "sweep",
            "confirmed",
        )

    def test_every_cancellation_with_its_tickets_and_its_money(self) -> None:
        shop = sold(3)
        cancel(shop, "ca-1", 1, refund=PRICE)
        cancel(shop, "ca-2", 2, 3, refund=2 * PRICE, actor="ada", reason="no show tonight")
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "cancelled"
        told = entries(shop)
        assert [entry["action"] for entry in told].count("ticket.cancelled") == 3
        refunds = [entry for entry in told if entry["action"] == "payment.refunded"]
        assert [(entry["before"], entry["after"], entry["amount"]) for entry in refunds] == [
            ("captured", "partially_refunded", PRICE),
            ("partially_refunded", "refunded", 2 * PRICE),
        ]
        assert [entry["actor"] for entry in refunds] == ["ann", "ada"]
        (end,) = [entry for entry in told if entry["action"] == "booking.cancelled"]
        assert (end["actor"], end["reason"], end["executionId"]) == ("ada", "no show tonight", "ca-2")

    def test_a_refund_that_nobody_here_asked_for_is_the_gateways(self) -> None:
        shop = sold()
        cancel(shop, "ca-1", refund=PRICE)
        shop.rows.tables[Table.TRANSACTIONS]["tx-ca-1"]["cancellationId"] = None
        (refund,) = [entry for entry in entries(shop) if entry["action"] == "payment.refunded"]
        assert refund["actor"] == "gateway"

    def test_a_hold_that_became_a_booking(self) -> None:
        shop = sold()
        shop.rows.tables[Table.BOOKINGS][BOOKING]["heldUntil"] = "2030-01-01T12:15:00.000+00:00"
        lease = {"bookingId": BOOKING, "attempt": "a", "executionId": "second"}
        shop.rows.seed(Table.LEASES, "le-1", **lease, leaseUntil="2030-01-01T12:15:00.000+00:00")
        told = {entry["action"]: entry for entry in entries(shop)}
        assert (told["booking.held"]["before"], told["booking.held"]["after"]) == (None, "held")
        assert (told["booking.begun"]["before"], told["booking.begun"]["executionId"]) == ("held", "second")


class TestRecording:
    def test_writing_it_twice_is_writing_it_once(self) -> None:
        shop = sold()
        first = entries(shop)
        assert entries(shop) == first

    def test_only_what_is_missing_is_added(self) -> None:
        shop = sold()
        before = {entry["$id"] for entry in entries(shop)}
        check_in(shop, 1)
        after = {entry["$id"]: entry["action"] for entry in entries(shop)}
        assert [after[name] for name in after.keys() - before] == ["ticket.admitted"]

    def test_many_at_once_in_as_few_calls_as_possible(self) -> None:
        shop = Shop(capacity=60)
        shop.sell(60)
        bookings = [row["$id"] for row in shop.rows.all(Table.BOOKINGS)]
        assert len(entries(shop, *bookings)) == 180
        assert shop.world.calls.count("create audit_log") == 2
        assert len(shop.world.calls) == 9

    @pytest.mark.parametrize("after_effect", [False, True])
    def test_wherever_it_dies_the_next_one_completes_it(self, after_effect: bool) -> None:
        whole = {entry["$id"] for entry in entries(sold())}
        for (shop,) in deaths(lambda: (sold(),), entries, after_effect=after_effect, least_calls=7):
            assert {entry["$id"] for entry in entries(shop)} == whole

    def test_two_at_once_write_it_once(self) -> None:
        shop = sold()

        async def both() -> None:
            await asyncio.gather(record(shop.desk(), [BOOKING]), record(shop.desk(), [BOOKING]))

        asyncio.run(both())
        assert len(shop.rows.all(Table.AUDIT_LOG)) == 3

    def test_who_never_gets_it_written_says_so(self) -> None:
        shop = sold()
        shop.world.fail_always("create audit_log", RowsTaken)
        with pytest.raises(Retryable):
            entries(shop)

    def test_without_ids_from_facts_everything_is_written_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = iter(range(100))
        monkeypatch.setattr(ids, "audit_entry_id", lambda *_: f"al-{next(numbers)}")
        shop = sold()
        assert len(entries(shop)) == 3
        assert len(entries(shop)) == 6

    def test_a_booking_that_is_gone_has_no_entries(self) -> None:
        assert entries(Shop(), "bk-gone") == []

    def test_what_people_do_is_noted_for_each_execution(self) -> None:
        shop = Shop()
        for reason in ("first", "second"):
            asyncio.run(note(shop.desk(), "ada", "units.blocked", "bl-1", reason=reason))
        (entry,) = shop.rows.all(Table.AUDIT_LOG)
        assert (entry["actor"], entry["reason"], entry["executionId"]) == ("ada", "first", "execution")


class TestHistory:
    def test_it_is_whole_before_anything_is_logged(self) -> None:
        shop = sold()
        told = asyncio.run(history_of(shop.desk(), BOOKING))
        assert shop.rows.all(Table.AUDIT_LOG) == []
        assert {entry.action for entry in told} == {"booking.begun", "payment.captured", "booking.confirmed"}

    def test_and_the_same_afterwards(self) -> None:
        shop = sold()
        before = asyncio.run(history_of(shop.desk(), BOOKING))
        entries(shop)
        assert asyncio.run(history_of(shop.desk(), BOOKING)) == before

    def test_what_was_written_first_counts(self) -> None:
        shop = sold()
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "no_show"
        entries(shop)
        noted = {entry["action"]: entry["at"] for entry in shop.rows.all(Table.AUDIT_LOG)}
        shop.sweep(3_600)
        told = {entry.action: entry.at for entry in asyncio.run(history_of(shop.desk(), BOOKING))}
        assert told == noted


class TestReadingTheLog:
    def listed(self, shop: Shop, wanted: LogFilter, cursor: str = "", limit: int = 25) -> list[str]:
        rows = asyncio.run(read_log(shop.desk(), wanted, cursor, limit))
        return [row["action"] for row in rows]

    def shop(self) -> Shop:
        shop = sold()
        entries(shop)
        for number, actor in enumerate(("ada", "bea", "ada")):
            row = {"actor": actor, "action": f"test.{number}", "subject": "s"}
            shop.rows.seed(
                Table.AUDIT_LOG, f"al-{number}", **row, at=f"2031-01-0{number + 1}T00:00:00.000+00:00"
            )
        return shop

    def test_the_newest_come_first_a_page_at_a_time(self) -> None:
        shop = self.shop()
        assert self.listed(shop, LogFilter(), limit=2) == ["test.2", "test.1"]
        assert self.listed(shop, LogFilter(), cursor="al-1", limit=1) == ["test.0"]

    def test_each_filter_narrows(self) -> None:
        shop = self.shop()
        assert len(self.listed(shop, LogFilter(booking_id=BOOKING))) == 3
        assert self.listed(shop, LogFilter(actor="ada")) == ["test.2", "test.0"]
        period = Range(above="2031-01-01T00:00:00.000+00:00", upto="2031-01-02T00:00:00.000+00:00")
        assert self.listed(shop, LogFilter(period=period)) == ["test.1"]

    def test_a_cursor_that_is_no_entry_is_refused(self) -> None:
        with pytest.raises(Rejected) as refused:
            self.listed(Shop(), LogFilter(), cursor="al-nothing")
        assert refused.value.code is Code.VALIDATION_ERROR


class TestChangesAtTheSameMoment:
    """A ticket is let in, or given back, just when the sweep is about to be done with its booking."""

    def race(self, monkeypatch: pytest.MonkeyPatch) -> Shop:
        shop = sold()

        async def overtaken(desk: Desk, booking_ids: Sequence[str]) -> None:
            await record(desk, booking_ids)
            if not shop.rows.all(Table.CHECKINS):
                check_in(shop, 1)
                again = recording.check_again_at(desk.rows.server_time())
                await desk.rows.update(Table.BOOKINGS, BOOKING, {"checkAfter": again})

        monkeypatch.setattr(projections, "record", overtaken)
        shop.sweep()
        shop.settle()
        return shop

    def test_it_is_looked_at_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        shop = self.race(monkeypatch)
        assert "ticket.admitted" in {entry["action"] for entry in shop.rows.all(Table.AUDIT_LOG)}

    def test_without_the_second_that_lies_between_it_is_forgotten(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recording, "check_again_at", to_text)
        shop = self.race(monkeypatch)
        assert "ticket.admitted" not in {entry["action"] for entry in shop.rows.all(Table.AUDIT_LOG)}


def test_the_pause_that_keeps_a_change_from_being_passed_over() -> None:
    shop = Shop()
    assert recording.check_again_at(shop.now) == "2030-01-01T12:00:01.000+00:00"

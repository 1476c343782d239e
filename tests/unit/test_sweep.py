"""Interrupted bookings, and what the sweep makes of them."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.recovery.sweep import sweep
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.shop import BOB, NOTHING, PRICE, Shop, broken, busy
from tests.unit.world import Killed, lost_answer

SERVER = Caller("ann", None)
AFTER_THE_LEASE = 150.0

# More than a booking of two with an undo makes.
MOST_CALLS = 40


def killed_at(
    call: int, after_effect: bool, state: PaymentState, fails: str = "", quantity: int = 2
) -> Shop | None:
    """A shop in which the booking `pay_1` died at that call; `None` when it does not make so many."""
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE * quantity, state=state)
    if fails:
        shop.world.fail(fails, broken)
    shop.world.kill(call, after_effect=after_effect)
    try:
        shop.book("pay_1", quantity)
    except Killed:
        shop.world.revive()
        return shop
    return None


def balanced(shop: Shop) -> None:
    """Booked completely and paid, or as if never tried and the money returned."""
    assert shop.audit() == []
    payment, booking = shop.gateway.payments["pay_1"], shop.booking()
    if booking is not None and booking["status"] == "confirmed":
        assert payment.is_captured
        assert shop.outcome() == "CONFIRMED"
        assert {claim["state"] for claim in shop.rows.all(Table.CLAIMS)} == {"SOLD"}
        assert booking["checkAfter"] is None
    else:
        assert shop.leftovers() == NOTHING
        assert not payment.is_captured


@pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.AUTHORISED])
@pytest.mark.parametrize("fails", ["", "put outcomes", "put orders", "capture payment"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_a_booking_dies_the_sweep_ends_it(
    state: PaymentState, fails: str, after_effect: bool
) -> None:
    cases = 0
    for call in range(MOST_CALLS):
        shop = killed_at(call, after_effect, state, fails)
        if shop is None:
            break
        cases += 1
        was_begun = shop.booking() is not None
        shop.settle()
        if was_begun:
            balanced(shop)
        before = shop.snapshot()
        assert shop.sweep().examined == 0
        assert shop.snapshot() == before
        # The client's repetition ends in exactly one ticket or one refund.
        again = shop.book("pay_1", 2)
        shop.settle()
        balanced(shop)
        if not isinstance(again, Booked):
            assert not shop.gateway.payments["pay_1"].is_captured
    assert 10 <= cases < MOST_CALLS


@pytest.mark.parametrize("after_effect", [False, True])
def test_wherever_the_sweep_itself_dies_another_one_goes_on(after_effect: bool) -> None:
    cases = 0
    for outer, inner in itertools.product(range(MOST_CALLS), repeat=2):
        shop = killed_at(outer, True, PaymentState.CAPTURED)
        if shop is None:
            break
        if shop.booking() is None:
            continue
        shop.world.kill(inner, after_effect=after_effect)
        try:
            shop.sweep(AFTER_THE_LEASE)
        except Killed:
            cases += 1
        shop.world.revive()
        shop.settle()
        balanced(shop)
    assert cases > 100


def died_before_claims(caller: Caller, **payment: Any) -> Shop:
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE, **payment)
    shop.world.calls.clear()
    shop.world.fail("create claims", Killed, last=10**9)
    with pytest.raises(Killed):
        shop.book("pay_1", caller=caller)
    shop.world.faults.clear()
    return shop


class TestBetweenBeginAndClaims:
    """The row is there, and nothing says yet whose the payment is."""

    def test_money_that_is_the_users_own_goes_back(self) -> None:
        shop = died_before_claims(Caller("ann", Account("ann", "ann@example.com", "")))
        assert shop.sweep(AFTER_THE_LEASE).undone == 1
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert shop.reports()[0]["state"] == "complete"

    def test_money_of_somebody_else_stays_and_its_owner_can_book(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("fetch payment", Killed, last=10**9)
        shop.world.fail("delete bookings", Killed, last=10**9)
        with pytest.raises(Killed):
            shop.book("pay_1", caller=BOB)
        shop.world.faults.clear()
        assert shop.booking() is not None
        assert shop.sweep(AFTER_THE_LEASE).voided == 1
        assert shop.booking() is None
        assert shop.gateway.payments["pay_1"].is_captured
        shop.booked()

    def test_a_trusted_server_vouches_for_its_user(self) -> None:
        shop = died_before_claims(SERVER, email="somebody@example.com")
        assert shop.sweep(AFTER_THE_LEASE).undone == 1

    def test_not_against_what_is_written_on_the_payment(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, noted_user_id="bob")
        shop.world.fail("fetch payment", Killed, last=10**9)
        shop.world.fail("delete bookings", Killed, last=10**9)
        with pytest.raises(Killed):
            shop.book("pay_1", caller=SERVER)
        shop.world.faults.clear()
        assert shop.sweep(AFTER_THE_LEASE).voided == 1
        assert shop.gateway.payments["pay_1"].is_captured

    def test_a_deleted_account_proves_nothing(self) -> None:
        shop = died_before_claims(Caller("ann", Account("ann", "ann@example.com", "")))
        shop.users.accounts.clear()
        assert shop.sweep(AFTER_THE_LEASE).voided == 1

    def test_what_is_only_authorised_is_not_charged_and_its_end_is_written_down(self) -> None:
        ann = Caller("ann", Account("ann", "ann@example.com", ""))
        shop = died_before_claims(ann, state=PaymentState.AUTHORISED)
        assert shop.sweep(AFTER_THE_LEASE).undone == 1
        assert shop.outcome() == "ROLLED_BACK"
        assert "not charged" in shop.failed().error.message
        assert not shop.gateway.refunds


class TestWaiting:
    def test_nothing_happens_while_the_lease_runs(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        swept = shop.sweep(60)
        assert (swept.examined, swept.remaining, swept.waiting) == (0, 1, 1)
        before = shop.snapshot()
        assert shop.sweep(59).examined == 0
        assert shop.snapshot() == before

    def test_a_gateway_that_does_not_answer_is_asked_again_and_nothing_is_guessed(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        claims = len(shop.rows.all(Table.CLAIMS))
        shop.world.fail_always("fetch payment", lambda: Retryable(Code.PAYMENT_GATEWAY_ERROR))
        assert shop.sweep(AFTER_THE_LEASE).postponed == 1
        assert shop.sweep().examined == 0
        for _ in range(10):
            assert shop.sweep(4_000).postponed == 1
        assert len(shop.rows.all(Table.CLAIMS)) == claims
        assert shop.outcome() is None
        shop.world.faults.clear()
        shop.settle()
        balanced(shop)

    def test_one_booking_that_cannot_be_ended_does_not_hold_up_the_others(self) -> None:
        shop = Shop()
        for number in range(1, 4):
            shop.gateway.pay(f"pay_{number}", PRICE)
            shop.world.fail("create tickets", Killed, last=10**9)
            with pytest.raises(Killed):
                shop.book(f"pay_{number}")
            shop.world.faults.clear()
        shop.world.fail("fetch payment", busy)
        swept = shop.sweep(AFTER_THE_LEASE)
        assert (swept.postponed, swept.finished) == (1, 2)

    def test_without_appwrite_the_run_fails_and_changes_nothing(self) -> None:
        shop = killed_at(6, True, PaymentState.CAPTURED)
        assert shop is not None
        before = shop.snapshot()
        shop.world.fail_always("find bookings", lambda: Retryable(Code.SERVICE_UNAVAILABLE))
        with pytest.raises(Retryable):
            shop.sweep(AFTER_THE_LEASE)
        assert shop.snapshot() == before


class TestUndoing:
    def incomplete(self) -> Shop:
        """Everything was written, and the money could not be returned."""
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail_always("refund payment", lost_answer)
        assert shop.failed().error.code is Code.ROLLBACK_FAILED
        return shop

    def test_what_could_not_be_undone_is_tried_again_until_it_can(self) -> None:
        shop = self.incomplete()
        assert shop.sweep(AFTER_THE_LEASE).retried == 1
        report = shop.reports()[0]
        assert (report["state"], report["attempts"]) == ("retrying", 2)
        assert report["nextAttemptAt"] == to_text(shop.now + timedelta(minutes=2))
        assert shop.sweep().examined == 0
        shop.world.faults.clear()
        assert shop.sweep(200).undone == 1
        assert shop.reports()[0]["state"] == "complete"
        assert shop.reports()[0]["moneyAtRisk"] == 0
        balanced(shop)

    def test_the_client_is_told_that_its_money_is_on_its_way(self) -> None:
        shop = self.incomplete()
        shop.sweep(AFTER_THE_LEASE)
        again = shop.failed()
        assert again.replayed
        assert "will be refunded" in again.error.message

    def test_after_eight_attempts_it_is_for_a_person(self) -> None:
        shop = self.incomplete()
        escalated = [shop.sweep(10_000).escalated for _ in range(9)]
        assert escalated == [0] * 6 + [1, 0, 0]
        report = shop.reports()[0]
        assert (report["state"], report["attempts"], report["moneyAtRisk"]) == ("needs_operator", 8, PRICE)
        assert shop.audit() == []
        assert shop.sweep().remaining == 0

    def test_one_report_tells_of_all_attempts(self) -> None:
        shop = self.incomplete()
        shop.sweep(AFTER_THE_LEASE)
        (report,) = shop.reports()
        assert report["failedStep"] == "outcome"
        assert '{"step":"payment","status":"failed","attempts":8' in report["undos"]
        assert '{"step":"ticket","status":"undone","attempts":1' in report["undos"]

    def test_a_refund_that_comes_back_is_for_a_person(self) -> None:
        shop = self.incomplete()
        shop.world.faults.clear()
        shop.sweep(AFTER_THE_LEASE)
        shop.gateway.pay("pay_1", PRICE)
        assert shop.sweep(1_000).escalated == 1
        assert shop.reports()[0]["state"] == "needs_operator"
        assert shop.sweep(10_000).examined == 0

    def test_what_a_person_has_settled_is_left_alone(self) -> None:
        shop = self.incomplete()
        shop.rows.tables[Table.ROLLBACK_REPORTS][shop.reports()[0]["$id"]]["state"] = "settled"
        shop.world.calls.clear()
        shop.sweep(AFTER_THE_LEASE)
        assert "refund payment" not in shop.world.calls
        assert shop.reports()[0]["state"] == "settled"
        assert shop.sweep().remaining == 0


def test_what_a_zombie_leaves_is_found_at_the_next_look() -> None:
    shop = killed_at(4, True, PaymentState.AUTHORISED)
    assert shop is not None
    booking_id = ids.booking_id("pay_1")
    shop.sweep(AFTER_THE_LEASE)
    assert shop.outcome() == "ROLLED_BACK"
    shop.rows.seed(
        Table.CLAIMS,
        f"{ids.pool_id('standing')}.7",
        poolId=ids.pool_id("standing"),
        unit="7",
        eventId="concert",
        bookingId=booking_id,
        state="RESERVED",
        reservedUntil=to_text(shop.now),
    )
    asyncio.run(shop.gateway.capture("pay_1", Money(2 * PRICE, "INR")))
    assert shop.sweep(700).undone == 1
    balanced(shop)
    assert len(shop.gateway.refunds) == 1


class Paused:
    """Another object, whose call with that number, counted from 0 over several, waits until it is woken."""

    def __init__(self, call: int) -> None:
        self._left = call
        self.sleeps, self.woken = asyncio.Event(), asyncio.Event()

    def around(self, inner: Any) -> Any:
        """`inner`, whose asynchronous methods are counted."""
        pause = self

        class Counted:
            def __getattr__(self, name: str) -> Any:
                method = getattr(inner, name)
                if not asyncio.iscoroutinefunction(method):
                    return method

                async def call(*values: Any, **options: Any) -> Any:
                    pause._left -= 1
                    if pause._left == -1:
                        pause.sleeps.set()
                        await pause.woken.wait()
                    return await method(*values, **options)

                return call

        return Counted()


async def zombie(shop: Shop, call: int) -> Booked | Failed | None:
    """What a booking answers that slept before that call until the sweep had ended it; `None` without one."""
    pause = Paused(call)
    rows, gateway, files = shop.rows, shop.gateway, shop.files
    shop.rows, shop.gateway, shop.files = (pause.around(inner) for inner in (rows, gateway, files))
    booking = asyncio.create_task(shop.book_async("pay_1", 2))
    asleep = asyncio.create_task(pause.sleeps.wait())
    await asyncio.wait({booking, asleep}, return_when=asyncio.FIRST_COMPLETED)
    shop.rows, shop.gateway, shop.files = rows, gateway, files
    if not asleep.done():
        asleep.cancel()
        return None
    shop.now += timedelta(seconds=AFTER_THE_LEASE)
    await sweep(shop.desk())
    pause.woken.set()
    return await booking


@pytest.mark.parametrize("fails", ["", "put outcomes", "put orders"])
@pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.AUTHORISED])
def test_an_execution_that_wakes_up_after_its_booking_was_ended_obeys(
    state: PaymentState, fails: str
) -> None:
    for call in range(MOST_CALLS):
        shop = Shop()
        shop.gateway.pay("pay_1", 2 * PRICE, state=state)
        if fails:
            shop.world.fail(fails, broken)
        result = asyncio.run(zombie(shop, call))
        if result is None:
            break
        shop.world.faults.clear()
        shop.settle()
        if shop.booking() is None:
            # It had not begun, or said itself that nothing came of it.
            shop.book("pay_1", 2)
            shop.settle()
        balanced(shop)
        assert isinstance(result, Failed) or shop.outcome() == "CONFIRMED"
        assert len(shop.gateway.refunds) <= 1
    assert call > 10


def test_two_sweeps_at_once_refund_once_and_agree() -> None:
    for call in range(MOST_CALLS):
        shop = killed_at(call, True, PaymentState.CAPTURED)
        if shop is None:
            break
        if shop.booking() is None:
            continue
        shop.now += timedelta(seconds=AFTER_THE_LEASE)

        async def both(shop: Shop = shop) -> None:
            await asyncio.gather(sweep(shop.desk()), sweep(shop.desk()))

        asyncio.run(both())
        shop.settle()
        balanced(shop)
        assert len(shop.gateway.refunds) <= 1


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


def test_a_booking_is_finished_at_the_price_of_the_day_when_it_was_begun() -> None:
    shops = (killed_at(call, after_effect=True, state=PaymentState.CAPTURED) for call in range(MOST_CALLS))
    shop = next(shop for shop in shops if shop and shop.rows.all(Table.CLAIMS))
    assert not shop.rows.all(Table.ORDERS)
    paid = shop.gateway.payments["pay_1"].amount.amount
    shop.rows.tables[Table.EVENTS]["concert"].update(feeBasisPoints=1_000)
    shop.rows.tables[Table.TICKET_TYPES]["standing"].update(price=1)
    shop.settle()
    [order] = shop.rows.all(Table.ORDERS)
    assert order["total"] == sum(line["amount"] for line in json.loads(order["lines"])) == paid

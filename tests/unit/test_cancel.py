from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from boxoffice.cancellations.results import RefundStatus
from boxoffice.contract.cancelling import success
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from boxoffice.reports.console import retry, settle
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.counter import ADA, BOOKING, SERVER, Counter
from tests.unit.gateway_post import return_by_hand
from tests.unit.shop import ANN, BOB, NOW, PRICE, broken
from tests.unit.world import lost_answer


def promo_use(shop: Counter) -> str:
    """The booking has used a promo code; the claim that says so."""
    pool = ids.pool_id("promo:half")
    shop.rows.seed(
        Table.CLAIMS, f"{pool}.1", poolId=pool, unit="1", eventId="concert", bookingId=BOOKING,
        state="SOLD", ticket=0,
    )  # fmt: skip
    return f"{pool}.1"


class TestWhatIsCancelled:
    def test_all_that_is_left(self) -> None:
        shop = Counter()
        result = shop.cancelled()
        assert (result.booking_status, result.refund_status) == ("cancelled", RefundStatus.REFUNDED)
        assert [ticket.number for ticket in result.cancellation.tickets] == [1, 2, 3]
        assert shop.income == 0
        shop.check()

    def test_one_of_three_and_then_the_rest(self) -> None:
        shop = Counter()
        assert shop.cancelled(2).booking_status == "confirmed"
        assert shop.income == 2 * PRICE
        shop.check()
        assert shop.cancelled().booking_status == "cancelled"
        assert shop.income == 0
        shop.check()

    def test_tickets_by_their_ids(self) -> None:
        shop = Counter()
        result = shop.cancelled(ticket_ids=(ids.ticket_id(BOOKING, 3), ids.ticket_id(BOOKING, 1)))
        assert result.cancellation.numbers == (1, 3)
        shop.check()

    @pytest.mark.parametrize("numbers", [(4,), (0,), (1, 1)])
    def test_not_what_the_booking_does_not_have(self, numbers: tuple[int, ...]) -> None:
        shop = Counter()
        assert shop.refused(*numbers).code is Code.VALIDATION_ERROR
        refused = shop.refused(ticket_ids=("tk-somebody-elses",))
        assert (refused.code, refused.details["field"]) == (Code.VALIDATION_ERROR, "ticketIds")
        assert shop.count(Table.CANCELLATIONS, Table.CHECKINS) == [0, 0]

    def test_the_place_can_be_bought_at_once_by_somebody_else(self) -> None:
        shop = Counter(quantity=3, capacity=3)
        shop.gateway.pay("pay_2", PRICE, email="bob@example.com")
        shop.cancelled(2)
        shop.booked("pay_2", caller=BOB)
        units = [claim["unit"] for claim in shop.rows.all(Table.CLAIMS)]
        assert len(set(units)) == 3

    def test_a_free_ticket_asks_nothing_of_the_gateway(self) -> None:
        shop = Counter()
        free = '[{"kind":"tickets","label":"Free","quantity":3,"unitPrice":0,"amount":0,"tax":0,"item":1}]'
        shop.rows.tables[Table.BOOKINGS][BOOKING].update(lines=free, total=0, paymentId=None)
        result = shop.cancelled()
        assert result.refund_status is RefundStatus.NONE
        assert not [call for call in shop.world.calls if call.endswith("payment")]
        assert shop.income == 3 * PRICE


class TestWhatGoesBack:
    def test_the_events_rules_say_it(self) -> None:
        shop = Counter(startsAt=to_text(NOW + timedelta(hours=30)))
        result = shop.cancelled(1)
        assert result.cancellation.refund.amount == PRICE // 2
        shop.check()

    def test_without_rules_owners_cannot_cancel(self) -> None:
        shop = Counter(refundSteps=None)
        assert shop.refused().code is Code.NOT_CANCELLABLE
        assert shop.count(Table.CANCELLATIONS) == [0]

    def test_for_the_organiser_everything_goes_back(self) -> None:
        for asker in (ADA, SERVER):
            shop = Counter(refundSteps=None)
            result = shop.cancelled(1, asker=asker)
            assert result.cancellation.refund.amount == PRICE
            assert result.cancellation.by_organiser
            shop.check()

    def test_for_the_owner_an_administrator_cancels_by_the_rules(self) -> None:
        shop = Counter(startsAt=to_text(NOW + timedelta(hours=30)))
        assert shop.cancelled(1, asker=ADA, owner_id="ann").cancellation.refund.amount == PRICE // 2

    def test_once_the_event_is_cancelled_everything_goes_back_to_everybody(self) -> None:
        shop = Counter(startsAt=to_text(NOW + timedelta(hours=30)))
        shop.rows.tables[Table.EVENTS]["concert"]["status"] = "cancelled"
        result = shop.cancelled(1)
        assert (result.cancellation.refund.amount, result.cancellation.actor) == (PRICE, "ann")

    def test_the_uses_of_a_promo_code_come_back_with_the_last_ticket(self) -> None:
        shop = Counter()
        shop.rows.seed(
            Table.PROMO_CODES, "half", code="HALF", basisPoints=5_000, uses=10, returnedOnCancellation=True
        )
        shop.rows.tables[Table.BOOKINGS][BOOKING]["promoCode"] = "half"
        use = promo_use(shop)
        shop.cancelled(1, 2)
        assert use in shop.rows.tables[Table.CLAIMS]
        shop.cancelled(3)
        assert shop.rows.all(Table.CLAIMS) == []

    def test_and_stay_used_when_the_code_does_not_say_so(self) -> None:
        shop = Counter()
        shop.rows.seed(Table.PROMO_CODES, "half", code="HALF", basisPoints=5_000, uses=10)
        shop.rows.tables[Table.BOOKINGS][BOOKING]["promoCode"] = "HALF"
        use = promo_use(shop)
        shop.cancelled()
        assert list(shop.rows.tables[Table.CLAIMS]) == [use]


class TestWhoMay:
    def test_a_strangers_and_an_unknown_booking_are_the_same(self) -> None:
        shop = Counter()
        strange = shop.refused(asker=BOB)
        unknown = shop.refused(asker=ANN, booking_id="bk-unknown")
        assert (strange.code, strange.message) == (Code.NOT_FOUND_ERROR, unknown.message)
        assert shop.count(Table.CANCELLATIONS) == [0]

    @pytest.mark.parametrize("asker", [ANN, ADA, SERVER])
    def test_not_for_somebody_who_is_not_the_owner(self, asker: object) -> None:
        assert Counter().refused(asker=asker, owner_id="bob").code is Code.NOT_FOUND_ERROR


class TestWhen:
    def test_not_while_the_booking_is_undecided(self) -> None:
        shop = Counter()
        del shop.rows.tables[Table.OUTCOMES][BOOKING]
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = "pending"
        assert shop.refused().code is Code.BOOKING_IN_PROGRESS

    def test_a_booking_whose_row_is_behind_is_confirmed_by_its_outcome(self) -> None:
        shop = Counter()
        shop.rows.tables[Table.BOOKINGS][BOOKING].update(status="pending", paymentStatus="none")
        shop.cancelled(1)
        shop.check()

    @pytest.mark.parametrize("status", ["rolled_back", "expired", "completed", "no_show", "held"])
    def test_only_what_is_confirmed(self, status: str) -> None:
        shop = Counter()
        shop.rows.tables[Table.BOOKINGS][BOOKING]["status"] = status
        error = shop.refused()
        assert (error.code, error.details["status"]) == (Code.NOT_CANCELLABLE, status)

    def test_a_ticket_that_has_been_used_is_not_given_back(self) -> None:
        shop = Counter()
        shop.admit(2)
        for asker in (ANN, ADA):
            for numbers in ((2,), (1, 2), ()):
                error = shop.refused(*numbers, asker=asker)
                assert (error.code, error.details["tickets"]) == (Code.NOT_CANCELLABLE, [2])
        shop.cancelled(1, 3)
        assert shop.fates() == {1: "cancelled", 2: "admitted", 3: "cancelled"}
        assert shop.income == PRICE
        shop.check()


class TestTheSameAgain:
    @pytest.mark.parametrize("numbers", [(), (2,), (1, 3)])
    def test_is_the_same_cancellation(self, numbers: tuple[int, ...]) -> None:
        shop = Counter()
        first = shop.cancelled(*numbers)
        before = shop.snapshot()
        again = shop.cancelled(*reversed(numbers))
        assert (again.replayed, again.cancellation.id) == (True, first.cancellation.id)
        assert (again.refund_status, again.booking_status) == (first.refund_status, first.booking_status)
        assert shop.snapshot() == before
        assert len(shop.gateway.refunds) == 1

    def test_later_what_went_back_stays_what_it_was(self) -> None:
        shop = Counter()
        shop.cancelled(1)
        shop.now += timedelta(days=29)
        assert shop.cancelled(1).cancellation.refund.amount == PRICE

    def test_other_tickets_are_another_one_and_refused_where_they_overlap(self) -> None:
        shop = Counter()
        shop.cancelled(1)
        for numbers in ((1, 2), (1, 2, 3)):
            error = shop.refused(*numbers)
            assert (error.code, error.details["tickets"]) == (Code.NOT_CANCELLABLE, [1])
        assert shop.fates() == {1: "cancelled"}


class TestADryRun:
    def test_tells_what_would_happen_and_writes_nothing(self) -> None:
        shop = Counter(startsAt=to_text(NOW + timedelta(hours=30)))
        before = shop.snapshot()
        planned = shop.cancelled(1, dry_run=True)
        assert planned.dry_run
        assert shop.snapshot() == before
        real = shop.cancelled(1)
        assert real.cancellation.tickets == planned.cancellation.tickets
        assert real.cancellation.id == planned.cancellation.id

    def test_is_refused_like_the_real_one(self) -> None:
        shop = Counter()
        shop.admit(1)
        assert shop.refused(dry_run=True).code is Code.NOT_CANCELLABLE

    def test_of_what_is_cancelled_already_says_so(self) -> None:
        shop = Counter()
        shop.cancelled()
        again = shop.cancelled(dry_run=True)
        assert (again.replayed, again.dry_run) == (True, True)


class TestTheMoney:
    def test_while_the_gateway_is_down_the_tickets_are_cancelled_and_the_money_follows(self) -> None:
        shop = Counter()
        shop.world.fail_always("refund payment", lost_answer)
        result = shop.cancelled(1)
        assert result.refund_status is RefundStatus.PENDING
        assert len(shop.rows.all(Table.CLAIMS)) == 2
        assert shop.income == 3 * PRICE
        shop.world.faults.clear()
        assert shop.cancelled(1).refund_status is RefundStatus.REFUNDED
        shop.check()

    def test_what_went_back_by_another_hand_is_not_owed(self) -> None:
        shop = Counter()
        payment = shop.gateway.payments["pay_1"]
        shop.gateway.pay("pay_1", 3 * PRICE, state=PaymentState.REFUNDED, refunded=payment.amount.amount)
        result = shop.cancelled()
        assert (result.refund_status, result.cancellation.refund.amount) == (RefundStatus.NONE, 0)
        assert shop.gateway.refunds == {}
        assert [row["kind"] for row in shop.rows.all(Table.TRANSACTIONS)] == ["sale"]
        again = shop.cancelled()
        assert (again.refund_status, again.replayed) == (RefundStatus.NONE, True)

    @pytest.mark.parametrize("is_lost", [False, True])
    def test_what_is_left_goes_back_once_and_no_more(self, is_lost: bool) -> None:
        shop = Counter()
        return_by_hand(shop, 2 * PRICE + 100)
        if is_lost:
            shop.world.fail_always("put transactions", broken)
            assert shop.cancelled().refund_status is RefundStatus.PENDING
            shop.world.faults.clear()
            shop.settle()
        result = shop.cancelled()
        assert result.cancellation.refund.amount == PRICE - 100
        assert success(result)["data"]["message"].endswith("499.00 was refunded.")
        assert shop.income == 0
        assert len(shop.gateway.refunds) == 2

    def test_that_the_gateway_refuses_becomes_a_case_that_can_be_tried_again(self) -> None:
        shop = Counter()
        shop.world.fail_always("refund payment", broken)
        shop.cancelled(1)
        for _ in range(9):
            shop.sweep(10_000)
        (report,) = shop.reports()
        assert (report["state"], report["attempts"], report["failedStep"]) == ("needs_operator", 8, "refund")
        assert report["moneyAtRisk"] == PRICE
        assert shop.states() == ["needs_operator"]
        assert shop.sweep().remaining == 0
        shop.world.faults.clear()
        asyncio.run(retry(shop.desk(), "ada", report["$id"]))
        shop.sweep()
        assert [(each["state"], each["moneyAtRisk"]) for each in shop.reports()] == [("complete", 0)]
        shop.check()

    def test_what_a_person_has_settled_never_goes_back_again(self) -> None:
        shop = Counter()
        shop.world.fail_always("refund payment", broken)
        shop.cancelled(1)
        shop.sweep(150)
        (report,) = shop.reports()
        assert report["state"] == "retrying"
        asyncio.run(settle(shop.desk(), "ada", report["$id"], "Paid in cash."))
        shop.world.faults.clear()
        shop.cancelled(1)
        for _ in range(3):
            shop.sweep(10_000)
        assert shop.gateway.refunds == {}
        assert shop.sweep().remaining == 0

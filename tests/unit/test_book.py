"""The booking as a whole, over the fakes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.admission import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.contract import answers
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected, Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.status import BookingStatus
from boxoffice.domain.tickets import SigningKeys, verify
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table

from tests.unit.fakes import lost_answer
from tests.unit.shop import ANN, BOB, NOW, POOL, PRICE, Make, Shop, answer_of

NOTHING = {"claims": 0, "tickets": 0, "transactions": 0, "orders": 0, "files": 0}


def broken() -> Exception:
    return Fatal(Code.SERVICE_UNAVAILABLE)


def busy() -> Exception:
    return Retryable(Code.SERVICE_UNAVAILABLE)


class TestHappyPath:
    def test_one_ticket_for_a_captured_payment(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        booking = shop.booked().booking
        assert booking.status is BookingStatus.CONFIRMED
        assert shop.leftovers() == {"claims": 1, "tickets": 1, "transactions": 1, "orders": 1, "files": 1}
        assert shop.outcome() == "CONFIRMED"
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("confirmed", "captured")
        assert not shop.reports()

    def test_one_ticket_row_for_each_person_readable_by_its_owner_only(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", 3 * PRICE)
        booking = shop.booked(quantity=3).booking
        tickets = shop.rows.all(Table.TICKETS)
        assert [ticket["number"] for ticket in tickets] == [1, 2, 3]
        assert {ticket["$id"] for ticket in tickets} == set(booking.ticket_ids)
        claimed = {claim["unit"] for claim in shop.rows.all(Table.CLAIMS)}
        assert len(claimed) == 3
        assert {ticket["unit"] for ticket in tickets} == claimed
        assert {shop.rows.readers[Table.TICKETS, ticket_id] for ticket_id in booking.ticket_ids} == {"ann"}
        assert shop.rows.readers[Table.ORDERS, booking.order_id] == "ann"
        assert shop.rows.readers[Table.TRANSACTIONS, booking.transaction_id] == "ann"
        assert shop.rows.readers[Table.BOOKINGS, booking.id] == "ann"
        assert shop.rows.readers[Table.OUTCOMES, booking.id] is None
        assert {reader for _, reader in shop.files.files.values()} == {"ann"}

    def test_the_stored_code_is_genuine(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        ticket = shop.rows.all(Table.TICKETS)[0]
        signed = verify(SigningKeys("k1", {"k1": b"sixteen byte key"}), ticket["code"])
        assert (signed.event_id, signed.ticket_id) == ("concert", ticket["$id"])

    def test_an_authorised_payment_is_captured_after_everything_else_is_there(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.booked()
        assert shop.gateway.payments["pay_1"].is_captured
        after = shop.world.calls[shop.world.calls.index("capture payment") :]
        assert after == ["capture payment", "put outcomes", "update bookings"]

    def test_by_name_instead_of_id(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked(ticket_type_id=None, ticket_type_name=" standing ")

    def test_a_warm_booking_costs_eight_calls(self) -> None:
        shop = Shop()
        shop.warm()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        assert shop.appwrite_calls() == [
            "put bookings",
            "create claims",
            "create tickets",
            "put transactions",
            "put orders",
            "store file",
            "put outcomes",
            "update bookings",
        ]

    def test_the_booking_is_journalled_before_anything_else_is_written(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        writes = [call for call in shop.world.calls if not call.startswith(("find", "fetch"))]
        assert writes[0] == "put bookings"


class TestCatalogue:
    def test_the_price_is_the_catalogues(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", 2 * PRICE)
        booking = shop.booked(quantity=2).booking
        assert booking.total == Money(2 * PRICE, "INR")
        assert shop.rows.all(Table.ORDERS)[0]["total"] == 2 * PRICE
        assert shop.rows.all(Table.TRANSACTIONS)[0]["amount"] == 2 * PRICE

    @pytest.mark.parametrize(
        ("field", "other"),
        [
            ("eventId", {"event_id": "other"}),
            ("ticketTypeId", {"ticket_type_id": "other"}),
            ("ticketTypeName", {"ticket_type_id": None, "ticket_type_name": "Seated"}),
        ],
    )
    def test_what_does_not_exist_is_named(self, field: str, other: dict[str, Any]) -> None:
        shop = Shop()
        failed = shop.failed(**other)
        assert failed.error.code is Code.NOT_FOUND_ERROR
        assert failed.error.details["field"] == field
        assert shop.count(Table.BOOKINGS) == [0]

    @pytest.mark.parametrize(
        ("table", "changes", "code"),
        [
            (Table.EVENTS, {"status": "draft"}, Code.EVENT_NOT_PUBLISHED),
            (Table.EVENTS, {"startsAt": "2029-12-31T00:00:00.000+00:00"}, Code.EVENT_PAST),
            (Table.TICKET_TYPES, {"onSale": False}, Code.TICKET_TYPE_UNAVAILABLE),
            (Table.TICKET_TYPES, {"salesStart": "2030-01-02T00:00:00.000+00:00"}, Code.SALES_CLOSED),
            (Table.TICKET_TYPES, {"salesEnd": "2029-12-31T00:00:00.000+00:00"}, Code.SALES_CLOSED),
        ],
    )
    def test_what_is_not_on_sale_is_refused_before_anything_is_written(
        self, table: Table, changes: dict[str, object], code: Code
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        next(iter(shop.rows.tables[table].values())).update(changes)
        assert shop.failed().error.code is code
        assert shop.count(Table.BOOKINGS) == [0]
        assert shop.gateway.payments["pay_1"].is_captured

    def test_a_repetition_is_answered_although_the_sale_has_ended(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        shop.now = NOW + timedelta(days=40)
        assert shop.booked().replayed


class TestSamePaymentAgain:
    def test_the_same_request_gets_the_first_answer(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        first, second = shop.booked(), shop.booked()
        assert second.replayed
        assert answers.success(replace(second, replayed=False)) == answers.success(first)
        assert shop.leftovers()["tickets"] == 1

    def test_another_request_with_it_is_a_duplicate_and_names_the_ticket(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        first = shop.booked()
        failed = shop.failed(quantity=2)
        assert failed.error.code is Code.DUPLICATE_PAYMENT
        assert failed.error.details["existingTicketId"] == first.booking.ticket_ids[0]

    def test_somebody_else_does_not_learn_the_ticket(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        failed = shop.failed(caller=BOB)
        assert failed.error.code is Code.DUPLICATE_PAYMENT
        assert not failed.error.details

    def test_a_repetition_never_refunds(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        for caller in (ANN, BOB):
            shop.book(caller=caller)
            shop.book(caller=caller, quantity=2)
        assert not shop.gateway.refunds

    def test_while_the_first_is_undecided(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        stored = shop.booking()
        assert stored is not None
        stored["status"] = "pending"
        del shop.rows.tables[Table.OUTCOMES][stored["$id"]]
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_IN_PROGRESS
        assert failed.error.rule.retryable

    def test_the_outcome_counts_when_the_row_is_behind(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail_always("update bookings", broken)
        shop.booked()
        stored = shop.booking()
        assert stored is not None
        assert stored["status"] == "pending"
        assert shop.booked().replayed

    def test_two_at_the_same_time_make_one_booking(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)

        async def both() -> list[Booked | Failed]:
            return list(await asyncio.gather(shop.book_async(), shop.book_async()))

        results = asyncio.run(both())
        assert [isinstance(result, Booked) for result in results].count(True) >= 1
        assert shop.leftovers()["tickets"] == 1
        assert not shop.gateway.refunds


class TestPayment:
    def test_unknown(self) -> None:
        shop = Shop()
        assert shop.failed().error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.booking() is None

    def test_somebody_elses_payment_is_neither_taken_nor_refunded_nor_blocked(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        assert shop.failed(caller=BOB).error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.gateway.payments["pay_1"].is_captured
        assert shop.leftovers() == NOTHING
        shop.booked(caller=ANN)

    def test_the_users_id_on_the_payment_outweighs_the_address(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, noted_user_id="bob")
        assert shop.failed(caller=ANN).error.code is Code.PAYMENT_NOT_VERIFIED
        shop.booked(caller=BOB)

    def test_a_trusted_server_vouches_for_its_user(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, email="")
        assert shop.booked(caller=Caller("carol", None)).booking.user_id == "carol"

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (PaymentState.CREATED, Code.PAYMENT_PENDING),
            (PaymentState.FAILED, Code.PAYMENT_NOT_VERIFIED),
            (PaymentState.REFUNDED, Code.PAYMENT_NOT_VERIFIED),
        ],
    )
    def test_not_paid_and_the_same_payment_may_be_tried_again(self, state: PaymentState, code: Code) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=state)
        assert shop.failed().error.code is code
        assert shop.booking() is None
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()

    def test_a_gateway_that_is_away_costs_nothing(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("fetch payment", lambda: Retryable(Code.PAYMENT_GATEWAY_ERROR))
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_GATEWAY_ERROR
        assert failed.error.rule.retryable
        shop.booked()

    def test_a_signature_that_is_not_the_gateways(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, order_id="order_1")
        forged = PaymentClaim("pay_1", "order_1", "forged")
        assert shop.failed(payment=forged).error.code is Code.PAYMENT_NOT_VERIFIED
        shop.booked(payment=PaymentClaim("pay_1", "order_1", "order_1.pay_1"))

    def test_a_payment_of_another_order(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, order_id="order_2")
        claim = PaymentClaim("pay_1", "order_1", "order_1.pay_1")
        assert shop.failed(payment=claim).error.code is Code.PAYMENT_NOT_VERIFIED

    @pytest.mark.parametrize("amount", [PRICE - 1, PRICE + 1, 1, 2 * PRICE])
    def test_the_wrong_amount_goes_back_in_full(self, amount: int) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", amount)
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert list(shop.gateway.refunds.values()) == [("pay_1", Money(amount, "INR"))]
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("rolled_back", "refunded")
        assert "create claims" not in shop.world.calls

    def test_the_wrong_currency_goes_back(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, currency="USD")
        assert shop.failed().error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert len(shop.gateway.refunds) == 1

    def test_the_wrong_amount_that_is_only_authorised_can_be_used_for_something_else(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", 2 * PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert shop.booking() is None
        shop.booked(quantity=2)


class TestSoldOut:
    def test_a_captured_payment_is_refunded_and_the_failure_is_remembered(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        failed = shop.failed()
        assert failed.error.code is Code.INSUFFICIENT_TICKETS
        assert failed.error.details["available"] == 0
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        again = shop.failed()
        assert again.replayed
        assert again.error.code is Code.INSUFFICIENT_TICKETS
        assert "refunded" in again.error.message

    def test_costs_two_calls_when_it_is_known(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        shop.failed()
        assert shop.appwrite_calls() == ["put bookings", "update bookings"]

    def test_costs_one_read_while_no_money_was_taken_and_writes_nothing(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.INSUFFICIENT_TICKETS
        assert shop.appwrite_calls() == ["find bookings"]
        assert shop.booking() is None

    def test_is_found_out_by_a_function_that_does_not_know(self) -> None:
        shop = Shop(capacity=2)
        shop.sell(2)
        shop.memory.read(POOL, [])
        shop.gateway.pay("pay_1", PRICE)
        failed = shop.failed()
        assert failed.error.code is Code.INSUFFICIENT_TICKETS
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert shop.leftovers()["claims"] == 2

    def test_found_out_late_with_an_authorised_payment_leaves_no_trace(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.memory.read(POOL, [])
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.INSUFFICIENT_TICKETS
        assert shop.booking() is None
        assert shop.outcome() is None
        assert not shop.reports()

    def test_a_refund_that_fails_leaves_an_open_case(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail_always("refund payment", broken)
        failed = shop.failed()
        assert failed.error.code is Code.ROLLBACK_FAILED
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("rolled_back", "captured")
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [
            ("retrying", PRICE)
        ]

    def test_the_client_whose_answer_was_lost_still_gets_its_ticket(self) -> None:
        shop = Shop(capacity=1)
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        assert shop.booked().replayed

    def test_a_unit_that_came_back_is_sold_once_the_memory_is_old(self) -> None:
        shop = Shop(capacity=1)
        shop.sell(1)
        shop.rows.tables[Table.CLAIMS].clear()
        shop.time.seconds += 6
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()

    def test_fewer_left_than_wanted(self) -> None:
        shop = Shop(capacity=3)
        shop.sell(2)
        shop.gateway.pay("pay_1", 2 * PRICE)
        failed = shop.failed(quantity=2)
        assert failed.error.details["available"] == 1
        shop.gateway.pay("pay_2", PRICE)
        shop.booked("pay_2")

    @pytest.mark.parametrize(("buyers", "capacity"), [(10, 1), (60, 10), (60, 59)])
    def test_exactly_as_many_winners_as_units(self, buyers: int, capacity: int) -> None:
        shop = Shop(capacity=capacity)
        for number in range(buyers):
            shop.gateway.pay(f"pay_{number}", PRICE)

        async def all_at_once() -> list[Booked | Failed]:
            return await asyncio.gather(*(shop.book_async(f"pay_{number}") for number in range(buyers)))

        results = asyncio.run(all_at_once())
        assert sum(isinstance(result, Booked) for result in results) == capacity
        codes = {result.error.code for result in results if isinstance(result, Failed)}
        assert codes == {Code.INSUFFICIENT_TICKETS}
        assert len(shop.gateway.refunds) == buyers - capacity
        assert shop.leftovers() == dict.fromkeys(NOTHING, capacity)


STEPS = [
    ("create claims", "claims"),
    ("create tickets", "ticket"),
    ("put transactions", "transaction"),
    ("put orders", "order"),
    ("store file", "qr-1"),
    ("put outcomes", "outcome"),
]
FORWARD = [
    *((operation, step, PaymentState.CAPTURED) for operation, step in STEPS),
    *((operation, step, PaymentState.AUTHORISED) for operation, step in STEPS),
    ("capture payment", "capture", PaymentState.AUTHORISED),
]


class TestRollback:
    @pytest.mark.parametrize(("operation", "step", "state"), FORWARD)
    @pytest.mark.parametrize("error", [broken, busy, lost_answer, lambda: ValueError("a bug")])
    def test_a_failure_at_each_step_leaves_nothing_and_returns_the_money(
        self, operation: str, step: str, state: PaymentState, error: Make
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=state)
        shop.world.fail(operation, error)
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert failed.error.details["step"] == step
        assert not failed.error.rule.retryable
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert shop.leftovers() == NOTHING
        assert shop.outcome() == "ROLLED_BACK"
        money = shop.gateway.payments["pay_1"].state
        untouched = state is PaymentState.AUTHORISED and operation != "put outcomes"
        assert money is (PaymentState.AUTHORISED if untouched else PaymentState.REFUNDED)
        assert len(shop.gateway.refunds) == (0 if untouched else 1)
        assert [report["failedStep"] for report in shop.reports()] == [step]
        assert shop.failed().replayed

    def test_in_reverse_order_and_only_after_the_right_to_undo_is_secured(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.failed()
        undo = shop.world.calls[shop.world.calls.index("put outcomes") + 1 :]
        assert undo == [
            "put outcomes",
            "delete file",
            "delete orders",
            "delete transactions",
            "delete tickets",
            "delete claims",
            "fetch payment",
            "refund payment",
            "update bookings",
            "put rollback_reports",
        ]

    @pytest.mark.parametrize(
        ("operation", "name"),
        [("delete tickets", "ticket"), ("delete transactions", "transaction"), ("delete orders", "order")],
    )
    def test_what_cannot_be_undone_is_said_in_the_form_that_mobile_clients_read(
        self, operation: str, name: str
    ) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail_always(operation, busy)
        answer = answer_of(shop.failed())
        booking_id = ids.booking_id("pay_1")
        assert answer["code"] == "ROLLBACK_FAILED"
        assert answer["error"] == "Rollback failed - manual intervention required"
        assert answer["createdResources"] == {
            "ticketId": ids.ticket_id(booking_id, 1),
            "transactionId": ids.transaction_id(booking_id),
            "orderId": ids.order_id(booking_id),
        }
        expected = dict.fromkeys(("ticket", "transaction", "order"), "success")
        assert answer["rollbackStatus"] == {**expected, name: "failed"}
        assert answer["rollback"]["status"] == "incomplete"
        assert shop.world.calls.count(operation) == 4
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        assert [report["state"] for report in shop.reports()] == ["retrying"]
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["failureCode"]) == ("pending", "BOOKING_ERROR")
        assert shop.failed().error.code is Code.BOOKING_IN_PROGRESS

    def test_tickets_that_somebody_else_wrote_for_the_same_booking_are_undone_too(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("create tickets", RowsTaken, after_effect=True)
        shop.world.fail("put orders", broken)
        shop.failed()
        assert shop.leftovers() == NOTHING

    def test_what_was_never_written_is_null(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("create claims", broken)
        shop.world.fail_always("delete claims", busy)
        answer = answer_of(shop.failed())
        assert answer["createdResources"] == {"ticketId": None, "transactionId": None, "orderId": None}
        assert answer["rollbackStatus"] == {"ticket": None, "transaction": None, "order": None}

    def test_an_undo_that_fails_twice_has_one_effect(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", broken)
        shop.world.fail("refund payment", lost_answer, last=2, after_effect=True)
        failed = shop.failed()
        assert failed.rollback is not None
        assert failed.rollback.complete
        assert len(shop.gateway.refunds) == 1

    def test_nothing_is_undone_while_it_is_unknown_who_has_won(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail_always("put outcomes", lost_answer)
        failed = shop.failed()
        assert failed.error.code is Code.ROLLBACK_FAILED
        assert shop.leftovers() == dict.fromkeys(NOTHING, 1)
        assert not shop.gateway.refunds

    def test_a_confirmation_whose_answer_was_lost_stands(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put outcomes", lost_answer, after_effect=True)
        shop.booked()
        assert shop.outcome() == "CONFIRMED"
        assert shop.leftovers() == dict.fromkeys(NOTHING, 1)
        assert not shop.gateway.refunds

    def test_a_zombie_finds_its_booking_rolled_back_and_cleans_up(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.rows.seed(Table.OUTCOMES, ids.booking_id("pay_1"), outcome="ROLLED_BACK", attempt="sweep")
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert shop.leftovers() == NOTHING
        assert len(shop.gateway.refunds) == 1

    def test_a_capture_whose_answer_was_lost_is_looked_up(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail("capture payment", lost_answer, after_effect=True)
        shop.booked()
        assert not shop.gateway.refunds

    def test_a_capture_that_may_still_happen_stays_an_open_case(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail_always("capture payment", lost_answer)
        assert "If the payment was charged" in shop.failed().error.message
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [
            ("retrying", PRICE)
        ]

    def test_a_capture_that_the_gateway_refuses(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED)
        shop.world.fail("capture payment", lambda: Rejected(Code.PAYMENT_NOT_VERIFIED))
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.leftovers() == NOTHING
        assert [(report["state"], report["moneyAtRisk"]) for report in shop.reports()] == [("complete", 0)]

    def test_a_report_that_cannot_be_written_does_not_change_the_answer(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put orders", broken)
        shop.world.fail_always("put rollback_reports", broken)
        failed = shop.failed()
        assert failed.error.code is Code.BOOKING_ERROR
        assert any("projection_failed" in line for line in shop.lines)


class TestBegin:
    def test_a_begin_without_an_answer_is_taken_back(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("put bookings", lost_answer, after_effect=True)
        assert shop.failed().error.code is Code.SERVICE_UNAVAILABLE
        assert shop.booking() is None
        shop.booked()

    def test_a_row_that_cannot_be_taken_back_is_left_to_its_lease(self) -> None:
        shop = Shop()
        shop.world.fail_always("delete bookings", busy)
        assert shop.failed().error.code is Code.PAYMENT_NOT_VERIFIED
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("pending", "none")
        assert any("void_failed" in line for line in shop.lines)

    def test_only_the_own_row_is_taken_back(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        shop.world.fail("put bookings", lost_answer)
        shop.failed()
        assert shop.booking() is not None

    def test_a_reference_that_is_taken_is_replaced(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_0", PRICE)
        shop.booked("pay_0")
        other = next(iter(shop.rows.tables[Table.BOOKINGS].values()))
        other["reference"] = ids.reference(ids.booking_id("pay_1"))
        shop.gateway.pay("pay_1", PRICE)
        assert shop.booked().booking.reference == ids.reference(ids.booking_id("pay_1"), 1)

    def test_the_lease_outlives_any_execution(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        assert shop.booked().booking.lease_until == NOW + timedelta(seconds=90)

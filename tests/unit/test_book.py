"""A booking that succeeds, the catalogue, and the same payment again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.results import Booked, Failed
from boxoffice.contract import answers
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.status import BookingStatus
from boxoffice.domain.tickets import SigningKeys, verify
from boxoffice.schema import Table

from tests.unit.shop import ANN, BOB, NOW, PRICE, Shop, broken, busy
from tests.unit.world import lost_answer


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

    def test_the_events_fee_and_taxes_are_part_of_it_line_by_line(self) -> None:
        shop = Shop()
        shop.rows.tables[Table.EVENTS]["concert"].update(feeBasisPoints=1_000, feeTaxBasisPoints=1_800)
        shop.rows.tables[Table.EVENTS]["concert"].update(feeTaxIncluded=False)
        fee, tax = PRICE // 10, PRICE * 18 // 1_000
        shop.gateway.pay("pay_1", PRICE + fee + tax)
        assert shop.booked().booking.total == Money(PRICE + fee + tax, "INR")
        for table in (Table.BOOKINGS, Table.ORDERS):
            [row] = shop.rows.all(table)
            assert [line["amount"] for line in json.loads(row["lines"])] == [PRICE, fee, tax]

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
        other["reference"] = ids.reference("pay_1")
        shop.gateway.pay("pay_1", PRICE)
        assert shop.booked().booking.reference == ids.reference("pay_1", 1)

    def test_the_lease_outlives_any_execution(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        assert shop.booked().booking.lease_until == NOW + timedelta(seconds=90)

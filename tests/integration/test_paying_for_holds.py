"""Paying for holds over HTTP: once, with its own payment, and what becomes of any other."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from functools import partial

import pytest

from scripts.project.shop import BOOK, Answer, Customer, Event, Shop, execute
from tests.integration.holds import PRICE, ask, held, paid, wanted
from tests.support.books import read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok
from tests.support.payments import movements
from tests.support.published import as_published


def pay_with(shop: Shop, customer: Customer, hold: Answer, payments: list[str], number: int) -> Answer:
    return paid(shop, customer, hold, payments[number])


class TestPaying:
    @pytest.mark.parametrize("status", ["captured", "authorized"])
    def test_the_held_units_become_the_bookings(
        self, shop: Shop, local: Http, ann: Customer, event: Event, status: str
    ) -> None:
        hold = held(ann, event, 2)
        units = {claim["$id"] for claim in shop.rows("claims", eventId=event.id) if claim["ticket"]}
        payment = shop.pay_for(ann, hold, status=status)
        answer = paid(shop, ann, hold, payment)
        assert (answer.status, answer.data["bookingId"]) == (200, hold.data["bookingId"])
        assert (answer.data["status"], answer.data["quantity"]) == ("confirmed", 2)
        assert {claim["$id"] for claim in shop.rows("claims", eventId=event.id)} == units
        assert movements(local, payment) == [("captured", 2 * PRICE)]
        assert ask(ann.http, action="list").data["holds"] == []
        books = read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event.id)
        assert books.violations([payment]) == []

    def test_what_the_checkout_signed_is_verified(
        self, shop: Shop, server: LocalServer, ann: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        order, payment = hold.data["gatewayOrderId"], shop.pay_for(ann, hold)
        secret = server.ready.razorpay["keySecret"].encode()
        signature = hmac.new(secret, f"{order}|{payment}".encode(), hashlib.sha256).hexdigest()
        body = {"bookingId": hold.data["bookingId"], "paymentId": payment, "orderId": order}
        forged = execute(ann.http, BOOK, {**body, "signature": "0" * 64})
        assert (forged.status, forged.code) == (402, "PAYMENT_NOT_VERIFIED")
        assert execute(ann.http, BOOK, {**body, "signature": signature}).status == 200

    def test_twice_is_once(self, shop: Shop, local: Http, ann: Customer, event: Event) -> None:
        hold = held(ann, event)
        payment = shop.pay_for(ann, hold)
        first, again = (paid(shop, ann, hold, payment) for _ in range(2))
        assert again.body["replayed"] and not first.body["replayed"]
        assert again.data == first.data
        assert movements(local, payment) == [("captured", PRICE)]

    def test_a_second_payment_is_refused_and_not_taken(
        self, shop: Shop, local: Http, ann: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        assert paid(shop, ann, hold).status == 200
        other = shop.pay(ann, PRICE, status="authorized")
        refused = paid(shop, ann, hold, other)
        assert (refused.status, refused.code) == (409, "INVALID_STATUS_TRANSITION")
        assert movements(local, other) == []

    def test_two_payments_at_once_make_one_booking(
        self, shop: Shop, local: Http, ann: Customer, event: Event
    ) -> None:
        for _ in range(5):
            hold = held(ann, event)
            payments = [shop.pay(ann, PRICE, status="authorized") for _ in range(2)]
            answers = all_at_once(2, partial(pay_with, shop, ann, hold, payments))
            codes = Counter(answer.code for answer in answers)
            assert codes[""] == 1, codes
            assert set(codes) <= {"", "BOOKING_IN_PROGRESS", "INVALID_STATUS_TRANSITION"}
            won = next(number for number, answer in enumerate(answers) if not answer.code)
            assert movements(local, payments[won]) == [("captured", PRICE)]
            assert movements(local, payments[1 - won]) == []
            again = paid(shop, ann, hold, payments[1 - won])
            assert again.code == "INVALID_STATUS_TRANSITION"

    def test_the_payment_of_another_order_is_refused_and_the_hold_stays(
        self, shop: Shop, local: Http, ann: Customer, event: Event
    ) -> None:
        hold, other = held(ann, event), held(ann, event)
        payment = shop.pay_for(ann, other, status="authorized")
        refused = paid(shop, ann, hold, payment)
        assert (refused.status, refused.code) == (402, "PAYMENT_NOT_VERIFIED")
        assert movements(local, payment) == []
        assert paid(shop, ann, other, payment).status == 200
        assert paid(shop, ann, hold).status == 200

    def test_the_wrong_amount_is_refused_and_goes_back(
        self, shop: Shop, local: Http, ann: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        payment = shop.pay(ann, PRICE - 1)
        refused = paid(shop, ann, hold, payment)
        assert (refused.status, refused.code) == (402, "PAYMENT_AMOUNT_MISMATCH")
        assert movements(local, payment) == [("captured", PRICE - 1), ("refunded", PRICE - 1)]

    def test_a_payment_is_needed_and_has_to_be_completed(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        nothing = paid(shop, ann, hold, None)
        assert (nothing.code, nothing.body["details"]["field"]) == ("VALIDATION_ERROR", "paymentId")
        assert paid(shop, ann, hold, shop.pay(ann, PRICE, status="created")).code == "PAYMENT_PENDING"
        assert paid(shop, ann, hold, "pay_unknown").code == "PAYMENT_NOT_VERIFIED"
        assert paid(shop, ann, hold).status == 200

    def test_while_and_after_it_is_paid_it_is_neither_extended_nor_released(
        self, shop: Shop, ann: Customer, event: Event
    ) -> None:
        hold = held(ann, event)
        assert paid(shop, ann, hold).status == 200
        for action in ("extend", "release"):
            refused = ask(ann.http, action=action, bookingId=hold.data["bookingId"])
            assert (refused.status, refused.code) == (409, "INVALID_STATUS_TRANSITION")

    def test_what_costs_nothing_needs_no_payment(self, shop: Shop, local: Http, ann: Customer) -> None:
        event = shop.create_event({"Standing": (0, 3)})
        hold = held(ann, event)
        assert (hold.data["totalAmount"], hold.data["gatewayOrderId"]) == (0, None)
        first, again = (paid(shop, ann, hold, None) for _ in range(2))
        assert (first.status, again.body["replayed"]) == (200, True)
        body = wanted(event)
        direct = [
            as_published(execute(ann.http, BOOK, {**body, "requestId": name})) for name in ("a", "a", "b")
        ]
        assert [answer.body["replayed"] for answer in direct] == [False, True, False]
        assert (
            as_published(execute(ann.http, BOOK, {**body, "requestId": "c"})).code == "INSUFFICIENT_TICKETS"
        )
        books = read_books(shop.http, ok(local.get("/payments/ledger"))["movements"], event.id)
        assert books.violations() == []

"""The five ways in which a booking can go, through executions over HTTP with users' sessions."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
import requests

from scripts.project.shop import BOOK, Answer, Customer, Event, Shop
from tests.support.books import Books, read_books
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, ok, wait_until
from tests.support.qr import read_qr
from tests.support.traces import Watch

PRICE, CAPACITY = 50_000, 5
ROWS = "/tablesdb/boxoffice/tables/{}/rows"
FILES = "/storage/buckets/tickets/files"
OWNED = ("bookings", "tickets", "transactions", "orders")


@pytest.fixture
def event(shop: Shop) -> Event:
    """An event with five tickets."""
    return shop.create_event({"Standing": (PRICE, CAPACITY)}, name="Raga at dusk")


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


@pytest.fixture(scope="module")
def stranger(shop: Shop) -> Customer:
    """Somebody else."""
    return shop.create_customer("Bo")


def books_of(shop: Shop, event: Event) -> Books:
    """Everything that was written for the event, and all movements of money."""
    return read_books(shop.http, ok(shop.payments.get("/ledger"))["movements"], event.id)


def book(shop: Shop, customer: Customer, event: Event, quantity: int = 1, payment: str = "") -> Answer:
    """A booking of standing room; pays first when nothing is paid."""
    return shop.book(customer, event, "Standing", quantity, payment)


def settled(shop: Shop, customer: Customer, event: Event, payment: str) -> Answer:
    """What a client gets that repeats its request until the booking is not in progress any more."""

    def answer() -> Answer | None:
        told = book(shop, customer, event, payment=payment)
        return None if told.code == "BOOKING_IN_PROGRESS" else told

    told = wait_until(answer, seconds=60)
    assert told is not None
    return told


class TestTicketsAreBooked:
    def test_everything_is_written_and_says_the_same(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, 2 * PRICE, status="authorized")
        answer = book(shop, customer, event, 2, payment)
        data = answer.data
        assert (data["status"], data["quantity"], data["totalAmount"]) == ("confirmed", 2, 2 * PRICE)
        assert (data["ticketId"], data["currency"]) == (data["ticketIds"][0], "INR")
        assert data["reference"] in data["message"]
        assert answer.execution["status"] == "completed"

        books = books_of(shop, event)
        assert books.violations() == []
        (booking,), (transaction,), (order,) = books.bookings, books.transactions, books.orders
        owner = (customer.user_id, data["bookingId"])
        assert (booking["userId"], booking["$id"]) == owner
        assert (booking["status"], booking["paymentStatus"]) == ("confirmed", "captured")
        assert (booking["reference"], booking["paymentId"]) == (data["reference"], payment)
        assert [row["outcome"] for row in books.outcomes] == ["CONFIRMED"]
        assert (transaction["userId"], transaction["bookingId"]) == owner
        assert (transaction["$id"], transaction["amount"]) == (data["transactionId"], 2 * PRICE)
        assert (transaction["kind"], transaction["paymentId"]) == ("sale", payment)
        assert (order["userId"], order["bookingId"]) == owner
        assert (order["$id"], order["eventName"]) == (data["orderId"], "Raga at dusk")
        [line] = json.loads(order["lines"])
        assert (line["kind"], line["label"], line["quantity"]) == ("tickets", "Standing", 2)
        assert (line["unitPrice"], line["amount"], line["tax"]) == (PRICE, 2 * PRICE, 0)
        assert sorted(row["$id"] for row in books.tickets) == sorted(data["ticketIds"])
        assert {row["status"] for row in books.tickets} == {"valid"}
        assert len({row["code"] for row in books.tickets}) == 2
        assert books.money[payment].kept == 2 * PRICE

    def test_the_images_say_the_tickets_codes(self, shop: Shop, customer: Customer, event: Event) -> None:
        data = book(shop, customer, event, 3).data
        assert data["qrCodeIncluded"] is True
        assert data["qrCodeFileId"] == data["qrCodeFileIds"][0]
        tickets = {row["$id"]: row for row in shop.rows("tickets", bookingId=data["bookingId"])}
        for ticket_id, file_id in zip(data["ticketIds"], data["qrCodeFileIds"], strict=True):
            image = customer.http.get(f"{FILES}/{file_id}/view")
            assert image.headers["content-type"] == "image/png"
            assert read_qr(image.content) == tickets[ticket_id]["code"]
            assert tickets[ticket_id]["qrFileId"] == file_id

    def test_only_the_owner_reads_it(
        self, shop: Shop, customer: Customer, stranger: Customer, event: Event
    ) -> None:
        data = book(shop, customer, event).data
        keys = dict(zip(OWNED, ("bookingId", "ticketId", "transactionId", "orderId"), strict=True))
        paths = [f"{ROWS.format(table)}/{data[key]}" for table, key in keys.items()]
        paths += [f"{FILES}/{data['qrCodeFileId']}", f"{FILES}/{data['qrCodeFileId']}/view"]
        assert [customer.http.get(path).status_code for path in paths] == [200] * len(paths)
        for other in (stranger.http, Http.guest(shop.http.endpoint, shop.project_id)):
            assert {other.get(path).status_code for path in paths} <= {401, 404}
        for table, key in keys.items():
            newest_first = {"queries[0]": '{"method":"orderDesc","attribute":"$sequence"}'}
            listed = ok(customer.http.get(ROWS.format(table), params=newest_first))["rows"]
            assert listed[0]["$id"] == data[key]
            assert {row["userId"] for row in listed} == {customer.user_id}
            assert ok(stranger.http.get(ROWS.format(table)))["rows"] == []

    def test_what_is_not_the_clients_to_know_is_not_readable(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        data = book(shop, customer, event).data
        assert customer.http.get(f"{ROWS.format('outcomes')}/{data['bookingId']}").status_code in (401, 404)
        for table in ("outcomes", "rollback_reports", "audit_log"):
            listed = customer.http.get(ROWS.format(table))
            assert listed.status_code in (401, 404) or listed.json()["rows"] == []


class TestThereAreNotEnoughTickets:
    @pytest.mark.parametrize("sold", [0, 3, CAPACITY])
    def test_nothing_is_sold_and_captured_money_goes_back(
        self, shop: Shop, customer: Customer, event: Event, sold: int
    ) -> None:
        if sold:
            book(shop, customer, event, sold)
        left = CAPACITY - sold
        payment = shop.pay(customer, (left + 1) * PRICE)
        answer = book(shop, customer, event, left + 1, payment)
        assert (answer.status, answer.code) == (409, "INSUFFICIENT_TICKETS")
        details = answer.body["details"]
        assert (details["available"], details["requested"]) == (left, left + 1)
        assert details["payment"] == "refunded"
        assert answer.body["rollback"]["status"] == "complete"
        books = books_of(shop, event)
        assert books.violations([payment]) == []
        assert len(books.tickets) == sold
        assert books.money[payment].kept == 0
        if left:
            assert book(shop, customer, event, left).status == 200

    def test_money_that_is_only_authorised_is_never_taken(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, (CAPACITY + 1) * PRICE, status="authorized")
        watch = Watch(shop, [event.id], [customer.user_id], [payment])
        before = watch.traces()
        answer = book(shop, customer, event, CAPACITY + 1, payment)
        assert answer.code == "INSUFFICIENT_TICKETS"
        assert answer.body["details"].get("payment", "authorised") == "authorised"
        assert watch.traces() == before

    def test_a_smaller_wish_is_fulfilled_afterwards(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        assert book(shop, customer, event, CAPACITY + 1).code == "INSUFFICIENT_TICKETS"
        assert book(shop, customer, event, CAPACITY).status == 200
        assert book(shop, customer, event).body["error"].startswith("The tickets are sold out.")


class TestThePaymentWasUsedBefore:
    def test_the_same_request_gets_the_first_answer_again(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, 2 * PRICE)
        watch = Watch(shop, [event.id], [customer.user_id], [payment])
        first = book(shop, customer, event, 2, payment)
        before = watch.traces()
        again = book(shop, customer, event, 2, payment)
        assert (first.body["replayed"], again.body["replayed"]) == (False, True)
        assert again.data == first.data
        assert watch.traces() == before

    def test_another_request_learns_the_existing_ticket(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, PRICE)
        first = book(shop, customer, event, 1, payment)
        other_event = shop.create_event({"Standing": (PRICE, CAPACITY)})
        watch = Watch(shop, [event.id, other_event.id], [customer.user_id], [payment])
        before = watch.traces()
        for wanted, quantity in ((event, 2), (other_event, 1)):
            answer = book(shop, customer, wanted, quantity, payment)
            assert (answer.status, answer.code) == (409, "DUPLICATE_PAYMENT")
            assert answer.body["details"] == {"existingTicketId": first.data["ticketId"]}
        assert watch.traces() == before

    def test_somebody_else_learns_nothing(
        self, shop: Shop, customer: Customer, stranger: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, PRICE)
        first = book(shop, customer, event, 1, payment)
        watch = Watch(shop, [event.id], [customer.user_id, stranger.user_id], [payment])
        before = watch.traces()
        answer = book(shop, stranger, event, 1, payment)
        assert (answer.code, answer.body["details"]) == ("DUPLICATE_PAYMENT", {})
        told = json.dumps(answer.body)
        assert not [name for name in ("bookingId", "reference", "ticketId") if first.data[name] in told]
        assert watch.traces() == before

    def test_it_is_still_known_when_the_sale_is_over(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, CAPACITY * PRICE)
        first = book(shop, customer, event, CAPACITY, payment)
        assert book(shop, customer, event).code == "INSUFFICIENT_TICKETS"
        again = book(shop, customer, event, CAPACITY, payment)
        assert (again.data, again.body["replayed"]) == (first.data, True)

    @pytest.mark.local_only
    def test_while_the_first_is_running_it_is_in_progress(
        self, shop: Shop, local: Http, customer: Customer, stranger: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, PRICE)
        slow = {"kind": "delay", "seconds": 1, "path": "*/outcomes/rows", "method": "POST", "nth": 1}
        fault = ok(local.post("/faults", slow))["id"]

        def ask(number: int) -> Answer:
            if number:
                wait_until(lambda: shop.rows("tickets", eventId=event.id))
            asker = stranger if number == 2 else customer
            return book(shop, asker, event, 1, payment)

        try:
            first, again, other = all_at_once(3, ask)
        finally:
            ok(local.delete(f"/faults/{fault}"))
        assert (first.status, first.body["replayed"]) == (200, False)
        for answer in (again, other):
            assert (answer.status, answer.code) == (409, "BOOKING_IN_PROGRESS")
            assert answer.body["retryable"] is True
            assert answer.body["retryAfter"] > 0
        assert book(shop, customer, event, 1, payment).body["replayed"] is True


class TestTheConnectionIsLost:
    @pytest.mark.parametrize("seconds", [0.001, 0.01, 0.03, 0.1])
    def test_the_booking_is_whole_or_absent_and_the_client_learns_which(
        self, shop: Shop, customer: Customer, event: Event, seconds: float
    ) -> None:
        payment = shop.pay(customer, PRICE)
        hang_up(customer, event, payment, seconds)
        answer = settled(shop, customer, event, payment)
        assert answer.status == 200
        books = books_of(shop, event)
        assert books.violations([payment]) == []
        assert [row["$id"] for row in books.tickets] == answer.data["ticketIds"]
        assert (books.money[payment].captures, books.money[payment].kept) == (1, PRICE)

    @pytest.mark.local_only
    def test_a_booking_that_has_begun_is_completed_without_its_client(
        self, shop: Shop, local: Http, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, PRICE)
        slow = {"kind": "delay", "seconds": 1, "path": "*/claims/rows", "method": "POST", "nth": 1}
        fault = ok(local.post("/faults", slow))["id"]
        try:
            assert hang_up(customer, event, payment, 0.3)
            assert book(shop, customer, event, 1, payment).code == "BOOKING_IN_PROGRESS"
            answer = settled(shop, customer, event, payment)
        finally:
            ok(local.delete(f"/faults/{fault}"))
        assert (answer.status, answer.body["replayed"]) == (200, True)
        assert books_of(shop, event).violations([payment]) == []

    def test_a_client_that_repeats_itself_many_times_at_once_has_one_booking(
        self, shop: Shop, customer: Customer, event: Event
    ) -> None:
        payment = shop.pay(customer, PRICE)
        hang_up(customer, event, payment, 0.005)
        callers = [replace(customer, http=customer.http.another()) for _ in range(16)]
        answers = all_at_once(16, lambda number: book(shop, callers[number], event, 1, payment))
        assert {answer.code for answer in answers} <= {"", "BOOKING_IN_PROGRESS"}
        final = settled(shop, customer, event, payment)
        booked = [answer for answer in (*answers, final) if answer.status == 200]
        assert len([answer for answer in booked if not answer.body["replayed"]]) <= 1
        assert len({json.dumps(answer.data) for answer in booked}) == 1
        books = books_of(shop, event)
        assert books.violations([payment]) == []
        assert (len(books.bookings), len(books.tickets)) == (1, 1)


class TestTheLastTicket:
    @pytest.mark.parametrize("status", ["captured", "authorized"])
    def test_exactly_one_of_many_gets_it(self, shop: Shop, status: str) -> None:
        event = shop.create_event({"Standing": (PRICE, 2)})
        crowd = [shop.create_customer() for _ in range(12)]
        book(shop, crowd[0], event)
        payments = [shop.pay(buyer, PRICE, status=status) for buyer in crowd]
        answers = all_at_once(12, lambda number: book(shop, crowd[number], event, 1, payments[number]))
        assert Counter(answer.code for answer in answers) == {"": 1, "INSUFFICIENT_TICKETS": 11}
        books = books_of(shop, event)
        assert books.violations(payments) == []
        assert len(books.tickets) == 2
        winner = next(number for number, answer in enumerate(answers) if answer.status == 200)
        kept = [payment for payment in payments if payment in books.money and books.money[payment].kept]
        assert kept == [payments[winner]]


def hang_up(customer: Customer, event: Event, payment: str, seconds: float) -> bool:
    """Asks for a ticket and closes the connection after so long; whether that was before the answer."""
    wish = {
        "eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1, "paymentId": payment,
    }  # fmt: skip
    try:
        customer.http.post(f"/functions/{BOOK}/executions", {"body": json.dumps(wish)}, timeout=(10, seconds))
    except requests.Timeout:
        return True
    return False

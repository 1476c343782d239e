"""The existing Android client: all of its fields, every value a text, and none of its sums believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.project.shop import BOOK, Answer, Customer, Event, Shop, execute
from tests.support.books import read_books
from tests.support.local_server import ok
from tests.support.published import as_published
from tests.support.traces import Watch

PRICE = 50_000
OLD_TICKET, OLD_IMAGE = "65f0c0ffee0000000001", "65f0c0ffee0000000002"


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody with the old app."""
    return shop.create_customer()


@pytest.fixture
def event(shop: Shop) -> Event:
    """An event with two kinds of tickets."""
    return shop.create_event({"Standing": (PRICE, 20), "Balcony": (3 * PRICE, 5)})


def android(customer: Customer, event: Event, payment: str, **fields: Any) -> dict[str, Any]:
    """What the app sends for two tickets: it computes in rupees, and makes up ids of its own."""
    return {
        "userId": customer.user_id,
        "eventId": event.id,
        "eventName": "An evening",
        "eventSubName": "with friends",
        "eventDate": "Sat, 21 Nov 2026",
        "eventTime": "19:30",
        "eventLocation": "Kala Ghoda, Mumbai",
        "totalAmountPaid": "1180.00",
        "pricePerTicket": "500.00",
        "imageFileId": "65f0c0ffee0000000000",
        "category": "Music",
        "quantity": "2",
        "paymentId": payment,
        "subtotal": "1000.00",
        "taxGST": "180.00",
        "internetHandlingFee": "0",
        "ticketTypeName": "Standing",
        "qrCodeFileId": OLD_IMAGE,
        "ticketId": OLD_TICKET,
        **fields,
    }


def book(customer: Customer, body: dict[str, Any]) -> Answer:
    """The answer, which has a published form."""
    return as_published(execute(customer.http, BOOK, body))


def test_it_books(shop: Shop, customer: Customer, event: Event) -> None:
    payment = shop.pay(customer, 2 * PRICE)
    answer = book(customer, android(customer, event, payment))
    assert answer.status == 200
    books = read_books(shop.http, ok(shop.payments.get("/ledger"))["movements"], event.id)
    assert books.violations([payment]) == []
    assert len(books.tickets) == 2
    told, tickets = answer.data, {ticket["$id"]: ticket["number"] for ticket in books.tickets}
    assert [tickets[ticket] for ticket in told["ticketIds"]] == [1, 2]
    assert (told["ticketId"], told["orderId"]) == (told["ticketIds"][0], books.orders[0]["$id"])
    assert books.bookings[0]["total"] == books.orders[0]["total"] == 2 * PRICE


def test_nothing_that_it_made_up_is_stored_or_answered(shop: Shop, customer: Customer, event: Event) -> None:
    body = android(customer, event, shop.pay(customer, 2 * PRICE), eventName="Another name")
    answer = book(customer, body)
    booking = answer.data["bookingId"]
    rows = [shop.rows("bookings", **{"$id": booking})]
    rows += [shop.rows(table, bookingId=booking) for table in ("tickets", "transactions", "orders", "claims")]
    everything = json.dumps([answer.body, rows])
    for made_up in (OLD_TICKET, OLD_IMAGE, "Another name", "1180", "180.00", "Kala Ghoda"):
        assert made_up not in everything


@pytest.mark.parametrize("sums", [
    {"totalAmountPaid": "0", "pricePerTicket": "0", "subtotal": "0"},
    {"totalAmountPaid": "99999999999", "pricePerTicket": "-1", "taxGST": "-500"},
    {"totalAmountPaid": "free", "pricePerTicket": "₹500", "subtotal": "", "taxGST": "NaN"},
    {"totalAmountPaid": None, "pricePerTicket": [], "internetHandlingFee": {"a": 1}, "eventDate": 0},
], ids=["zero", "huge and negative", "no numbers", "no texts"])  # fmt: skip
def test_its_sums_do_not_matter(shop: Shop, customer: Customer, event: Event, sums: dict[str, Any]) -> None:
    answer = book(customer, android(customer, event, shop.pay(customer, 2 * PRICE), **sums))
    assert (answer.status, answer.data["totalAmount"]) == (200, 2 * PRICE)


def test_the_payment_has_to_be_the_catalogues_price(shop: Shop, customer: Customer, event: Event) -> None:
    answer = book(customer, android(customer, event, shop.pay(customer, 118_000)))
    assert (answer.status, answer.code) == (402, "PAYMENT_AMOUNT_MISMATCH")
    assert answer.body["details"]["price"]["amount"] == 2 * PRICE
    assert answer.body["details"]["payment"] == "refunded"


def test_only_what_is_needed_has_to_be_there(shop: Shop, customer: Customer, event: Event) -> None:
    needed = ("eventId", "ticketTypeName", "quantity", "paymentId")
    body = android(customer, event, shop.pay(customer, 2 * PRICE))
    assert book(customer, {name: body[name] for name in needed}).status == 200
    blank = {name: "" for name in body if name not in needed}
    assert book(customer, {**body, **blank, "paymentId": shop.pay(customer, 2 * PRICE)}).status == 200


def test_unknown_fields_are_accepted_and_forgotten(shop: Shop, customer: Customer, event: Event) -> None:
    strange = {
        "appVersion": "3.1.4", "deviceId": "abc", "isAdmin": True, "status": "confirmed", "role": "admin",
        "holdId": "bk-mine", "capacity": 0, "code": "x", "$permissions": ['read("any")'], "__proto__": {},
        "nested": {"a": [{"b": None}]}, "": "", "null\x00": "\x00", "🎟️": "🎟️",
    }  # fmt: skip
    answer = book(customer, android(customer, event, shop.pay(customer, 2 * PRICE), **strange))
    assert answer.status == 200
    assert answer.data["bookingId"] != "bk-mine"
    (row,) = shop.rows("bookings", **{"$id": answer.data["bookingId"]})
    assert row["$permissions"] == [f'read("user:{customer.user_id}")']


@pytest.mark.parametrize("spelling", ["standing", " STANDING ", "Standing"])
def test_the_name_of_the_ticket_type_is_found_as_people_write_it(
    shop: Shop, customer: Customer, event: Event, spelling: str
) -> None:
    body = android(customer, event, shop.pay(customer, 2 * PRICE), ticketTypeName=spelling)
    assert book(customer, body).data["ticketTypeId"] == event.kinds["Standing"].id


def test_both_forms_are_the_same_request(shop: Shop, customer: Customer, event: Event) -> None:
    payment = shop.pay(customer, 2 * PRICE)
    old = book(customer, android(customer, event, payment))
    new = shop.book(customer, event, "Standing", 2, payment)
    assert (new.data, new.body["replayed"]) == (old.data, True)


def test_naming_somebody_else_is_refused(shop: Shop, customer: Customer, event: Event) -> None:
    other = shop.create_customer()
    payment = shop.pay(customer, 2 * PRICE)
    watch = Watch(shop, [event.id], [customer.user_id, other.user_id], [payment])
    before = watch.traces()
    answer = book(customer, android(customer, event, payment, userId=other.user_id))
    assert (answer.status, answer.code) == (403, "PERMISSION_ERROR")
    assert answer.body["details"]["field"] == "userId"
    assert watch.traces() == before


@pytest.mark.parametrize("quantity", ["0", "-1", "11", "2.0", "two", "", " ", "1e1", "٢"])
def test_a_quantity_that_is_none_is_refused(
    shop: Shop, customer: Customer, event: Event, quantity: str
) -> None:
    body = android(customer, event, "pay_00000000000000", quantity=quantity)
    answer = book(customer, body)
    assert (answer.status, answer.code) == (400, "INVALID_QUANTITY")
    assert answer.body["details"]["field"] == "quantity"
    assert shop.rows("bookings", eventId=event.id) == []

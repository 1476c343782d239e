"""The use cases that the matrix tries: one entry each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.project.shop import Shop, execute
from tests.faults.harness import CANCELLED, RETURNED, Client, UseCase

PRICE = 50_000
CANCEL = "cancel_booking"

# A refusal that no repetition helps against: everything was written, and all of it has to be undone.
COMMIT_FAILS = {
    "kind": "refuse",
    "status": 400,
    "method": "POST",
    "path": "/v1/tablesdb/boxoffice/tables/outcomes/rows",
    "nth": 1,
}
CAPTURE_FAILS = {"kind": "refuse", "status": 400, "path": "/razorpay/v1/payments/{payment}/capture"}


def booking(
    payment: str = "captured", quantity: int = 1, sold_out: bool = False, overpaid: int = 0
) -> Callable[[Shop], Client]:
    """Prepares a booking of so many tickets, for an event and by a customer of its own."""

    def prepare(shop: Shop) -> Client:
        event, customer = shop.create_event({"Standing": (PRICE, quantity)}), shop.create_customer()
        if sold_out:
            assert shop.book(shop.create_customer(), event, "Standing", quantity).status == 200
        payment_id = shop.pay(customer, PRICE * quantity + overpaid, status=payment)
        return Client(
            event.id,
            customer.user_id,
            payment_id,
            lambda: shop.book(customer, event, "Standing", quantity, payment_id),
        )

    return prepare


def cancelling(quantity: int, *numbers: int) -> Callable[[Shop], Client]:
    """Prepares a booking of so many tickets, of which those with these numbers, or all, are given back."""

    def prepare(shop: Shop) -> Client:
        event = shop.create_event({"Standing": (PRICE, quantity)}, refundSteps="24:50")
        customer = shop.create_customer()
        payment_id = shop.pay(customer, PRICE * quantity)
        booked = shop.book(customer, event, "Standing", quantity, payment_id)
        body: dict[str, Any] = {"bookingId": booked.data["bookingId"]}
        if numbers:
            body["tickets"] = list(numbers)
        return Client(
            event.id, customer.user_id, payment_id, lambda: execute(customer.http, CANCEL, body), CANCEL
        )

    return prepare


USE_CASES = (
    UseCase("book", booking(), bears_hiccups=True),
    UseCase("book, then undo", booking(), (COMMIT_FAILS,), after="create outcomes 2"),
    UseCase("capture and book", booking("authorized"), after="capture payment", bears_hiccups=True),
    UseCase("refund when sold out", booking(sold_out=True), endings=frozenset({RETURNED})),
    UseCase("cancel", cancelling(1), endings=frozenset({CANCELLED}), bears_hiccups=True),
)
MORE_USE_CASES = (
    UseCase("book three", booking(quantity=3)),
    UseCase("capture and book three", booking("authorized", quantity=3)),
    UseCase("capture and book, then undo", booking("authorized"), (COMMIT_FAILS,), after="create outcomes 2"),
    UseCase("capture refused, then undo", booking("authorized"), (CAPTURE_FAILS,), after="read payment 2"),
    UseCase("refund of a wrong amount", booking(overpaid=1), endings=frozenset({RETURNED})),
    UseCase("sold out", booking("authorized", sold_out=True), endings=frozenset({RETURNED})),
    UseCase("cancel one of three", cancelling(3, 2), endings=frozenset({CANCELLED}), bears_hiccups=True),
)

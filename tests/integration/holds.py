"""Holds of an event's tickets over HTTP, made and paid for as the published forms say."""

from __future__ import annotations

from typing import Any

from scripts.project.shop import HOLD, Answer, Customer, Event, Shop, execute
from tests.support.local_server import Http
from tests.support.published import as_published

PRICE = 50_000


def wanted(event: Event, quantity: int = 1, kind: str = "Standing", **fields: Any) -> dict[str, Any]:
    return {
        "eventId": event.id, "ticketTypeId": event.kinds[kind].id, "quantity": quantity, **fields,
    }  # fmt: skip


def ask(http: Http, **body: Any) -> Answer:
    """What `hold_tickets` answers, in a published form."""
    return as_published(execute(http, HOLD, body), "HoldTicketsSuccess")


def held(customer: Customer, event: Event, quantity: int = 1, **fields: Any) -> Answer:
    answer = ask(customer.http, **wanted(event, quantity, **fields))
    assert answer.status == 200, answer.body
    return answer


def paid(shop: Shop, customer: Customer, hold: Answer, payment: str | None = "", **fields: Any) -> Answer:
    """Completes a hold; pays first, with further fields for the payment, when nothing is paid."""
    if payment == "":
        payment = shop.pay_for(customer, hold, **fields)
    return as_published(shop.book_hold(customer, hold, payment))

"""Promo codes: what they take off, when they apply, and that nobody gets more uses out of one than it has."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.project.shop import CURRENCY, HOLD, Answer, Customer, Event, Shop, execute
from tests.support.crowd import all_at_once
from tests.support.local_server import Http, ok

PRICE, BALCONY = 50_000, 80_000
CROWD = 24


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


@pytest.fixture(scope="module")
def crowd(shop: Shop) -> list[Customer]:
    """Many who want the same code."""
    return [shop.create_customer() for _ in range(CROWD)]


@pytest.fixture
def event(shop: Shop) -> Event:
    """An event whose holds are not limited here, and whose tickets can be given back."""
    kinds = {"Standing": (PRICE, 100), "Balcony": (BALCONY, 100)}
    return shop.create_event(kinds, holdsPerUser=90, refundSteps="24:100")


def wanted(event: Event, code: str, quantity: int = 1, kind: str = "Standing") -> dict[str, Any]:
    """The request with a code."""
    return {
        "eventId": event.id, "ticketTypeId": event.kinds[kind].id, "quantity": quantity, "promoCode": code,
    }  # fmt: skip


def in_days(days: int) -> str:
    """A moment."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="milliseconds")


def discount(answer: Answer) -> int:
    """What a hold's code takes off."""
    assert answer.status == 200, answer.body
    taken_off = [int(line["amount"]) for line in answer.data["lines"] if line["kind"] == "discount"]
    return -sum(taken_off)


def refused(answer: Answer) -> str:
    """The sentence of a code that does not apply."""
    assert (answer.status, answer.code) == (400, "PROMO_INVALID"), answer.body
    assert answer.body["details"]["field"] == "promoCode"
    return str(answer.body["error"])


def uses(shop: Shop, event: Event) -> int:
    """How many claims belong to codes; holds have their own label."""
    claims = shop.rows("claims", eventId=event.id)
    return sum(row["ticket"] == 0 and row["label"] != "hold" for row in claims)


@pytest.mark.parametrize(
    ("columns", "quantity", "taken_off"),
    [
        ({"basisPoints": 1_000}, 3, 15_000),
        ({"basisPoints": 3_333}, 1, 16_665),
        ({"amount": 7_500}, 3, 7_500),
        ({"basisPoints": 10_000}, 2, 100_000),
        ({"amount": 999_999}, 1, 50_000),
    ],
)
def test_what_a_code_takes_off_is_a_line_of_its_own(
    shop: Shop, customer: Customer, event: Event, columns: dict[str, int], quantity: int, taken_off: int
) -> None:
    code = shop.create_promo_code(**columns)
    held = shop.hold(customer, wanted(event, code, quantity))
    assert discount(held) == taken_off
    total = quantity * PRICE - taken_off
    assert held.data["totalAmount"] == total
    booked = shop.book_things(customer, wanted(event, code, quantity), total)
    assert (booked.status, booked.data["totalAmount"]) == (200, total)
    (row,) = shop.rows("bookings", **{"$id": booked.data["bookingId"]})
    assert (row["promoCode"], row["total"]) == (code, total)
    (order,) = shop.rows("orders", bookingId=booked.data["bookingId"])
    assert json.loads(order["lines"]) == held.data["lines"]


def test_it_does_not_matter_how_a_code_is_written(shop: Shop, customer: Customer, event: Event) -> None:
    code = shop.create_promo_code()
    assert discount(shop.hold(customer, wanted(event, f"  {code.lower()} "))) == 5_000


def test_the_fee_is_of_what_is_left_to_pay(shop: Shop) -> None:
    event = shop.create_event({"Standing": (PRICE, 10)}, feeBasisPoints=1_000)
    held = shop.hold(shop.create_customer(), wanted(event, shop.create_promo_code(basisPoints=5_000)))
    assert held.data["totalAmount"] == 25_000 + 2_500


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"active": False}, "switched off"),
        ({"validFrom": in_days(1)}, "not valid yet"),
        ({"validUntil": in_days(-1)}, "no longer valid"),
        ({"eventIds": ["another"]}, "another event"),
        ({"ticketTypeIds": ["another"]}, "other tickets"),
        ({"minimum": PRICE + 1}, "at least"),
    ],
)
def test_when_a_code_does_not_apply(
    shop: Shop, customer: Customer, event: Event, columns: dict[str, Any], sentence: str
) -> None:
    code = shop.create_promo_code(**columns)
    assert sentence in refused(shop.hold(customer, wanted(event, code)))
    assert sentence in refused(shop.book_things(customer, wanted(event, code), PRICE - 5_000))
    assert shop.rows("claims", eventId=event.id) == []


def test_a_code_that_does_not_exist(shop: Shop, customer: Customer, event: Event) -> None:
    assert "no such promo code" in refused(shop.hold(customer, wanted(event, "NOTHING")))


def test_a_code_that_applies(shop: Shop, customer: Customer, event: Event) -> None:
    code = shop.create_promo_code(
        validFrom=in_days(-1), validUntil=in_days(1), eventIds=[event.id, "another"], minimum=PRICE,
        ticketTypeIds=[event.kinds["Standing"].id],
    )  # fmt: skip
    items = [wanted(event, code, 1, kind) for kind in ("Standing", "Balcony")]
    held = shop.hold(customer, {"eventId": event.id, "promoCode": code, "items": items})
    assert discount(held) == 5_000


def test_a_code_that_is_used_up(shop: Shop, crowd: list[Customer], event: Event) -> None:
    code = shop.create_promo_code(uses=2)
    first = shop.hold(crowd[0], wanted(event, code))
    assert shop.book_things(crowd[1], wanted(event, code), 45_000).status == 200
    assert "used up" in refused(shop.hold(crowd[2], wanted(event, code)))
    refused_booking = shop.book_things(crowd[2], wanted(event, code), 45_000)
    assert "used up" in refused(refused_booking)
    assert refused_booking.body["details"]["payment"] == "refunded"
    released = execute(crowd[0].http, HOLD, {"action": "release", "bookingId": first.data["bookingId"]})
    assert released.status == 200
    assert shop.hold(crowd[2], wanted(event, code)).status == 200
    assert uses(shop, event) == 2


def test_once_for_everybody(shop: Shop, crowd: list[Customer], event: Event) -> None:
    code = shop.create_promo_code(usesPerUser=1)
    for customer in crowd[:2]:
        assert shop.hold(customer, wanted(event, code, 2)).status == 200
        assert "once, and you have" in refused(shop.hold(customer, wanted(event, code)))


def test_a_hold_keeps_its_use_when_it_is_paid(shop: Shop, customer: Customer, event: Event) -> None:
    code = shop.create_promo_code(uses=1)
    held = shop.hold(customer, wanted(event, code))
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    assert (booked.status, booked.data["totalAmount"]) == (200, 45_000)
    assert uses(shop, event) == 1
    assert "used up" in refused(shop.hold(shop.create_customer(), wanted(event, code)))


@pytest.mark.parametrize("is_returned", [True, False])
def test_whether_a_cancellation_gives_the_use_back(
    shop: Shop, customer: Customer, event: Event, is_returned: bool
) -> None:
    code = shop.create_promo_code(uses=1, returnedOnCancellation=is_returned)
    booked = shop.book_things(customer, wanted(event, code, 2), 90_000)
    part = {"bookingId": booked.data["bookingId"], "tickets": [1]}
    assert execute(customer.http, "cancel_booking", part).status == 200
    assert uses(shop, event) == 1, "a part of the booking still uses it"
    rest = execute(customer.http, "cancel_booking", {"bookingId": booked.data["bookingId"]})
    assert rest.status == 200, rest.body
    assert uses(shop, event) == (0 if is_returned else 1)
    again = shop.hold(shop.create_customer(), wanted(event, code))
    assert again.code == ("" if is_returned else "PROMO_INVALID")


@pytest.mark.local_only
def test_a_booking_that_is_undone_gives_the_use_back(
    shop: Shop, local: Http, customer: Customer, event: Event
) -> None:
    code = shop.create_promo_code(uses=1)
    path = "/v1/tablesdb/boxoffice/tables/orders/rows"
    ok(local.post("/faults", {"kind": "refuse", "method": "POST", "path": path, "status": 400}))
    try:
        failed = shop.book_things(customer, wanted(event, code), 45_000)
    finally:
        ok(local.delete("/faults"))
    assert failed.body["rollback"]["status"] == "complete", failed.body
    assert uses(shop, event) == 0
    assert shop.hold(customer, wanted(event, code)).status == 200


@pytest.mark.parametrize("way", ["hold", "book"])
def test_many_at_once_get_no_more_uses_than_there_are(
    shop: Shop, crowd: list[Customer], event: Event, way: str
) -> None:
    code = shop.create_promo_code(uses=5, usesPerUser=1)
    payments = [shop.pay(customer, 45_000) for customer in crowd] if way == "book" else []

    def act(number: int) -> Answer:
        if way == "hold":
            return shop.hold(crowd[number], wanted(event, code))
        body = {**wanted(event, code), "paymentId": payments[number]}
        return execute(crowd[number].http, "book_ticket_atomic", body)

    answers = all_at_once(CROWD, act)
    assert Counter(answer.code for answer in answers) == {"": 5, "PROMO_INVALID": CROWD - 5}
    # Five of all, and for each of the five one of their own.
    assert uses(shop, event) == 10
    assert len([row for row in shop.rows("claims", eventId=event.id) if row["ticket"]]) == 5


def test_one_user_many_times_at_once_gets_one_use(shop: Shop, customer: Customer, event: Event) -> None:
    code = shop.create_promo_code(usesPerUser=1)
    answers = all_at_once(CROWD, lambda number: shop.hold(customer, wanted(event, code)))
    assert Counter(answer.code for answer in answers) == {"": 1, "PROMO_INVALID": CROWD - 1}
    assert uses(shop, event) == 1


def test_an_amount_in_another_currency(shop: Shop, customer: Customer, event: Event) -> None:
    assert CURRENCY != "EUR"
    code = shop.create_promo_code(amount=500, currency="EUR")
    assert "another currency" in refused(shop.hold(customer, wanted(event, code)))

"""Several things in one booking, and every line of what they cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.project.shop import Answer, Customer, Event, Shop
from tests.support.qr import read_qr

PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A", "seats": "1-6", "category": "gold"}]}]}
GOLD, ADULT, CHILD = 90_000, 50_000, 20_001
GST = 1_800
CHARGES = {
    "feeBasisPoints": 250, "feeFixed": 1_000, "feePer": "ticket",
    "feeTaxBasisPoints": GST, "feeTaxIncluded": False,
    "ticketTaxBasisPoints": GST, "ticketTaxIncluded": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def customer(shop: Shop) -> Customer:
    """Somebody who books."""
    return shop.create_customer()


def two_kinds(shop: Shop, **columns: Any) -> Event:
    """An event for adults and children."""
    return shop.create_event({"Adult": (ADULT, 10), "Child": (CHILD, 4)}, **columns)


def family(event: Event, adults: int = 2, children: int = 3) -> dict[str, Any]:
    """The request of a family."""
    wanted = [("Adult", adults), ("Child", children)]
    items = [{"ticketTypeId": event.kinds[name].id, "quantity": count} for name, count in wanted]
    return {"eventId": event.id, "items": items}


def lines_of(shop: Shop, table: str, **where: str) -> list[dict[str, Any]]:
    """The lines of the only row."""
    (row,) = shop.rows(table, **where)
    lines: list[dict[str, Any]] = json.loads(row["lines"])
    return lines


def refusal(answer: Answer, code: str) -> dict[str, Any]:
    """The details of a refusal."""
    assert answer.code == code, answer.body
    details: dict[str, Any] = answer.body["details"]
    return details


def test_tickets_of_several_types_are_one_booking(shop: Shop, customer: Customer) -> None:
    event = two_kinds(shop)
    booked = shop.book_things(customer, family(event), 2 * ADULT + 3 * CHILD)
    assert booked.status == 200, booked.body
    assert (booked.data["quantity"], booked.data["totalAmount"]) == (5, 2 * ADULT + 3 * CHILD)
    names = [ticket["ticketTypeName"] for ticket in booked.data["tickets"]]
    assert names == ["Adult", "Adult", "Child", "Child", "Child"]
    assert [ticket["number"] for ticket in booked.data["tickets"]] == [1, 2, 3, 4, 5]
    rows = shop.rows("tickets", bookingId=booked.data["bookingId"])
    assert {row["ticketTypeId"] for row in rows} == {kind.id for kind in event.kinds.values()}
    claims = shop.rows("claims", bookingId=booked.data["bookingId"])
    assert sorted(row["ticket"] for row in claims) == [1, 2, 3, 4, 5]
    assert len({row["poolId"] for row in claims}) == 2


def test_each_ticket_has_its_own_code(shop: Shop, customer: Customer) -> None:
    booked = shop.book_things(customer, family(two_kinds(shop), 1, 2), ADULT + 2 * CHILD)
    codes = set()
    for file_id in booked.data["qrCodeFileIds"]:
        image = shop.http.get(f"/storage/buckets/tickets/files/{file_id}/view").content
        codes.add(read_qr(image))
    assert codes == {row["code"] for row in shop.rows("tickets", bookingId=booked.data["bookingId"])}
    assert len(codes) == 3


def test_one_type_that_is_short_refuses_the_whole_booking(shop: Shop, customer: Customer) -> None:
    event = two_kinds(shop)
    assert shop.book(customer, event, "Child", 2).status == 200
    refused = shop.book_things(customer, family(event), 2 * ADULT + 3 * CHILD)
    assert refusal(refused, "INSUFFICIENT_TICKETS")["available"] == 2
    assert refused.body["details"]["payment"] == "refunded"
    assert len(shop.rows("claims", eventId=event.id)) == 2


def test_every_line_adds_up_in_the_hold_the_booking_and_the_order(shop: Shop, customer: Customer) -> None:
    event = two_kinds(shop, **CHARGES)
    held = shop.hold(customer, family(event))
    lines = held.data["lines"]
    tickets = 2 * ADULT + 3 * CHILD
    share = (tickets * 250 + 5_000) // 10_000
    fixed = 5 * 1_000
    assert sum(line["amount"] for line in lines if line["kind"] == "tickets") == tickets
    assert sum(line["amount"] for line in lines if line["kind"] == "fee") == share + fixed
    # Tax comes on top of the fee, half-up for each of its lines, and is inside the tickets' prices.
    on_fees = sum((line["amount"] * GST + 5_000) // 10_000 for line in lines if line["kind"] == "fee")
    assert sum(line["amount"] for line in lines if line["kind"] == "fee_tax") == on_fees
    assert {line["kind"] for line in lines} == {"tickets", "fee", "fee_tax"}
    assert (
        held.data["totalAmount"] == sum(line["amount"] for line in lines) == tickets + share + fixed + on_fees
    )
    for line in lines:
        if line["kind"] == "tickets":
            assert line["tax"] == round(line["amount"] * GST / (10_000 + GST))
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    assert booked.data["totalAmount"] == held.data["totalAmount"]
    assert lines_of(shop, "bookings", **{"$id": booked.data["bookingId"]}) == lines
    assert lines_of(shop, "orders", bookingId=booked.data["bookingId"]) == lines


def test_a_direct_booking_costs_what_a_hold_of_the_same_costs(shop: Shop, customer: Customer) -> None:
    event = two_kinds(shop, **CHARGES)
    held = shop.hold(customer, family(event, 1, 1))
    booked = shop.book_things(customer, family(event, 1, 1), held.data["totalAmount"])
    assert booked.status == 200, booked.body
    assert lines_of(shop, "orders", bookingId=booked.data["bookingId"]) == held.data["lines"]
    refused = shop.book_things(customer, family(event, 1, 1), ADULT + CHILD)
    refusal(refused, "PAYMENT_AMOUNT_MISMATCH")


def test_tickets_seats_and_a_time_of_one_event_together(shop: Shop, customer: Customer) -> None:
    event = shop.create_event({"Parking": (10_000, 2)})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": GOLD})
    service = shop.create_service(eventId=event.id, name="Backstage")
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    items = [
        {"showtimeId": showtime, "quantity": 2},
        {"ticketTypeName": "Parking", "quantity": 1},
        {"serviceId": service, "startsAt": f"{day}T10:00:00Z", "duration": 60},
    ]
    held = shop.hold(customer, {"eventId": event.id, "items": items})
    assert [(one["kind"], one["quantity"]) for one in held.data["items"]] == [
        ("seats", 2), ("tickets", 1), ("time", 1),
    ]  # fmt: skip
    assert held.data["totalAmount"] == 2 * GOLD + 10_000 + 100_000
    booked = shop.book_hold(customer, held, shop.pay_for(customer, held))
    shown = [(ticket["ticketTypeName"], ticket["seat"] is None) for ticket in booked.data["tickets"]]
    assert shown == [("gold", False), ("gold", False), ("Parking", True), ("Backstage", True)]
    claims = shop.rows("claims", bookingId=held.data["bookingId"])
    assert sorted(row["ticket"] for row in claims) == [1, 2, 3, 4, 4, 4, 4]


def test_things_of_two_events_are_two_bookings(shop: Shop, customer: Customer) -> None:
    one, other = two_kinds(shop), two_kinds(shop)
    items = [{"eventId": event.id, "ticketTypeName": "Adult", "quantity": 1} for event in (one, other)]
    assert refusal(shop.hold(customer, {"items": items}), "VALIDATION_ERROR")["field"] == "items"


def test_ten_tickets_are_the_most_altogether(shop: Shop, customer: Customer) -> None:
    event = two_kinds(shop)
    assert refusal(shop.hold(customer, family(event, 8, 3)), "INVALID_QUANTITY")["field"] == "quantity"
    assert shop.hold(customer, family(event, 7, 3)).status == 200


def test_the_same_type_twice_takes_different_places(shop: Shop, customer: Customer) -> None:
    event = shop.create_event({"Adult": (ADULT, 4)})
    items = [{"ticketTypeName": "Adult", "quantity": 2}, {"ticketTypeName": "Adult", "quantity": 2}]
    booked = shop.book_things(customer, {"eventId": event.id, "items": items}, 4 * ADULT)
    assert booked.status == 200, booked.body
    assert len(shop.rows("claims", eventId=event.id)) == 4


def test_the_same_seat_twice_is_refused(shop: Shop, customer: Customer) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": GOLD})
    items = [{"showtimeId": showtime, "seats": ["A1", "A2"]}, {"showtimeId": showtime, "seats": ["A2"]}]
    refused = shop.hold(customer, {"items": items})
    assert refusal(refused, "INVALID_SEAT")["seats"] == [{"seat": "A2", "reason": "repeated"}]
    assert shop.rows("claims", eventId=event.id) == []


def test_a_named_seat_and_the_best_ones_are_different_seats(shop: Shop, customer: Customer) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": GOLD})
    items = [{"showtimeId": showtime, "quantity": 3}, {"showtimeId": showtime, "seats": ["A3"]}]
    booked = shop.book_things(customer, {"items": items}, 4 * GOLD)
    assert booked.status == 200, booked.body
    assert len({ticket["seat"] for ticket in booked.data["tickets"]}) == 4
    items = [{"showtimeId": showtime, "quantity": 1}, {"showtimeId": showtime, "quantity": 1}]
    assert shop.book_things(customer, {"items": items}, 2 * GOLD).status == 200

"""A booking is moved to a seat that a buyer wants at the same moment: one of them has it."""

from __future__ import annotations

from collections import Counter

import pytest

from scripts.project.shop import BOOK, Answer, Customer, Shop, execute
from tests.support.crowd import all_at_once
from tests.support.faults import faults
from tests.support.local_server import Http, LocalServer

MANAGE, HOLD = "manage_events", "hold_tickets"
PRICE = 50_000
ROUNDS, MOVERS = 10, 12
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-J", "seats": "1-40", "category": "gold"}]}]}

# Holds have looked whether their seats are free, and wait for the gateway before they claim them.
BUYERS_HELD_UP = {"kind": "delay", "seconds": 0.5, "method": "POST", "path": "/razorpay/v1/orders"}


@pytest.fixture(scope="module")
def showtime(shop: Shop) -> str:
    """A hall with 400 seats."""
    return shop.create_showtime(shop.create_event({}).id, PLAN, {"gold": PRICE})


def hold(shop: Shop, customer: Customer, showtime: str, *labels: str) -> Answer:
    """One hold."""
    return execute(customer.http, HOLD, {"showtimeId": showtime, "seats": list(labels)})


def pay(shop: Shop, customer: Customer, held: Answer) -> Answer:
    """Completes a hold."""
    payment = shop.pay(customer, held.data["totalAmount"], orderId=held.data["gatewayOrderId"])
    return execute(customer.http, BOOK, {"bookingId": held.data["bookingId"], "paymentId": payment})


def move(shop: Shop, booking_id: str, **tickets: str) -> Answer:
    """One move by a server with a key; tickets: their numbers after a `t`."""
    wanted = {number[1:]: label for number, label in tickets.items()}
    body = {"action": "moveBooking", "bookingId": booking_id, "tickets": wanted, "reason": "A broken seat."}
    return execute(shop.http, MANAGE, body)


def seats_of(shop: Shop, booking_id: str) -> dict[int, list[str]]:
    """The labels of what a booking has, by ticket."""
    found: dict[int, list[str]] = {}
    for claim in shop.rows("claims", bookingId=booking_id):
        if claim["ticket"]:
            found.setdefault(claim["ticket"], []).append(claim["label"])
    return found


def test_a_move_and_a_buyer_want_the_same_seat(shop: Shop, local: Http, showtime: str) -> None:
    won: Counter[str] = Counter()
    for number in range(1, ROUNDS + 1):
        owner, buyer = shop.create_customer(), shop.create_customer()
        held = hold(shop, owner, showtime, f"A{number}")
        assert pay(shop, owner, held).status == 200
        booking, target = str(held.data["bookingId"]), f"B{number}"
        with faults(local, *[BUYERS_HELD_UP] * (number % 2)):
            codes = [answer.code for answer in race(shop, buyer, showtime, booking, target)]
        assert sorted(codes) == ["", "SEAT_UNAVAILABLE"], codes
        moved = codes[0] == ""
        assert seats_of(shop, booking) == {1: [target if moved else f"A{number}"]}
        (ticket,) = shop.rows("tickets", bookingId=booking)
        assert ticket["seat"] == (target if moved else f"A{number}")
        won["move" if moved else "buyer"] += 1
    assert won["move"] and won["buyer"], won


def race(shop: Shop, buyer: Customer, showtime: str, booking: str, target: str) -> list[Answer]:
    """A move of the booking and a hold of the same seat, at the same moment."""

    def act(number: int) -> Answer:
        return hold(shop, buyer, showtime, target) if number else move(shop, booking, t1=target)

    return all_at_once(2, act)


def test_many_moves_of_one_booking_leave_each_ticket_one_seat(
    shop: Shop, server: LocalServer, showtime: str
) -> None:
    owner = shop.create_customer()
    held = hold(shop, owner, showtime, "D1", "D2")
    assert pay(shop, owner, held).status == 200
    booking = str(held.data["bookingId"])

    def act(number: int) -> Answer:
        return move(shop, booking, t1=f"E{number + 1}", t2=f"F{number + 1}")

    answers = all_at_once(MOVERS, act)
    assert {answer.code for answer in answers} <= {"", "CONFLICT_ERROR"}
    assert "" in {answer.code for answer in answers}
    seats = seats_of(shop, booking)
    assert {number: len(labels) for number, labels in seats.items()} == {1: 1, 2: 1}
    row, seat = seats[1][0][0], seats[1][0][1:]
    assert (row, seats[2][0]) == ("E", f"F{seat}")
    printed = {ticket["number"]: [ticket["seat"]] for ticket in shop.rows("tickets", bookingId=booking)}
    assert printed == seats


def test_many_bookings_move_to_one_seat(shop: Shop, showtime: str) -> None:
    bookings = []
    for number in range(1, 7):
        owner = shop.create_customer()
        held = hold(shop, owner, showtime, f"G{number}")
        assert pay(shop, owner, held).status == 200
        bookings.append(str(held.data["bookingId"]))
    answers = all_at_once(len(bookings), lambda number: move(shop, bookings[number], t1="H1"))
    assert Counter(answer.code for answer in answers) == {"": 1, "SEAT_UNAVAILABLE": len(bookings) - 1}
    for number, (booking, answer) in enumerate(zip(bookings, answers, strict=True), start=1):
        assert seats_of(shop, booking) == {1: ["H1" if answer.status == 200 else f"G{number}"]}

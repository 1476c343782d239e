"""Many give the same tickets back at once, to deployed functions: one outcome, and money leaves once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from scripts.appwrite_http import RefusedError, ok
from scripts.project.shop import Answer, Customer, Event, execute
from tests.conftest import arena_serving
from tests.support.arena import Arena
from tests.support.crowd import all_at_once
from tests.support.local_server import wait_until

pytestmark = pytest.mark.local_only

PRICE = 50_000
ROUNDS = 12


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server on which one user may ask as often as these tests do."""
    yield from arena_serving(
        tmp_path_factory.mktemp("cancelling") / "data",
        RATE_LIMITS="cancel=10000/60 book=10000/60",
        ADDRESS_LIMITS="",
    )


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


def booked(arena: Arena, customer: Customer, quantity: int = 3) -> tuple[Event, dict[str, Any]]:
    """An event of which somebody has booked everything."""
    event = arena.shop.create_event({"Standing": (PRICE, quantity)}, refundSteps="24:100")
    answer = arena.shop.book(customer, event, "Standing", quantity)
    assert answer.status == 200, answer
    return event, answer.data


def cancel(customer: Customer, booking: dict[str, Any], *numbers: int) -> Answer:
    """One execution."""
    body: dict[str, Any] = {"bookingId": booking["bookingId"]}
    return execute(customer.http, "cancel_booking", {**body, "tickets": list(numbers)} if numbers else body)


def admit(arena: Arena, booking: dict[str, Any], number: int) -> bool:
    """Whether the gate let somebody in with a ticket."""
    columns = {"bookingId": booking["bookingId"], "kind": "admitted", "by": "gate"}
    try:
        arena.shop.create_row("checkins", booking["ticketIds"][number - 1], columns)
    except RefusedError:
        return False
    return True


def refunded(arena: Arena, event: Event) -> list[int]:
    """Every refund to customers of an event."""
    payments = {row["paymentId"] for row in arena.shop.rows("bookings", eventId=event.id)}
    return sorted(
        entry["amount"]
        for entry in arena.ledger()
        if entry["paymentId"] in payments and entry["movement"] == "refunded"
    )


def balanced(arena: Arena, event: Event) -> None:
    """Nothing is left to do, and the books of the event are in order."""
    arena.settle()
    assert arena.books(event.id).violations() == []


@pytest.mark.parametrize("numbers", [(), (2,), (1, 3)])
def test_the_same_by_everybody_at_once_is_one_cancellation(
    arena: Arena, customer: Customer, numbers: tuple[int, ...]
) -> None:
    event, booking = booked(arena, customer)
    answers = all_at_once(16, lambda _: cancel(customer, booking, *numbers))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.data["cancellationId"] for answer in answers}) == 1
    assert refunded(arena, event) == [PRICE * (len(numbers) or 3)]
    balanced(arena, event)


def test_of_those_that_overlap_one_wins_as_a_whole(arena: Arena, customer: Customer) -> None:
    wishes = [(1, 2), (2, 3), (1, 3), (1, 2, 3)]
    for _ in range(ROUNDS):
        event, booking = booked(arena, customer)
        answers = all_at_once(8, lambda n, booking=booking: cancel(customer, booking, *wishes[n % 4]))  # type: ignore[misc]
        won = {tuple(t["number"] for t in a.data["tickets"]) for a in answers if a.status == 200}
        assert len(won) == 1
        assert {answer.code for answer in answers} <= {"", "NOT_CANCELLABLE"}
        assert refunded(arena, event) == [PRICE * len(next(iter(won)))]
        balanced(arena, event)


def test_different_tickets_at_once_all_go_back(arena: Arena, customer: Customer) -> None:
    for _ in range(ROUNDS):
        event, booking = booked(arena, customer)
        answers = all_at_once(3, lambda n, booking=booking: cancel(customer, booking, n + 1))  # type: ignore[misc]
        assert [answer.status for answer in answers] == [200] * 3
        (row,) = arena.shop.rows("bookings", eventId=event.id)
        assert (row["status"], row["paymentStatus"]) == ("cancelled", "refunded")
        (order,) = arena.shop.rows("orders", eventId=event.id)
        assert (order["status"], order["refunded"]) == ("cancelled", 3 * PRICE)
        assert refunded(arena, event) == [PRICE] * 3
        balanced(arena, event)


def test_at_the_gate_a_ticket_is_used_or_given_back(arena: Arena, customer: Customer) -> None:
    endings: Counter[bool] = Counter()
    for number in range(2 * ROUNDS):
        event, booking = booked(arena, customer)
        came_in, answer = AT_THE_GATE[number % len(AT_THE_GATE)](arena, customer, booking)
        assert came_in == (answer.code == "NOT_CANCELLABLE"), answer
        assert refunded(arena, event) == ([] if came_in else [3 * PRICE])
        endings[came_in] += 1
        balanced(arena, event)
    each = 2 * ROUNDS // len(AT_THE_GATE)
    assert endings[True] >= each and endings[False] >= each, endings


def at_once(arena: Arena, customer: Customer, booking: dict[str, Any]) -> tuple[bool, Answer]:
    """Somebody stands at the gate with a ticket and cancels all of them."""
    answers: list[Any] = all_at_once(
        2, lambda number: cancel(customer, booking) if number else admit(arena, booking, 2)
    )
    return answers[0], answers[1]


def held_up(
    arena: Arena, customer: Customer, booking: dict[str, Any], *, has_won: bool
) -> tuple[bool, Answer]:
    """As above; the gate is asked when the cancellation is about to win the tickets, or has just won them."""
    slow = {"kind": "delay", "seconds": 0.3, "after": has_won, "method": "POST", "fromFunctions": True}
    with arena.faults({**slow, "path": "/v1/tablesdb/boxoffice/tables/checkins/rows"}) as (fault,):

        def is_there() -> bool:
            return bool(arena.shop.rows("checkins", bookingId=booking["bookingId"]))

        def admit_then() -> bool:
            wait_until(is_there if has_won else lambda: arena.hits()[fault] > 0)
            return admit(arena, booking, 2)

        answers: list[Any] = all_at_once(
            2, lambda number: cancel(customer, booking) if number else admit_then()
        )
    return answers[0], answers[1]


AT_THE_GATE = (at_once, partial(held_up, has_won=False), partial(held_up, has_won=True))


def test_the_sweep_and_the_client_finish_the_same_one(arena: Arena, customer: Customer) -> None:
    for _ in range(ROUNDS // 3):
        event, booking = booked(arena, customer)
        fault = {"kind": "kill_function_after", "method": "POST", "fromFunctions": True, "nth": 1}
        with arena.faults({**fault, "path": "/v1/tablesdb/boxoffice/tables/checkins/rows"}):
            assert cancel(customer, booking).body == {}
        arena.set_clock(125)
        try:
            answers = all_at_once(
                6,
                lambda n, booking=booking: arena.sweep() if n % 2 else cancel(customer, booking),  # type: ignore[misc]
            )
        finally:
            arena.set_clock(0)
        assert {answer.status for answer in answers} == {200}
        assert refunded(arena, event) == [3 * PRICE]
        balanced(arena, event)


def test_sweeps_at_once_give_the_money_of_a_cancelled_event_back_once(arena: Arena) -> None:
    event = arena.shop.create_event({"Standing": (PRICE, 100)})
    customers = [arena.shop.create_customer() for _ in range(20)]
    answers = all_at_once(20, lambda n: arena.shop.book(customers[n], event, "Standing", 2))
    assert {answer.status for answer in answers} == {200}
    row = f"/tablesdb/boxoffice/tables/events/rows/{event.id}"
    ok(arena.http.patch(row, {"data": {"status": "cancelled"}}))
    swept = all_at_once(4, lambda _: arena.sweep())
    assert {answer.status for answer in swept} == {200}
    arena.settle()
    assert refunded(arena, event) == [2 * PRICE] * 20
    assert {row["status"] for row in arena.shop.rows("bookings", eventId=event.id)} == {"cancelled"}
    balanced(arena, event)

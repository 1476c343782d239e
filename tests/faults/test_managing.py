"""Every call of a block and of a move fails in every way: in the end it is done, or nothing has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.project.shop import BOOK, Answer, Shop, execute
from tests.faults.harness import FAULTS, Fault, Point
from tests.support.arena import Arena
from tests.support.calls import Call, entries_of

pytestmark = pytest.mark.local_only

MANAGE, HOLD = "manage_events", "hold_tickets"
PRICE = 50_000
REASON = "Technical reasons."
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-C", "seats": "1-50", "category": "gold"}]}]}


@dataclass(frozen=True, slots=True)
class Request:
    """What an administrator asks for, and what there may be in the end: `before` it or `after`."""

    event_id: str
    body: dict[str, Any]
    found: Callable[[], object]
    before: object
    after: object


def block(shop: Shop) -> Request:
    """A block that takes two calls."""
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    body = {
        "action": "blockUnits", "showtimeId": showtime, "sections": ["S"], "reason": REASON,
        "requestId": f"block-{showtime}",
    }  # fmt: skip
    return Request(event.id, body, lambda: len(shop.rows("claims", eventId=event.id)), 0, 150)


def move(shop: Shop) -> Request:
    """A move of two tickets."""
    event, customer = shop.create_event({}), shop.create_customer()
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    hold = execute(customer.http, HOLD, {"showtimeId": showtime, "seats": ["A1", "A2"]}).data
    payment = shop.pay(customer, hold["totalAmount"], orderId=hold["gatewayOrderId"])
    paid = execute(customer.http, BOOK, {"bookingId": hold["bookingId"], "paymentId": payment})
    assert paid.status == 200
    body = {
        "action": "moveBooking", "bookingId": hold["bookingId"], "tickets": {"1": "B1", "2": "B2"},
        "reason": REASON,
    }  # fmt: skip

    def found() -> object:
        claims = shop.rows("claims", bookingId=hold["bookingId"])
        tickets = shop.rows("tickets", bookingId=hold["bookingId"])
        return (
            sorted((claim["ticket"], claim["label"]) for claim in claims if claim["ticket"]),
            sorted((ticket["number"], ticket["seat"]) for ticket in tickets),
        )

    old, new = [(1, "A1"), (2, "A2")], [(1, "B1"), (2, "B2")]
    return Request(event.id, body, found, (old, old), (new, new))


# An administrator may ask again, so what matters is what is left behind.
_WORST = ("reply lost", "killed before", "killed after", "refused 503 and on")
WORST = [fault for fault in FAULTS if fault.name in _WORST]

USE_CASES = {"block": block, "move": move}
_points: dict[str, list[Point]] = {}


def ask(arena: Arena, request: Request) -> Answer:
    """One execution by a server with a key."""
    return execute(arena.http, MANAGE, request.body)


def points(arena: Arena, name: str) -> list[Point]:
    """The calls of a use case, found once."""
    if name not in _points:
        request = USE_CASES[name](arena.shop)
        since = arena.last_request()
        answer = ask(arena, request)
        assert answer.status == 200, answer.body
        counted: Counter[Call] = Counter()
        _points[name] = []
        for entry in entries_of(arena.local, answer.execution["$id"], "no-payment", since):
            call = Call.of(entry)
            counted[call] += 1
            _points[name].append(Point(call, counted[call]))
    return _points[name]


@pytest.mark.parametrize("fault", WORST, ids=lambda fault: fault.name)
@pytest.mark.parametrize("name", USE_CASES)
def test_whatever_happens_to_any_call_it_is_done_or_nothing_has_changed(
    arena: Arena, name: str, fault: Fault
) -> None:
    found = points(arena, name)
    assert len(found) > 8
    problems = {str(point): problem for point in found if (problem := run(arena, name, point, fault))}
    assert problems == {}


def run(arena: Arena, name: str, point: Point, fault: Fault) -> str:
    """What was wrong in the end of one run with one fault; empty when nothing was."""
    request = USE_CASES[name](arena.shop)
    window = {"from": point.nth, "count": 0} if fault.lasts else {"nth": point.nth}
    call = {"functionId": MANAGE, "method": point.call.method, "path": point.call.path}
    since = arena.last_request()
    with arena.faults({**fault.body, **window, **call}) as (fault_id,):
        answer = ask(arena, request)
        hits = arena.hits()[fault_id]
        arena.wait_for_answers(fault_id, since)
    if not hits:
        return "the call was not made, so nothing was tried"
    if answer.body.get("success") and request.found() != request.after:
        return f"the administrator was told that it is done, and there is {request.found()}"
    arena.settle()
    there = request.found()
    if there not in (request.before, request.after):
        return f"there is {there}"
    again = ask(arena, request)
    if not again.body.get("success") or request.found() != request.after:
        return f"asked again: {again.status} {again.body.get('code')}, and there is {request.found()}"
    return "; ".join(arena.books(request.event_id).violations())

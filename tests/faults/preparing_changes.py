"""What the use cases of administrators need: what there is to block and to move, and who holds what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.project.shop import HOLD, Answer, Customer, Event, Shop, execute
from tests.faults.changes import Change
from tests.faults.harness import Client
from tests.faults.preparing import KIND, MANAGE, PRICE
from tests.support.arena import PATIENCE_SECONDS, Arena

REASON = "Technical reasons."
PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-C", "seats": "1-50", "category": "gold"}]}]}

# Whoever began something is given up by then, a change that they left is finished, and a hold is still there.
_SOON = 300.0

Prepare = Callable[[Arena], Client]
Units = Callable[[Shop], tuple[str, Mapping[str, Any], int]]
"""Makes what can be blocked: whose claims are looked at, how it is asked for, and how many units it is."""


def hall(shop: Shop) -> tuple[str, Mapping[str, Any], int]:
    """More seats than one call takes."""
    event = shop.create_event({})
    return (
        event.id,
        {"showtimeId": shop.create_showtime(event.id, PLAN, {"gold": PRICE}), "sections": ["S"]},
        150,
    )


def some_seats(shop: Shop) -> tuple[str, Mapping[str, Any], int]:
    """Two seats."""
    event_id, wanted, _ = hall(shop)
    return event_id, {"showtimeId": wanted["showtimeId"], "seats": ["A1", "B2"]}, 2


def places(shop: Shop) -> tuple[str, Mapping[str, Any], int]:
    """Two of three standing places."""
    event = shop.create_event({KIND: (PRICE, 3)})
    return event.id, {"ticketTypeId": event.kinds[KIND].id, "quantity": 2}, 2


def times(shop: Shop) -> tuple[str, Mapping[str, Any], int]:
    """An hour of a service, in parts of fifteen minutes."""
    service = shop.create_service()
    day = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
    period = {"from": day.isoformat(), "to": (day + timedelta(hours=1)).isoformat()}
    return service, {"serviceId": service, **period}, 4


def blocking(units: Units) -> Prepare:
    """Prepares a block of some units."""

    def prepare(arena: Arena) -> Client:
        event_id, wanted, count = units(arena.shop)
        body = {"action": "blockUnits", **wanted, "reason": REASON, "requestId": f"block-{event_id}"}
        return _managing(arena, event_id, body, Change(lambda: _blocked(arena.shop, event_id), 0, count))

    return prepare


def unblocking(units: Units, by_name: bool = False) -> Prepare:
    """Prepares a block that is lifted, or of which the same units are unblocked by their names."""

    def prepare(arena: Arena) -> Client:
        event_id, wanted, count = units(arena.shop)
        made = _manage(arena, action="blockUnits", **wanted)
        which = wanted if by_name else {"blockId": made.data["blockId"]}
        body = {"action": "unblockUnits", **which, "reason": REASON}
        return _managing(arena, event_id, body, Change(lambda: _blocked(arena.shop, event_id), count, 0))

    return prepare


def moving_booking(arena: Arena) -> Client:
    """Prepares a booking of two seats that gets two others."""
    return _moving(arena, is_paid=True)


def moving_hold(arena: Arena) -> Client:
    """Prepares an unpaid hold of two seats that gets two others."""
    return _moving(arena, is_paid=False)


def asking_to_confirm(arena: Arena) -> Client:
    """Prepares a hold whose owner is asked whether to keep it."""
    event, _, held = _held_place(arena.shop)
    booking_id = held.data["bookingId"]
    body = {"action": "askToConfirm", "bookingIds": [booking_id], "seconds": 600, "reason": REASON}

    def found() -> object:
        (booking,) = arena.shop.rows("bookings", **{"$id": booking_id})
        told = arena.shop.rows("outbox", bookingId=booking_id, kind="hold.to_confirm")
        return booking["keptUntil"] is not None and (len(told) > 0 or "its owner was not told")

    def is_told(answer: Answer) -> bool:
        """The answer to a list names those who were asked, and those who were not."""
        return bool(answer.body.get("success")) and answer.data["asked"] == [booking_id]

    return _managing(arena, event.id, body, Change(found, False, True, is_told), _SOON)


def parking(arena: Arena) -> Client:
    """Prepares a request for what somebody else holds, which an administrator is to decide about."""
    event, _, _ = _held_place(arena.shop, conflictPolicy="admin_decides")
    customer = arena.shop.create_customer()

    def ask() -> Answer:
        """A request that died before it had anything is over; people begin another one."""
        answers = (arena.shop.hold(customer, {**_place(event), "requestId": name}) for name in ("one", "two"))
        first = next(answers)
        return next(answers) if first.code == "HOLD_EXPIRED" else first

    def found() -> object:
        return [case["state"] for case in _cases(arena.shop, event.id)]

    def is_told(answer: Answer) -> bool:
        return "caseId" in answer.body.get("details", {})

    change = Change(found, [], ["open"], is_told)
    return Client(event.id, customer.user_id, "", ask, HOLD, change=change, patience=(_SOON,), later=_SOON)


def deciding(decision: str, after: tuple[str, str]) -> Prepare:
    """Prepares such a request, about which is decided. after: its state then, and who has the place."""

    def prepare(arena: Arena) -> Client:
        shop = arena.shop
        event, holder, _ = _held_place(shop, conflictPolicy="admin_decides")
        customer = shop.create_customer()
        waits = shop.hold(customer, _place(event))
        case_id = waits.body["details"]["caseId"]
        names = {holder.user_id: "holder", customer.user_id: "requester"}

        def found() -> object:
            """A decision is carried out when it is asked for once more: until then nothing is promised."""
            (case,) = _cases(shop, event.id)
            who = {row["$id"]: names[row["userId"]] for row in shop.rows("bookings", eventId=event.id)}
            claims = [claim for claim in shop.rows("claims", eventId=event.id) if claim["ticket"]]
            there = (case["state"], " and ".join(who[claim["bookingId"]] for claim in claims))
            is_told = shop.rows("outbox", userId=customer.user_id, kind=f"case.{case['state']}")
            return after if there == after and is_told else ("open", "holder")

        body = {"action": "decideCase", "caseId": case_id, "decision": decision, "reason": REASON}
        return _managing(arena, event.id, body, Change(found, ("open", "holder"), after), _SOON)

    return prepare


def _moving(arena: Arena, is_paid: bool) -> Client:
    shop = arena.shop
    event, customer = shop.create_event({}), shop.create_customer()
    showtime = shop.create_showtime(event.id, PLAN, {"gold": PRICE})
    held = shop.hold(customer, {"showtimeId": showtime, "seats": ["A1", "A2"]})
    booking_id, payment_id = held.data["bookingId"], ""
    if is_paid:
        payment_id = shop.pay_for(customer, held)
        assert shop.book_hold(customer, held, payment_id).status == 200

    def found() -> object:
        claims = shop.rows("claims", bookingId=booking_id)
        tickets = shop.rows("tickets", bookingId=booking_id)
        return (
            sorted((claim["ticket"], claim["label"]) for claim in claims if claim["ticket"]),
            sorted((ticket["number"], ticket["seat"]) for ticket in tickets),
        )

    old, new = [(1, "A1"), (2, "A2")], [(1, "B1"), (2, "B2")]
    change = Change(found, (old, old if is_paid else []), (new, new if is_paid else []))
    seats = {"1": "B1", "2": "B2"}
    body = {"action": "moveBooking", "bookingId": booking_id, "tickets": seats, "reason": REASON}
    client = _managing(arena, event.id, body, change, 0.0 if is_paid else _SOON)
    return replace(client, payment_id=payment_id)


def _managing(
    arena: Arena,
    event_id: str,
    body: Mapping[str, Any],
    change: Change,
    later: float = 0.0,
) -> Client:
    """A server with a key that asks for a change. later: when it asks for the last time, if not at once."""
    return Client(
        event_id,
        user_id="",
        payment_id="",
        ask=lambda: execute(arena.http, MANAGE, body),
        function_id=MANAGE,
        change=change,
        patience=(later,) if later else PATIENCE_SECONDS,
        later=later,
    )


def _manage(arena: Arena, **body: Any) -> Answer:
    answer = execute(arena.http, MANAGE, {**body, "reason": REASON})
    assert answer.status == 200, answer.body
    return answer


def _held_place(shop: Shop, **columns: Any) -> tuple[Event, Customer, Answer]:
    event, customer = shop.create_event({KIND: (PRICE, 1)}, **columns), shop.create_customer()
    return event, customer, shop.hold(customer, _place(event))


def _place(event: Event) -> dict[str, Any]:
    return {"eventId": event.id, "ticketTypeName": KIND, "quantity": 1}


def _blocked(shop: Shop, event_id: str) -> int:
    return len(shop.rows("claims", eventId=event_id, state="BLOCKED"))


def _cases(shop: Shop, event_id: str) -> list[dict[str, Any]]:
    return shop.rows("cases", eventId=event_id, kind="conflict")

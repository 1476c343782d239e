"""What the use cases of the matrix need: an event and customers of their own, and what was done before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.project.shop import BOOK, HOLD, Answer, Customer, Event, Shop, execute
from scripts.project.webhooks import WEBHOOK_FUNCTION
from tests.faults.harness import Client
from tests.support.arena import SWEEP, Arena
from tests.support.local_server import ok
from tests.support.payments import events
from tests.support.webhooks import hand_over

PRICE = 50_000
KIND = "Standing"
CANCEL = "cancel_booking"
MANAGE = "manage_events"
HALL = {"sections": [{"id": "S", "rows": [{"rows": "A", "seats": "1-4", "category": "gold"}]}]}

# A hold lasts 900 seconds, and nobody is at work on one that was made as long ago.
HOLD_IS_OVER, HOLD_IS_HALF_OVER = 1_000.0, 400.0

Prepare = Callable[[Arena], Client]
Wanted = Mapping[str, Any]
Things = Callable[[Shop], tuple[str, Wanted, int]]
"""Makes what can be booked: the event's id, how it is asked for, and what it costs."""


def booking(
    payment: str = "captured", quantity: int = 1, sold_out: bool = False, overpaid: int = 0
) -> Prepare:
    """Prepares a booking of so many tickets, for an event and by a customer of its own."""

    def prepare(arena: Arena) -> Client:
        shop = arena.shop
        event, customer = shop.create_event({KIND: (PRICE, quantity)}), shop.create_customer()
        if sold_out:
            assert shop.book(shop.create_customer(), event, KIND, quantity).status == 200
        payment_id = shop.pay(customer, PRICE * quantity + overpaid, status=payment)
        return Client(
            event.id,
            customer.user_id,
            payment_id,
            lambda: shop.book(customer, event, KIND, quantity, payment_id),
        )

    return prepare


def booking_of(things: Things) -> Prepare:
    """Prepares a booking of some things."""

    def prepare(arena: Arena) -> Client:
        event_id, wanted, price = things(arena.shop)
        customer = arena.shop.create_customer()
        payment_id = arena.shop.pay(customer, price) if price else ""
        body = {**wanted, "paymentId": payment_id} if price else {**wanted, "requestId": "one"}
        return Client(event_id, customer.user_id, payment_id, lambda: execute(customer.http, BOOK, body))

    return prepare


def cancelling(quantity: int, *numbers: int) -> Prepare:
    """Prepares a booking of so many tickets, of which those with these numbers, or all, are given back."""

    def prepare(arena: Arena) -> Client:
        shop = arena.shop
        event = shop.create_event({KIND: (PRICE, quantity)}, refundSteps="24:50")
        customer = shop.create_customer()
        payment_id = shop.pay(customer, PRICE * quantity)
        booked = shop.book(customer, event, KIND, quantity, payment_id)
        body: dict[str, Any] = {"bookingId": booked.data["bookingId"]}
        if numbers:
            body["tickets"] = list(numbers)
        return Client(
            event.id, customer.user_id, payment_id, lambda: execute(customer.http, CANCEL, body), CANCEL
        )

    return prepare


def holding(things: Things) -> Prepare:
    """Prepares a hold of some things."""

    def prepare(arena: Arena) -> Client:
        event_id, wanted, _ = things(arena.shop)
        customer = arena.shop.create_customer()
        body = {**wanted, "requestId": "one"}
        return Client(event_id, customer.user_id, "", lambda: arena.shop.hold(customer, body), HOLD)

    return prepare


def paying_for_hold(
    things: Things,
    payment: str = "captured",
    before: Callable[[Arena, str], None] = lambda arena, event_id: None,
) -> Prepare:
    """Prepares a hold that is paid for. before: what else happens before the client says so."""

    def prepare(arena: Arena) -> Client:
        shop = arena.shop
        event_id, wanted, price = things(shop)
        customer = shop.create_customer()
        held = shop.hold(customer, wanted)
        payment_id = shop.pay_for(customer, held, status=payment) if price else ""
        before(arena, event_id)
        return Client(
            event_id,
            customer.user_id,
            payment_id,
            lambda: shop.book_hold(customer, held, payment_id or None),
        )

    return prepare


def changing_hold(action: str, clock: float = 0.0) -> Prepare:
    """Prepares a hold with which something is done at that time."""

    def prepare(arena: Arena) -> Client:
        event, customer, held = _held(arena.shop)
        body = {"action": action, "bookingId": held.data["bookingId"]}
        again = _with_unseen_token(arena.shop, customer)
        return Client(event.id, customer.user_id, "", lambda: execute(again.http, HOLD, body), HOLD, clock)

    return prepare


def taking_over(arena: Arena) -> Client:
    """Prepares a booking of the last ticket, which is kept by a hold that is over."""
    event, _, _ = _held(arena.shop)
    customer = arena.shop.create_customer()
    payment_id = arena.shop.pay(customer, PRICE)
    return Client(
        event.id,
        customer.user_id,
        payment_id,
        lambda: arena.shop.book(customer, event, KIND, 1, payment_id),
        clock=HOLD_IS_OVER,
    )


def confirming(arena: Arena) -> Client:
    """Prepares a hold whose owner was asked whether to keep it, and says yes."""
    event, customer, held = _held(arena.shop)
    booking_id = held.data["bookingId"]
    asked = {"action": "askToConfirm", "bookingIds": [booking_id], "reason": "Others are waiting."}
    assert execute(arena.http, MANAGE, asked).data["asked"] == [booking_id]
    body = {"action": "confirm", "bookingId": booking_id}
    again = _with_unseen_token(arena.shop, customer)
    return Client(event.id, customer.user_id, "", lambda: execute(again.http, HOLD, body), HOLD)


def displacing(arena: Arena) -> Client:
    """Prepares a hold of the last ticket, which somebody of a lower tier holds and has not paid."""
    event, _, _ = _held(arena.shop, conflictPolicy="priority", displaceAfterSeconds=0)
    customer = arena.shop.create_customer()
    ok(arena.http.put(f"/users/{customer.user_id}/labels", {"labels": ["tier1"]}))
    body = {"eventId": event.id, "ticketTypeName": KIND, "quantity": 1, "requestId": "one"}
    return Client(event.id, customer.user_id, "", lambda: arena.shop.hold(customer, body), HOLD)


def sweeping(payment: str = "") -> Prepare:
    """Prepares a hold that is over when the sweep comes.

    When it has been paid and its client is gone, the sweep has already come once, and asks the gateway now.
    """

    def prepare(arena: Arena) -> Client:
        event, customer, held = _held(arena.shop)
        if not payment:
            arena.has_looked_ahead()
            return Client(event.id, customer.user_id, "", arena.sweep, SWEEP, HOLD_IS_OVER)
        payment_id = arena.shop.pay_for(customer, held, status=payment)
        swept(arena, event.id)
        # The clock was put back since, and that was noted.
        arena.has_looked_ahead()
        return Client(event.id, customer.user_id, payment_id, arena.sweep, SWEEP, HOLD_IS_OVER + 100)

    return prepare


def told_of(
    payment: str,
    before: Callable[[Arena, str], None] = lambda arena, event_id: None,
    is_second: bool = False,
) -> Prepare:
    """Prepares what the gateway tells of a payment for a hold whose client has gone.

    before: what else happens before it is told. is_second: the hold has been paid with another payment.
    """

    def prepare(arena: Arena) -> Client:
        event, customer, held = _held(arena.shop)
        notes = {"bookingId": held.data["bookingId"], "userId": customer.user_id}
        if is_second:
            assert arena.shop.book_hold(customer, held, arena.shop.pay_for(customer, held)).status == 200
            payment_id = arena.shop.pay(customer, PRICE, status=payment, notes=notes)
        else:
            payment_id = arena.shop.pay_for(customer, held, status=payment)
        before(arena, event.id)
        news = events(arena.local, payment_id)[-1]
        return Client(
            event.id, customer.user_id, payment_id, lambda: hand_over(arena, news), WEBHOOK_FUNCTION
        )

    return prepare


def tickets(capacity: int = 1, price: int = PRICE, **columns: Any) -> Things:
    """One ticket of an event."""

    def make(shop: Shop) -> tuple[str, Wanted, int]:
        event = shop.create_event({KIND: (price, capacity)}, **columns)
        return event.id, {"eventId": event.id, "ticketTypeName": KIND, "quantity": 1}, price

    return make


def discounted(shop: Shop) -> tuple[str, Wanted, int]:
    """Two tickets at half their price, with a code that can be used once."""
    code = secrets.token_hex(4).upper()
    shop.create_row("promo_codes", f"pc-{code.lower()}", {
        "code": code, "active": True, "basisPoints": 5_000, "uses": 1, "usesPerUser": 1,
    })  # fmt: skip
    event = shop.create_event({KIND: (PRICE, 2)})
    wanted = {"eventId": event.id, "ticketTypeName": KIND, "quantity": 2, "promoCode": code}
    return event.id, wanted, PRICE


def seats(shop: Shop) -> tuple[str, Wanted, int]:
    """Two seats beside each other."""
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, HALL, {"gold": PRICE})
    return event.id, {"showtimeId": showtime, "seats": ["A2", "A3"]}, 2 * PRICE


def several(shop: Shop) -> tuple[str, Wanted, int]:
    """The best seat, and a standing place."""
    event = shop.create_event({KIND: (PRICE, 1)})
    showtime = shop.create_showtime(event.id, HALL, {"gold": 2 * PRICE})
    items = [{"showtimeId": showtime, "quantity": 1}, {"ticketTypeName": KIND, "quantity": 1}]
    return event.id, {"eventId": event.id, "items": items}, 3 * PRICE


def time(shop: Shop) -> tuple[str, Wanted, int]:
    """An hour at a service, with a pause after it."""
    service = shop.create_service(bufferAfter=15)
    day = (datetime.now(UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
    return service, {"serviceId": service, "startsAt": day.isoformat(), "duration": 60}, 100_000


def swept(arena: Arena, event_id: str) -> None:
    """The hold is over, and the sweep has said so, without having asked the gateway what was paid for it."""
    arena.has_looked_ahead()
    with arena.clock(HOLD_IS_OVER):
        arena.sweep()


def swept_and_sold(arena: Arena, event_id: str) -> None:
    """The hold is over, and somebody else has what it had."""
    swept(arena, event_id)
    customer = arena.shop.create_customer()
    wanted = {"eventId": event_id, "ticketTypeName": KIND, "quantity": 1}
    body = {**wanted, "paymentId": arena.shop.pay(customer, PRICE)}
    assert execute(customer.http, BOOK, body).status == 200


def _held(shop: Shop, **columns: Any) -> tuple[Event, Customer, Answer]:
    event, customer = shop.create_event({KIND: (PRICE, 1)}, **columns), shop.create_customer()
    wanted = {"eventId": event.id, "ticketTypeName": KIND, "quantity": 1}
    return event, customer, shop.hold(customer, wanted)


def _with_unseen_token(shop: Shop, customer: Customer) -> Customer:
    """The customer with another session.

    A session's token of the same second is the same token, and a function that has seen it does not ask
    Appwrite for the account again.
    """
    return shop.sign_in(customer.user_id, customer.email, customer.password)

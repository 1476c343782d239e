"""The row of a booking before it is begun."""

from dataclasses import replace
from datetime import timedelta

from boxoffice.bookings.basket import Basket
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.items import wanted_parts
from boxoffice.domain.recovery import CLOCK_SKEW
from boxoffice.domain.status import BookingStatus, PaymentStatus, move

LEASE = timedelta(seconds=90)
"""Three times what a function may run synchronously, so that only a dead execution ever loses its lease."""


def draft(desk: Desk, caller: Caller, basket: Basket, booking_id: str, payment_id: str | None) -> Booking:
    """A booking of `basket` that this execution is about to begin; whoever writes it gives it a reference."""
    lease_until = desk.now() + LEASE
    return Booking(
        id=booking_id,
        reference="",
        user_id=caller.user_id,
        event_id=basket.event.id,
        event_name=basket.event.name,
        starts_at=basket.event.starts_at,
        ends_at=basket.event.ends_at,
        items=basket.items,
        price=basket.price,
        payment_id=payment_id,
        payment_status=PaymentStatus.NONE,
        status=BookingStatus.PENDING,
        fingerprint=fingerprint(caller.user_id, basket),
        attempt=desk.new_token(),
        lease_until=lease_until,
        vouched=caller.is_trusted_server,
        check_after=lease_until + CLOCK_SKEW,
        execution_id=desk.execution_id,
        promo_code=basket.promo_code,
        tier=caller.tier,
    )


def renewed(desk: Desk, caller: Caller, hold: Booking, payment_id: str | None) -> Booking:
    """What the booking of a hold becomes when this execution begins to complete it with a payment."""
    lease_until = desk.now() + LEASE
    return replace(
        hold,
        payment_id=payment_id,
        status=move(hold.status, BookingStatus.PENDING),
        attempt=desk.new_token(),
        lease_until=lease_until,
        vouched=caller.is_trusted_server,
        check_after=lease_until + CLOCK_SKEW,
        execution_id=desk.execution_id,
    )


def successor(desk: Desk, caller: Caller, hold: Booking, booking_id: str, payment_id: str | None) -> Booking:
    """A booking of what a hold had that is over, at the price that it was promised at."""
    begun = renewed(desk, caller, replace(hold, status=BookingStatus.PENDING), payment_id)
    return replace(
        begun, id=booking_id, payment_status=PaymentStatus.NONE, held_until=None, failure_code=None
    )


def fingerprint(user_id: str, basket: Basket) -> str:
    """What was asked for, so that a repetition can be told from another request."""
    return ids.fingerprint(user_id, basket.event.id, basket.promo_code or "", *wanted_parts(basket.items))

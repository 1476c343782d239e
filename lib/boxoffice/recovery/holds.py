"""Holds that nobody has paid for in time, or that somebody may have paid for without saying so.

Most of them just end: their units are free from that moment on, whether or not anybody has tidied up, so many
are tidied up in one go. The rest are looked at one by one: a hold whose payment was interrupted, and a hold
whose gateway order was paid although its client never came back. For these the gateway is asked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.proof import PaymentClaim, is_proven, known_caller
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked
from boxoffice.bookings.stored_hold import Lease, show_begun
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.recovery import is_lease_over, next_look, next_question
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.inventory.expiry import decide_expired, expired_row, free_claims
from boxoffice.ports import RowsTaken
from boxoffice.recovery.evidence import PAPERS
from boxoffice.recovery.projections import close
from boxoffice.recovery.results import Recovered
from boxoffice.schema import Table
from boxoffice.times import optional_text, to_text

_UNPAID = frozenset({BookingStatus.HELD, BookingStatus.EXPIRED})


@dataclass(frozen=True, slots=True)
class SpecialHold:
    """A hold that has to be looked at by itself, and the lease of whoever has begun to pay for it."""

    booking: Booking
    lease: Lease | None


def is_unpaid_hold(booking: Booking) -> bool:
    """Whether the booking is a hold, or was one, that has no payment as far as its row says."""
    was_released = booking.status is BookingStatus.CANCELLED and booking.payment_id is None
    return booking.held_until is not None and (booking.status in _UNPAID or was_released)


async def expire_holds(
    desk: Desk, holds: Sequence[Booking]
) -> tuple[Sequence[Booking], Sequence[SpecialHold]]:
    """End those of up to 100 holds that are over and that nobody has begun to pay for.

    Returns them, and those that need to be looked at one by one.
    """
    now = desk.rows.server_time()
    rows = await desk.rows.find(Table.LEASES, {"$id": [_lease_id(hold) for hold in holds]})
    leases = {row["$id"]: Lease.from_row(row) for row in rows}
    ended = [
        hold
        for hold in holds
        if hold.status is BookingStatus.HELD and _is_over(hold, now) and _lease_id(hold) not in leases
    ]
    special = [SpecialHold(hold, leases.get(_lease_id(hold))) for hold in holds if hold not in ended]
    over = set(await _decide(desk, [hold.id for hold in ended]))
    # One that was paid in this very moment is nobody's to end.
    special += [SpecialHold(hold, None) for hold in ended if hold.id not in over]
    ended = [hold for hold in ended if hold.id in over]
    await free_claims(desk.rows, [hold.id for hold in ended])
    await _remove_papers(desk, [*over, *await _ended_before(desk, holds)])
    await _show_expired(desk, ended, now)
    return ended, special


async def recover_hold(desk: Desk, hold: SpecialHold) -> Recovered:
    """Do about one hold what is right.

    Raises when somebody did not answer who had to be asked.
    """
    booking, lease, now = hold.booking, hold.lease, desk.rows.server_time()
    if lease is not None and not is_lease_over(lease.lease_until, now):
        await _look_again(desk, booking, lease.lease_until)
        return Recovered.LOOKED
    if lease is not None and await _is_being_undone(desk, booking):
        await show_begun(desk, booking, lease)
        return Recovered.LOOKED
    payment = await _payment(desk, booking, lease)
    if lease is not None:
        where = {"$id": _lease_id(booking), "attempt": lease.attempt}
        await desk.rows.delete_where(Table.LEASES, where)
    if payment is not None or (lease is not None and booking.is_free):
        claim = PaymentClaim(payment.id) if payment else None
        return await _complete(desk, booking, claim)
    if booking.status is BookingStatus.HELD:
        # With its lease gone it is a hold like any other.
        await _look_again(desk, booking, max(booking.held_until or now, next_question(now, now)))
        return Recovered.LOOKED
    later = next_look(booking.held_until or booking.lease_until, now) if booking.gateway_order_id else None
    await _look_again(desk, booking, later)
    return Recovered.LOOKED


async def _complete(desk: Desk, booking: Booking, claim: PaymentClaim | None) -> Recovered:
    """Do what the client would have asked for."""
    try:
        result = await convert(desk, Caller(booking.user_id, None), booking.id, claim)
    except Rejected as refusal:
        desk.log.error("hold.not_completed", refusal, bookingId=booking.id)
        later = next_look(booking.held_until or booking.lease_until, desk.rows.server_time())
        await _look_again(desk, booking, later)
        return Recovered.LOOKED
    if booking.status is not BookingStatus.HELD:
        # The money has found its end in a booking of its own. More of it may still come.
        await _look_again(desk, booking, next_look(booking.lease_until, desk.rows.server_time()))
    return Recovered.FINISHED if isinstance(result, Booked) else Recovered.UNDONE


async def _payment(desk: Desk, booking: Booking, lease: Lease | None) -> Payment | None:
    """A payment for the hold whose money is there, and that is proven to be for it or its user's own."""
    found: list[Payment] = []
    if lease is not None and lease.payment_id:
        try:
            found.append(await desk.payments.fetch(lease.payment_id))
        except Rejected:
            desk.log.info("hold.payment_unknown", bookingId=booking.id)
    if booking.gateway_order_id:
        found += await desk.payments.payments_of(booking.gateway_order_id)
    paid = [payment for payment in found if _is_there(payment, booking)]
    if not paid:
        return None
    caller = await known_caller(desk, booking.user_id)
    return next((one for one in paid if is_proven(one, booking.gateway_order_id, caller)), None)


def _is_there(payment: Payment, booking: Booking) -> bool:
    """Whether the money has come, or would come if it was asked for now and could be used."""
    if payment.state is PaymentState.AUTHORISED:
        return booking.status is BookingStatus.HELD
    return payment.is_captured and not payment.refunded


async def _is_being_undone(desk: Desk, booking: Booking) -> bool:
    """Whether somebody had begun to pay for the hold and given up, before its row said so."""
    where = {"$id": booking.id, "outcome": Outcome.ROLLED_BACK}
    return booking.status is BookingStatus.HELD and bool(await desk.rows.find(Table.OUTCOMES, where, limit=1))


async def _ended_before(desk: Desk, holds: Sequence[Booking]) -> list[str]:
    """Those of the holds that have been over for some time."""
    named = [hold.id for hold in holds if hold.status is not BookingStatus.HELD]
    if not named:
        return []
    rows = await desk.rows.find(Table.OUTCOMES, {"$id": named, "outcome": Outcome.EXPIRED})
    return [row["$id"] for row in rows]


async def _remove_papers(desk: Desk, booking_ids: Sequence[str]) -> None:
    """Remove what somebody may have written who began to pay for a hold, and died before its row said so."""
    if booking_ids:
        where = {"bookingId": booking_ids}
        await asyncio.gather(*(desk.rows.delete_where(table, where) for table in PAPERS.values()))


async def _decide(desk: Desk, booking_ids: Sequence[str]) -> Sequence[str]:
    """Those of the holds that are over once it has been decided."""
    if not booking_ids:
        return ()
    try:
        await desk.rows.create_all(
            Table.OUTCOMES,
            [expired_row(booking_id, desk.execution_id) for booking_id in booking_ids],
            owner="attempt",
        )
    except RowsTaken:
        return await decide_expired(desk.rows, booking_ids, desk.execution_id)
    return booking_ids


async def _show_expired(desk: Desk, holds: Sequence[Booking], now: datetime) -> None:
    """Show that the holds are over. Where there is an order, the gateway is asked a little later."""
    orders = [hold.id for hold in holds if hold.gateway_order_id]
    others = [hold.id for hold in holds if not hold.gateway_order_id]
    for named, look_at in ((orders, next_look(now, now)), (others, now)):
        if named:
            await desk.rows.update_where(
                Table.BOOKINGS,
                {"$id": named, "status": BookingStatus.HELD},
                {"status": BookingStatus.EXPIRED, "checkAfter": optional_text(look_at)},
            )
    if others:
        await close(desk, others, to_text(now))


async def _look_again(desk: Desk, booking: Booking, when: datetime | None) -> None:
    """Look at the booking again at that time; `None` is to be done with it."""
    if when is None:
        await close(desk, [booking.id], to_text(desk.rows.server_time()))
    else:
        await desk.rows.update(Table.BOOKINGS, booking.id, {"checkAfter": to_text(when)})


def _is_over(hold: Booking, now: datetime) -> bool:
    return hold.held_until is not None and hold.held_until <= now


def _lease_id(hold: Booking) -> str:
    return ids.lease_id(hold.id, hold.user_id)

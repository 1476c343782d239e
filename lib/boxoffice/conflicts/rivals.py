"""The holds that are in somebody's way: what has to be known of them before one gives way."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.conflicts import Contender
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.ports import Row
from boxoffice.schema import Table


@dataclass(frozen=True, slots=True)
class Rivals:
    """Unpaid holds of other users, by id: `open` ones, and those that are `over` and still have their units.

    `displaced` are those of the latter that had to give way.
    """

    open: Mapping[str, Booking]
    contenders: Mapping[str, Contender]
    over: Sequence[Booking]
    displaced: frozenset[str]


async def read_rivals(desk: Desk, user_id: str, booking_ids: Sequence[str]) -> Rivals:
    """What is known of those of 1 to 100 bookings that are holds of anybody but this user. Three calls."""
    held, outcomes = await asyncio.gather(
        desk.rows.find(Table.BOOKINGS, {"$id": booking_ids, "status": BookingStatus.HELD}),
        desk.rows.find(Table.OUTCOMES, {"$id": booking_ids}),
    )
    outcome_of = {row["$id"]: row for row in outcomes}
    holds = [Booking.from_row(row) for row in held if row["userId"] != user_id]
    leased = await _leased(desk, holds)
    undecided = {hold.id: hold for hold in holds if hold.id not in outcome_of}
    over = [
        hold for hold in holds if hold.id in outcome_of and outcome_of[hold.id]["outcome"] == Outcome.EXPIRED
    ]
    now = desk.rows.server_time()
    contenders = {
        hold.id: Contender(
            hold.id,
            hold.tier,
            # As exact as the clock that it is compared with.
            (hold.created_at or now).replace(microsecond=0),
            hold.id in leased,
        )
        for hold in undecided.values()
    }
    displaced = frozenset(hold.id for hold in over if _had_to_give_way(hold, outcome_of[hold.id]))
    return Rivals(undecided, contenders, over, displaced)


async def _leased(desk: Desk, holds: Sequence[Booking]) -> frozenset[str]:
    """The holds that their own users have begun to pay for: anybody can name a booking."""
    by_lease = {ids.lease_id(hold.id, hold.user_id): hold.id for hold in holds}
    if not by_lease:
        return frozenset()
    leases = await desk.rows.find(Table.LEASES, {"$id": list(by_lease)}, columns=["bookingId"])
    return frozenset(by_lease[row["$id"]] for row in leases)


async def is_any_paid(desk: Desk, holds: Sequence[Booking]) -> bool:
    """Whether somebody has paid for one of the holds without having said so yet, as far as can be known.

    Nobody gives way while the gateway does not answer.
    """
    found = await asyncio.gather(*(_is_paid(desk, hold) for hold in holds))
    return any(found)


async def _is_paid(desk: Desk, hold: Booking) -> bool:
    if hold.gateway_order_id is None:
        return False
    try:
        payments = await desk.payments.payments_of(hold.gateway_order_id)
    except Rejected:
        return False
    except BoxofficeError as error:
        desk.log.error("hold.payment_unknown", error, bookingId=hold.id)
        return True
    return any(one.state is PaymentState.AUTHORISED or one.is_captured for one in payments)


def _had_to_give_way(hold: Booking, outcome: Row) -> bool:
    """Whether neither the time nor its owner has ended the hold."""
    return outcome["by"] not in (None, hold.user_id)

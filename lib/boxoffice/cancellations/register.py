"""A cancellation is written down before anything is done, with everything that it will do."""

from dataclasses import dataclass
from datetime import timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.domain import ids
from boxoffice.domain.cancellation import Refund
from boxoffice.domain.recovery import CLOCK_SKEW
from boxoffice.schema import Table

# Three times what a function may run synchronously: until then the sweep leaves it to its execution.
_LEASE = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Cause:
    """Who cancels, and why. For the organiser everything goes back, whatever the event's rules for owners."""

    actor: str
    reason: str | None
    by_organiser: bool


def draft(desk: Desk, sold: Sold, refund: Refund, cause: Cause) -> Cancellation:
    """The cancellation as it would be registered now."""
    lease_until = desk.rows.server_time() + _LEASE
    numbers = [ticket.number for ticket in refund.tickets]
    return Cancellation(
        id=ids.cancellation_id(sold.id, numbers, cause.by_organiser),
        booking_id=sold.id,
        user_id=sold.user_id,
        event_id=sold.event_id,
        tickets=refund.tickets,
        refund=refund.total.amount,
        actor=cause.actor,
        reason=cause.reason,
        by_organiser=cause.by_organiser,
        state=CancellationState.REGISTERED,
        attempt=desk.new_token(),
        lease_until=lease_until,
        check_after=lease_until + CLOCK_SKEW,
        execution_id=desk.execution_id,
    )


async def register(desk: Desk, drafted: Cancellation) -> Cancellation:
    """The cancellation of these tickets that counts: `drafted`, or what somebody registered earlier."""
    return Cancellation.from_row(await desk.rows.put_once(Table.CANCELLATIONS, drafted.to_row()))

"""What is written down about a hold, and the lease of whoever is paying for it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.inventory.reading import PLACE_COLUMNS, places_of
from boxoffice.inventory.wants import Place
from boxoffice.ports import NewRow, Row, Rows, UniqueClash
from boxoffice.schema import Table
from boxoffice.times import from_text, to_text

HOLD_LABEL = "hold"
"""The label of the claims that count open holds. They go when the hold is paid, unlike its units."""

_MOST_CLAIMS = 200


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A booking that began as a hold, how it was decided, and the places of its tickets."""

    booking: Booking
    outcome: Outcome | None
    places: tuple[Place, ...]

    @property
    def is_open(self) -> bool:
        """Whether it still has everything that it was made for, and nobody has decided anything."""
        return (
            self.booking.status is BookingStatus.HELD
            and self.outcome is None
            and len(self.places) == self.booking.quantity
        )

    @property
    def is_being_undone(self) -> bool:
        """Whether somebody has begun to pay for it and given up, and its row does not say so yet."""
        return self.booking.status is BookingStatus.HELD and self.outcome is Outcome.ROLLED_BACK

    def is_being_made(self, now: datetime) -> bool:
        """Whether somebody may be just about to claim its units.

        Not when its time is over: they may have been taken over after its outcome was read.
        """
        booking = self.booking
        is_held = booking.status is BookingStatus.HELD and self.outcome is None
        return is_held and now < min(booking.lease_until, booking.held_until or booking.lease_until)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to pay for a hold, and with which payment: `None` when it costs nothing."""

    attempt: str
    payment_id: str | None
    lease_until: datetime

    @classmethod
    def from_row(cls, row: Row) -> "Lease":
        """Read a stored row."""
        return cls(row["attempt"], row["paymentId"], from_text(row["leaseUntil"]))


def why_over(hold: Booking) -> Rejected:
    """What to say of a hold that is over: `HOLD_EXPIRED`, or `HOLD_DISPLACED` when it had to give way."""
    was_displaced = hold.failure_code == Code.HOLD_DISPLACED
    return Rejected(Code.HOLD_DISPLACED if was_displaced else Code.HOLD_EXPIRED)


async def read_hold(rows: Rows, booking_id: str) -> StoredHold | None:
    """What is written down about a booking; `None` when there is none with that id. Three calls at once."""
    bookings, outcomes, claims = await asyncio.gather(
        rows.find(Table.BOOKINGS, {"$id": booking_id}, limit=1),
        rows.find(Table.OUTCOMES, {"$id": booking_id}, limit=1),
        rows.find(Table.CLAIMS, {"bookingId": booking_id}, columns=PLACE_COLUMNS, limit=_MOST_CLAIMS),
    )
    if not bookings:
        return None
    outcome = Outcome(outcomes[0]["outcome"]) if outcomes else None
    return StoredHold(Booking.from_row(bookings[0]), outcome, places_of(claims))


def lease_row(booking_id: str, user_id: str, lease: Lease, execution_id: str) -> NewRow:
    """The row that gives its writer the right to pay for a hold."""
    data: Mapping[str, Any] = {
        "bookingId": booking_id,
        "attempt": lease.attempt,
        "paymentId": lease.payment_id,
        "leaseUntil": to_text(lease.lease_until),
        "executionId": execution_id or None,
    }
    return NewRow(ids.lease_id(booking_id, user_id), data)


async def show_begun(desk: Desk, hold: Booking, lease: Lease) -> None:
    """Show in a hold's row that somebody has begun to pay for it who could not: the sweep does the rest.

    From here on it is an interrupted booking like any other, and looked at at once.
    """
    begun = replace(
        hold,
        status=BookingStatus.PENDING,
        payment_id=lease.payment_id,
        attempt=lease.attempt,
        lease_until=lease.lease_until,
        check_after=desk.rows.server_time(),
    )
    try:
        await desk.rows.update(Table.BOOKINGS, hold.id, begun_columns(begun))
    except UniqueClash:
        # It was another booking's payment, and that is why it failed.
        await desk.rows.update(Table.BOOKINGS, hold.id, begun_columns(replace(begun, payment_id=None)))


def begun_columns(booking: Booking) -> dict[str, object]:
    """What changes in the row of a hold when it is being paid for.

    Not the execution: the row keeps that of whoever has made the hold, and the lease has that of who pays.
    """
    return {
        "status": booking.status,
        "paymentId": booking.payment_id,
        "attempt": booking.attempt,
        "leaseUntil": to_text(booking.lease_until),
        "vouched": booking.vouched,
        "checkAfter": to_text(booking.check_after) if booking.check_after else None,
    }

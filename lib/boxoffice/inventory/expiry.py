"""Holds that have ended: whoever wants their units takes them at once, without waiting for anybody.

A hold's end is decided by its outcome, like everything about a booking. Whoever writes it first has decided:
somebody who wants the units, the sweep, or its owner who pays in the last moment. Claims are only removed by
those who have read that the hold has lost.
"""

import asyncio
from collections.abc import Iterable, Sequence

from boxoffice.domain import ids
from boxoffice.domain.pools import Claim, lapsed_bookings
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.ports import MOST_VALUES, NewRow, Rows
from boxoffice.schema import Table

# One that has just been ended by somebody else is as free as one that is ended now.
_UNPAID = (BookingStatus.HELD, BookingStatus.EXPIRED, BookingStatus.CANCELLED)

_AT_ONCE = 20
_ATTEMPT = "expiry"


async def end_lapsed_holds(rows: Rows, claims: Iterable[Claim], execution_id: str = "") -> frozenset[str]:
    """End the holds among `claims` that have lapsed, and free their units; the ids of those.

    `execution_id` is that of whoever is at work, for the log.

    One that is just being paid for is left alone, and so is every booking that was made.
    """
    lapsed = sorted(lapsed_bookings(claims, rows.server_time()))[:MOST_VALUES]
    if not lapsed:
        return frozenset()
    open_ones = await _unpaid(rows, lapsed)
    ended = await decide_expired(rows, open_ones, execution_id)
    await free_claims(rows, ended)
    return frozenset(ended)


async def decide_expired(rows: Rows, booking_ids: Sequence[str], execution_id: str = "") -> list[str]:
    """Write the outcome of holds that have ended; those of them that are over, by whomever it was decided."""
    over: list[str] = []
    for at in range(0, len(booking_ids), _AT_ONCE):
        part = booking_ids[at : at + _AT_ONCE]
        stored = await asyncio.gather(
            *(rows.put_once(Table.OUTCOMES, expired_row(booking_id, execution_id)) for booking_id in part)
        )
        over += [
            booking_id
            for booking_id, outcome in zip(part, stored, strict=True)
            if outcome["outcome"] != Outcome.CONFIRMED
        ]
    return over


async def free_claims(rows: Rows, booking_ids: Sequence[str]) -> None:
    """Free the units of holds that are over: up to 100 of them.

    Whatever their claims say: somebody may have begun to extend one in its last moment.
    """
    if booking_ids:
        await rows.delete_where(Table.CLAIMS, {"bookingId": booking_ids})


def expired_row(booking_id: str, execution_id: str, released_by: str | None = None) -> NewRow:
    """The outcome of a hold that nobody has paid for in time, or that somebody has given back before."""
    columns = {
        "outcome": Outcome.EXPIRED,
        "attempt": _ATTEMPT,
        "by": released_by,
        "executionId": execution_id or None,
    }
    return NewRow(booking_id, columns)


async def _unpaid(rows: Rows, booking_ids: Sequence[str]) -> list[str]:
    """Those of the bookings that are holds, or were, and that nobody has begun to pay for."""
    unpaid, leases = await asyncio.gather(
        rows.find(Table.BOOKINGS, {"$id": booking_ids, "status": _UNPAID}, columns=["userId", "status"]),
        rows.find(Table.LEASES, {"bookingId": booking_ids}, columns=["bookingId"]),
    )
    # Only the lease of its own user: anybody can name a booking.
    paying = {row["$id"] for row in leases}
    return [
        row["$id"]
        for row in unpaid
        if row["status"] != BookingStatus.HELD or ids.lease_id(row["$id"], row["userId"]) not in paying
    ]

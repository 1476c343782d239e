"""Confirm to keep: holders of what others want say whether they still want it, or give it up.

A hold whose owner was asked ends sooner. It keeps its old end when its owner answers in time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import own_open_hold
from boxoffice.bookings.records import Booking
from boxoffice.conflicts.rivals import is_any_paid, read_rivals
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.notices import NoticeKind
from boxoffice.domain.pools import ClaimState
from boxoffice.domain.status import BookingStatus, Outcome
from boxoffice.history.record import note
from boxoffice.outbox.notify import notify
from boxoffice.schema import Table
from boxoffice.times import optional_text, to_text

ASKED = "hold.to_confirm"
"""In the log of who did what, with the booking as the subject."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose owners were asked to answer before `until`.

    `others` are being paid, are over, or end sooner, or the gateway did not say whether they are paid.
    """

    until: datetime
    booking_ids: tuple[str, ...]
    others: tuple[str, ...]


async def ask_to_confirm(
    desk: Desk, admin: str, booking_ids: Sequence[str], grace: timedelta, reason: str
) -> Asked:
    """Ask the owners of unpaid holds, up to 100, whether they want to keep them, and end those after `grace`.

    Asking again changes nothing for those who have not answered yet.
    """
    rivals = await read_rivals(desk, "", booking_ids)
    until = desk.rows.server_time() + grace
    unpaid = [
        hold
        for booking_id, hold in rivals.open.items()
        if not rivals.contenders[booking_id].is_paying and hold.held_until and hold.held_until > until
    ]
    paid = await asyncio.gather(*(is_any_paid(desk, [hold]) for hold in unpaid))
    asked = [hold for hold, is_paid in zip(unpaid, paid, strict=True) if not is_paid]
    for hold in asked:
        await _ask(desk, admin, hold, until, reason)
    named = tuple(hold.id for hold in asked)
    return Asked(until, named, tuple(one for one in booking_ids if one not in named))


async def confirm_hold(desk: Desk, user_id: str, booking_id: str) -> Held:
    """Keep a hold until it would have ended if nobody had asked; one that nobody asked about stays as it is.

    Raises `Rejected` as extending it does.
    """
    stored = await own_open_hold(desk, user_id, booking_id)
    booking = stored.booking
    if booking.kept_until is None:
        return Held(booking, stored.places)
    # The owner may have extended it meanwhile.
    until = max(booking.kept_until, booking.held_until or booking.kept_until)
    await _set_claims(desk, booking, until)
    await _set_row(desk, booking, until, None)
    # Somebody may have taken the units in the moment in which the hold ended.
    if await desk.rows.find(Table.OUTCOMES, {"$id": booking.id, "outcome": Outcome.EXPIRED}, limit=1):
        raise Rejected(Code.HOLD_EXPIRED)
    return Held(replace(booking, held_until=until, kept_until=None), stored.places)


async def _ask(desk: Desk, admin: str, hold: Booking, until: datetime, reason: str) -> None:
    await note(desk, admin, ASKED, hold.id, booking_id=hold.id, reason=reason)
    body = {
        "reference": hold.reference,
        "eventId": hold.event_id,
        "eventName": hold.event_name,
        "confirmBy": to_text(until),
        "reason": reason,
    }
    # Before anything else: nobody loses a hold without having been asked.
    await notify(desk, hold.user_id, NoticeKind.HOLD_TO_CONFIRM, hold.id, body, f"{hold.id}:{to_text(until)}")
    # The row first, and when it is lengthened again last: in between, the answer still finds the old end.
    await _set_row(desk, hold, until, hold.kept_until or hold.held_until)
    await _set_claims(desk, hold, until)


async def _set_claims(desk: Desk, hold: Booking, until: datetime) -> None:
    where = {"bookingId": hold.id, "state": ClaimState.RESERVED}
    await desk.rows.update_where(Table.CLAIMS, where, {"reservedUntil": to_text(until)})


async def _set_row(desk: Desk, hold: Booking, until: datetime, kept_until: datetime | None) -> None:
    text = to_text(until)
    columns = {"heldUntil": text, "checkAfter": text, "keptUntil": optional_text(kept_until)}
    where = {"$id": hold.id, "status": BookingStatus.HELD}
    await desk.rows.update_where(Table.BOOKINGS, where, columns)

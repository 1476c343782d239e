"""Counting those who did not get what they wanted, because somebody else has it."""

from collections.abc import Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.conflicts.cases import CaseState
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import SHORTAGES, ConflictKind
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime


async def count_refusal(desk: Desk, refusal: BoxofficeError, wanted: Sequence[Selection]) -> None:
    """Count `refusal` when it is a conflict over units of what was `wanted`. Never raises."""
    conflict = refusal.details.get("conflict")
    # A request that waits for an administrator has been counted as such.
    is_parked = refusal.details.get("case") == CaseState.OPEN
    if conflict is None or refusal.code not in SHORTAGES or is_parked:
        return
    try:
        event_id = await _event_of(desk, wanted[0])
    except BoxofficeError as error:
        desk.log.error("conflicts.not_counted", error)
        return
    # The labels of seats, when it was named seats that are gone.
    labels = refusal.details.get("seats", ())
    desk.conflicts.count(event_id, ConflictKind(conflict["kind"]), Resolution.REFUSED, labels)
    await desk.conflicts.flush()


async def _event_of(desk: Desk, wanted: Selection) -> str:
    """The event that something belongs to; a service of no event stands for itself. From memory, mostly."""
    match wanted:
        case SomeTickets(event_id):
            return event_id
        case NamedSeats(showtime_id) | BestSeats(showtime_id):
            return (await desk.programme.showtime(showtime_id)).event_id
        case SomeTime(service_id):
            return (await desk.programme.service(service_id)).event_id or service_id

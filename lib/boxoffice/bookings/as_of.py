"""Asking as of a version: a client may say which picture of the availability it has chosen from.

The version decides nothing. Whoever asks for units that are still free gets them, however old the picture is,
and pays no call for having said so. Only somebody who is refused is told whether to blame the picture.
"""

from collections.abc import AsyncIterator, Sequence

from boxoffice.availability.views import OfDay, OfEvent, OfShowtime, Subject
from boxoffice.bookings.desk import Desk
from boxoffice.domain.conflicts import SHORTAGES, outdated
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Rejected
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTickets, SomeTime
from boxoffice.domain.slots import day_and_slot_at


async def as_of(
    desk: Desk, refusal: BoxofficeError, version: str, wanted: Sequence[Selection]
) -> BoxofficeError:
    """`refusal`, and that the client has chosen from an old picture, when it has.

    The picture is old when `version` is not the current one of anything that shows what is wanted. Only
    refusals for want of units are changed: to the kind `VERSION_CONFLICT`, with the current version.
    """
    # No picture shows how many holds somebody has, or how often a promo code was used. And a request that
    # waits for an administrator need not be made again.
    is_shortage = refusal.kind is ErrorKind.REJECTED and refusal.code in SHORTAGES
    if not is_shortage or "conflict" not in refusal.details or "case" in refusal.details:
        return refusal
    current: list[str] = []
    availability = desk.availability()
    try:
        async for subject in _pictures(desk, wanted):
            current.append((await availability.look(subject)).version)
            if current[-1] == version:
                return refusal
    except BoxofficeError as error:
        desk.log.error("booking.version_unknown", error)
        return refusal
    details = {
        **refusal.details,
        "version": current[0],
        "conflict": outdated(refusal.details["conflict"]),
    }
    return Rejected(refusal.code, refusal.message, details)


async def _pictures(desk: Desk, wanted: Sequence[Selection]) -> AsyncIterator[Subject]:
    """Everything that shows what is wanted, the closest picture of the first thing first."""
    for one in wanted:
        match one:
            case SomeTickets(event_id, type_id, name):
                _, ticket_type = await desk.catalogue.ticket_type(event_id, type_id, name)
                if ticket_type.showtime_id:
                    yield OfShowtime(ticket_type.showtime_id)
                yield OfEvent(event_id)
            case NamedSeats(showtime_id) | BestSeats(showtime_id):
                yield OfShowtime(showtime_id)
                yield OfEvent((await desk.programme.showtime(showtime_id)).event_id)
            case SomeTime(service_id, starts_at, duration):
                offer = await desk.programme.service(service_id)
                day, _ = day_and_slot_at(offer.service, starts_at, duration)
                yield OfDay(service_id, day, duration)

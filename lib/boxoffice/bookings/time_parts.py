"""A time that is wanted, looked up in the timetable of its service."""

from dataclasses import replace
from datetime import datetime

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.parts import Part, check_event_of, why_not
from boxoffice.domain.catalogue import Event, check_event
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import BookedItem, ItemKind
from boxoffice.domain.selection import SomeTime
from boxoffice.domain.slots import check_fits, slot_at
from boxoffice.inventory.time_wants import ThisTime


async def time_at_service(desk: Desk, wanted: SomeTime) -> Part:
    """Places at a service at one time. Raises as `look_up` does."""
    offer = await desk.programme.service(wanted.service_id)
    price = offer.prices.get(wanted.duration)
    if price is None:
        raise Rejected(
            Code.VALIDATION_ERROR,
            "duration must be one of the service's durations.",
            {"field": "duration", "allowed": sorted(offer.prices)},
        )
    slot = slot_at(offer.service, wanted.starts_at, wanted.duration)
    check_fits(slot, wanted.quantity)
    check_event_of(offer.event_id or offer.service.id, wanted.event_id, "service")
    rules = await desk.catalogue.event(offer.event_id) if offer.event_id else None
    event = Event(offer.service.id, offer.name, offer.published, slot.starts_at, slot.ends_at)
    if rules is not None:
        event = replace(
            rules,
            published=rules.published and offer.published,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
    local = slot.starts_at.astimezone(offer.service.zone)
    label = f"{local:%Y-%m-%d %H:%M} {wanted.duration} min"
    return Part(
        event,
        BookedItem(
            ItemKind.TIME, offer.service.id, offer.name, wanted.quantity, slot.starts_at, slot.ends_at
        ),
        price,
        ThisTime(offer.service, slot, wanted.quantity, label, desk.now()),
        why_not(lambda: _check_slot(event, slot.starts_at, desk.now())),
        units=wanted.quantity * len(slot.quanta),
    )


def _check_slot(event: Event, starts_at: datetime, now: datetime) -> None:
    """Return when a time that begins at `starts_at` may be sold. Raises as `check_event` does."""
    check_event(replace(event, ends_at=None, starts_at=starts_at), now)

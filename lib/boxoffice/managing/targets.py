"""What a request to block or unblock means: which units of which pool."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.blocks import Place, RowName, places_of_seats, places_of_time
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.programme import KnownProgramme, Programme
from boxoffice.schema import Table


@dataclass(frozen=True, slots=True)
class Seats:
    """Seats of a showtime, by their labels, by rows, and by sections."""

    showtime_id: str
    labels: Sequence[str] = ()
    rows: Sequence[RowName] = ()
    sections: Sequence[str] = ()

    def told(self) -> Mapping[str, Any]:
        """As it was asked for."""
        rows = [{"section": name.section, "row": name.row} for name in self.rows]
        asked = {"seats": list(self.labels), "rows": rows, "sections": list(self.sections)}
        return {"showtimeId": self.showtime_id, **{name: value for name, value in asked.items() if value}}


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many places of a ticket type, whichever."""

    ticket_type_id: str
    quantity: int

    def told(self) -> Mapping[str, Any]:
        """As it was asked for."""
        return {"ticketTypeId": self.ticket_type_id, "quantity": self.quantity}


@dataclass(frozen=True, slots=True)
class Times:
    """All of a service's time from one moment up to, and not including, another."""

    service_id: str
    starts_at: datetime
    ends_at: datetime

    def told(self) -> Mapping[str, Any]:
        """As it was asked for."""
        return {
            "serviceId": self.service_id,
            "from": self.starts_at.isoformat(),
            "to": self.ends_at.isoformat(),
        }


Named = Seats | Times
Target = Named | Crowd


@dataclass(frozen=True, slots=True)
class Plan:
    """The units that a target means: `places`, or any `quantity` of the numbers 1 to `capacity` of `pool`.

    `taken_code` is the refusal when they are not free.
    """

    event_id: str
    taken_code: Code
    places: tuple[Place, ...] = ()
    pool: str = ""
    capacity: int = 0
    quantity: int = 0

    @property
    def wanted(self) -> int:
        """How many units."""
        return len(self.places) or self.quantity

    @property
    def pools(self) -> tuple[str, ...]:
        """Where the units are."""
        return tuple(dict.fromkeys(place.unit.pool for place in self.places)) or (self.pool,)

    def to_text(self) -> str:
        """As the journal holds it."""
        return json.dumps(
            {
                "code": self.taken_code,
                "places": [[place.unit.claim_id, place.label] for place in self.places],
                "pool": self.pool,
                "capacity": self.capacity,
                "quantity": self.quantity,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str, event_id: str) -> "Plan":
        """Read what the journal holds."""
        told = json.loads(text)
        return cls(
            event_id=event_id,
            taken_code=Code(told["code"]),
            places=tuple(Place(Unit.of_claim(claim_id), label) for claim_id, label in told["places"]),
            pool=told["pool"],
            capacity=told["capacity"],
            quantity=told["quantity"],
        )


async def plan_of(desk: Desk, target: Target) -> Plan:
    """What `target` means now, read from the database and not from memory.

    Raises `Rejected` with `NOT_FOUND_ERROR`, `INVALID_SEAT`, `INVALID_QUANTITY` or `VALIDATION_ERROR`.
    """
    programme = Programme(desk.rows, KnownProgramme.empty(1, desk.timing.clock), desk.log)
    match target:
        case Seats():
            showtime = await programme.showtime(target.showtime_id)
            if showtime.layout is None:
                raise Rejected(Code.INVALID_SEAT, "This showtime has no seats.", {"field": "showtimeId"})
            pool = seat_pool(showtime.id)
            places = places_of_seats(showtime.layout, pool, target.labels, target.rows, target.sections)
            return Plan(showtime.event_id, Code.SEAT_UNAVAILABLE, places)
        case Times():
            offer = await programme.service(target.service_id)
            places = places_of_time(offer.service, target.starts_at, target.ends_at)
            # What belongs to no event is shown under the service's own id, as its bookings are.
            return Plan(offer.event_id or target.service_id, Code.SLOT_UNAVAILABLE, places)
        case Crowd():
            return await _plan_of_crowd(desk, target)


async def _plan_of_crowd(desk: Desk, target: Crowd) -> Plan:
    found = await desk.rows.find(Table.TICKET_TYPES, {"$id": target.ticket_type_id}, limit=1)
    if not found:
        raise Rejected(
            Code.NOT_FOUND_ERROR, "There is no ticket type with this ticketTypeId.", {"field": "ticketTypeId"}
        )
    return Plan(
        found[0]["eventId"],
        Code.INSUFFICIENT_TICKETS,
        pool=ids.pool_id(target.ticket_type_id),
        capacity=found[0]["capacity"],
        quantity=target.quantity,
    )

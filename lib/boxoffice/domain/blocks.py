"""What an administrator takes off the market: seats, places in a crowd, or a service's time."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from boxoffice.domain.codes import Code
from boxoffice.domain.definitions import invalid
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Standing, Unit
from boxoffice.domain.seat_choice import seats_by_label
from boxoffice.domain.seating import Layout, Row, Seat, SeatKind
from boxoffice.domain.services import Service
from boxoffice.domain.slots import units_between

MOST_UNITS = 1_000
"""One request can block so many units; a larger hall takes several."""


class Place(NamedTuple):
    """A unit, and what people call it."""

    unit: Unit
    label: str


class RowName(NamedTuple):
    """A row of seats, as the hall's plan names it."""

    section: str
    row: str


def places_of_seats(
    layout: Layout, pool: str, labels: Sequence[str], rows: Sequence[RowName], sections: Sequence[str]
) -> tuple[Place, ...]:
    """The seats with these labels, of these rows and of these sections, each once.

    Disabled seats of rows and sections are left out: nobody can have them anyway. Raises `Rejected` with
    `INVALID_SEAT` for labels, as `seats_by_label` does, or with `VALIDATION_ERROR` for rows and sections that
    do not exist.
    """
    seats = list(seats_by_label(layout, labels))
    for name in rows:
        of_row = [
            row for row in layout.rows if _same(row.section, name.section) and _same(row.name, name.row)
        ]
        seats += _usable(of_row, "rows", f"row {name.row} of section {name.section}")
    for section in sections:
        of_section = [row for row in layout.rows if _same(row.section, section)]
        seats += _usable(of_section, "sections", f"section {section}")
    return _few(Place(Unit(pool, seat.unit), seat.label) for seat in dict.fromkeys(seats))


def places_of_time(service: Service, starts_at: datetime, ends_at: datetime) -> tuple[Place, ...]:
    """Every lane of a service from one moment up to, and not including, another.

    Raises `Rejected` with `VALIDATION_ERROR` when the times are not on the service's grid, or too far apart.
    """
    if starts_at >= ends_at:
        raise invalid("to", "must be later than from")
    length = int((ends_at - starts_at).total_seconds()) // 60 // service.granularity
    if length * service.capacity > MOST_UNITS:
        at_most = MOST_UNITS // service.capacity * service.granularity
        raise invalid("to", f"must be at most {at_most} minutes after from")
    return _few(
        Place(unit, quantum.isoformat()) for quantum, unit in units_between(service, starts_at, ends_at)
    )


def highest_free(capacity: int, taken: Collection[int], quantity: int) -> tuple[int, ...] | None:
    """The `quantity` highest free numbers of 1 to `capacity`; `None` when so many are not free.

    Which places of a crowd are blocked does not matter. Buyers are spread at random, so that the same end for
    every block costs nobody anything.
    """
    found: list[int] = []
    for number in range(capacity, 0, -1):
        if number not in taken:
            found.append(number)
            if len(found) == quantity:
                return tuple(found)
    return None


def all_taken(gone: Iterable[tuple[str, Standing]], code: Code) -> Rejected:
    """The refusal because of units that somebody has: each with its label and how it stands."""
    # Several lanes of the same time have one label.
    shown: list[dict[str, Any]] = [
        {"unit": label, "state": state.value} for label, state in dict.fromkeys(gone)
    ]
    sentence = "Nothing was changed, because something of it is taken already."
    return Rejected(code, sentence, {"taken": shown})


def _usable(rows: Sequence[Row], field: str, named: str) -> list[Seat]:
    if not rows:
        raise invalid(field, f"must exist, and the hall has no {named}")
    return [seat for row in rows for seat in row.seats if seat.kind is not SeatKind.DISABLED]


def _same(name: str, asked: str) -> bool:
    return name.casefold() == asked.strip().casefold()


def _few(places: Iterable[Place]) -> tuple[Place, ...]:
    found = tuple(places)
    if not 1 <= len(found) <= MOST_UNITS:
        raise Rejected(
            Code.INVALID_QUANTITY,
            f"These are {len(found)} units; one request can block 1 to {MOST_UNITS}.",
            {"allowed": f"1 to {MOST_UNITS}"},
        )
    return found

"""Moving tickets to other seats of the same hall."""

from collections.abc import Mapping
from dataclasses import dataclass

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Standing
from boxoffice.domain.seat_choice import check_seats_free, seats_by_label
from boxoffice.domain.seating import Layout, Seat


@dataclass(frozen=True, slots=True)
class SeatChange:
    """The ticket `number` of a booking leaves one seat for another."""

    number: int
    old: Seat
    new: Seat


def plan_moves(
    layout: Layout,
    current: Mapping[int, Seat],
    wanted: Mapping[int, str],
    taken: Mapping[str, Standing],
    *,
    any_category: bool,
) -> tuple[SeatChange, ...]:
    """What has to change so that each ticket of `wanted` has the seat with that label; none is possible.

    `current` has the seats of these tickets, and `taken` every unit of the hall that is not free, theirs
    included: two tickets do not change places with each other, since who of a party sits where is theirs to
    decide. Raises `Rejected` with `INVALID_SEAT`, also when a seat is of another category and that is not
    allowed, or with `SEAT_UNAVAILABLE` and alternatives.
    """
    seats = seats_by_label(layout, list(wanted.values()), "tickets")
    changes = tuple(
        SeatChange(number, current[number], seat)
        for number, seat in zip(wanted, seats, strict=True)
        if current[number].unit != seat.unit
    )
    others = [change.new.label for change in changes if change.new.category != change.old.category]
    if others and not any_category:
        raise Rejected(
            Code.INVALID_SEAT,
            f"Of another category: {', '.join(others)}. Allow a price difference to move there anyway.",
            {"seats": [{"seat": label, "reason": "category"} for label in others]},
        )
    check_seats_free(layout, [change.new for change in changes], taken)
    return changes

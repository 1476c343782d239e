"""Moving tickets to other seats of the same hall."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Standing, Unit
from boxoffice.domain.seat_choice import check_seats_free, seats_by_label
from boxoffice.domain.seating import Layout, Seat


class Step(Protocol):
    """The ticket `number` of a booking leaves one unit for another."""

    @property
    def number(self) -> int:
        """The ticket."""
        ...

    @property
    def old(self) -> Unit:
        """The unit that it leaves."""
        ...

    @property
    def new(self) -> Unit:
        """The unit that it gets."""
        ...


AnyStep = TypeVar("AnyStep", bound=Step)


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
    included. A ticket may get the seat that another one of `wanted` leaves, but tickets do not change places
    with each other: in between one of them would have none. Raises `Rejected` with `INVALID_SEAT`, also when
    a seat is of another category and that is not allowed, or with `SEAT_UNAVAILABLE`, and with alternatives
    when somebody else has it.
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
            {"field": "tickets", "seats": [{"seat": label, "reason": "category"} for label in others]},
        )
    left = {change.old.unit for change in changes}
    claimed = [change.new for change in changes if change.new.unit not in left]
    check_seats_free(layout, claimed, taken, "tickets")
    _check_no_exchange(changes)
    return changes


def _check_no_exchange(changes: Sequence[SeatChange]) -> None:
    by_old = {change.old.unit: change for change in changes}
    free = {change.number for change in changes if change.new.unit not in by_old}
    while more := {
        change.number
        for change in changes
        if change.number not in free and by_old[change.new.unit].number in free
    }:
        free |= more
    stuck = [change.new.label for change in changes if change.number not in free]
    if stuck:
        raise Rejected(
            Code.SEAT_UNAVAILABLE,
            f"Tickets of one booking cannot change places with each other: {', '.join(stuck)}. "
            "Move one of them to a free seat first.",
            {"field": "tickets", "seats": stuck},
        )


def fresh(steps: Sequence[AnyStep]) -> list[AnyStep]:
    """The steps to units that no other step leaves."""
    left = {step.old for step in steps}
    return [step for step in steps if step.new not in left]


def handed_on(steps: Sequence[AnyStep]) -> list[AnyStep]:
    """The steps to units that another step leaves, each after the one that leaves its unit."""
    by_new, found = {step.new: step for step in steps}, []
    for step in fresh(steps):
        follower = by_new.get(step.old)
        while follower is not None:
            found.append(follower)
            follower = by_new.get(follower.old)
    return found


def assigned(steps: Sequence[AnyStep], gone: Collection[int], own: Collection[Unit]) -> dict[Unit, int]:
    """The units that the steps' tickets have in the end, with the tickets' numbers: all others are given up.

    `gone` are the tickets that were cancelled meanwhile, and `own` the units that the booking still has.
    Whoever cancelled a ticket may be about to free the unit that it leaves, so nobody else gets that one:
    whoever should have keeps the old one. It was left before only if nobody had cancelled by then.
    """
    by_old = {step.old: step for step in steps}
    staying: set[int] = set()
    for step in handed_on(steps):
        giver = by_old[step.new].number
        if (giver in gone or giver in staying) and step.old in own:
            staying.add(step.number)
    return {
        step.old if step.number in staying else step.new: step.number
        for step in steps
        if step.number not in gone
    }

"""Seats by their labels: which are sold at all, which are taken, and what to offer instead."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from boxoffice.domain.best_seats import free_groups, nearest_together
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Standing
from boxoffice.domain.seating import Layout, Seat, SeatKind

_MAX_SHOWN = 16
_ALTERNATIVES = 3
_TWICE, _TAKEN = "repeated", "taken"
_ENDINGS = {_TWICE: "named twice", _TAKEN: "already taken"}
_NOT_SOLD = "not for sale"


def seats_by_label(layout: Layout, labels: Sequence[str], field: str = "seats") -> tuple[Seat, ...]:
    """The seats with these labels, which were sent in `field`, in their order.

    Raises `Rejected` with `INVALID_SEAT`, listing every seat that does not exist, is disabled or is named
    twice, and why.
    """
    wrong: list[tuple[str, str]] = []
    seats: list[Seat] = []
    for label in labels:
        seat = layout.seat(label)
        if seat is None:
            wrong.append((label[:_MAX_SHOWN], "unknown"))
        elif seat.kind is SeatKind.DISABLED:
            wrong.append((seat.label, "disabled"))
        elif seat in seats:
            wrong.append((seat.label, _TWICE))
        else:
            seats.append(seat)
    if wrong:
        raise _invalid(wrong, field)
    return tuple(seats)


def check_no_seat_twice(labels: Iterable[str]) -> None:
    """Return when all labels of a showtime's seats are different. Raises `Rejected` with `INVALID_SEAT`."""
    repeated = [label for label, times in Counter(labels).items() if times > 1]
    if repeated:
        raise _invalid([(label, _TWICE) for label in repeated], "seats")


def check_seats_free(
    layout: Layout, seats: Sequence[Seat], taken: Mapping[str, Standing], field: str = "seats"
) -> None:
    """Return when all of `seats` are free. `taken` has every unit of the pool that is not, by name.

    Raises `Rejected` with `INVALID_SEAT` when some are blocked, listing all that are not free, and why; or
    with `SEAT_UNAVAILABLE`, listing those that are held or sold, for each of them the nearest free seats of
    its category, and free seats for the whole party next to each other, when there are any (`together` is
    empty otherwise).
    """
    gone = [seat for seat in seats if seat.unit in taken]
    if not gone:
        return
    blocked = [(seat.label, "blocked") for seat in gone if taken[seat.unit] is Standing.BLOCKED]
    if blocked:
        others = [(seat.label, _TAKEN) for seat in gone if taken[seat.unit] is not Standing.BLOCKED]
        raise _invalid([*blocked, *others], field)
    wanted = taken.keys() | {seat.unit for seat in seats}
    categories = {seat.category for seat in seats}
    category = categories.pop() if len(categories) == 1 else None
    groups = list(free_groups(layout, taken, category, gone[0].kind))
    together = nearest_together(groups, len(seats), gone[0]) or ()
    labels = [seat.label for seat in gone]
    raise Rejected(
        Code.SEAT_UNAVAILABLE,
        f"{_listed('Seat', labels)} already taken.",
        {
            "seats": labels,
            "alternatives": {seat.label: _labels(nearest_free(layout, wanted, seat)) for seat in gone},
            "together": _labels(together),
        },
    )


def nearest_free(layout: Layout, taken: Collection[str], seat: Seat) -> tuple[Seat, ...]:
    """Up to three seats of the same category and kind as `seat` that are nearest to it and not in `taken`."""
    best: list[tuple[int, int, int, Seat]] = []
    for row in sorted(layout.rows, key=lambda row: (abs(row.position - seat.row), row.position)):
        rows_away = 2 * abs(row.position - seat.row)
        if len(best) == _ALTERNATIVES and rows_away > best[-1][0]:
            break
        best += [
            (rows_away + abs(other.column - seat.column), other.row, other.column, other)
            for other in row.seats
            if other.category == seat.category and other.kind is seat.kind and other.unit not in taken
        ]
        best = sorted(best)[:_ALTERNATIVES]
    return tuple(other for *_, other in best)


def _invalid(wrong: Sequence[tuple[str, str]], field: str) -> Rejected:
    labels: dict[str, list[str]] = {_NOT_SOLD: [], **{ending: [] for ending in _ENDINGS.values()}}
    for label, reason in dict.fromkeys(wrong):
        labels[_ENDINGS.get(reason, _NOT_SOLD)].append(label)
    sentences = [f"{_listed('Seat', those)} {ending}." for ending, those in labels.items() if those]
    seats = [{"seat": label, "reason": reason} for label, reason in wrong]
    return Rejected(Code.INVALID_SEAT, " ".join(sentences), {"field": field, "seats": seats})


def _listed(noun: str, labels: Sequence[str]) -> str:
    """`Seat A5 is`, `Seats A5 and A6 are`."""
    if len(labels) == 1:
        return f"{noun} {labels[0]} is"
    return f"{noun}s {', '.join(labels[:-1])} and {labels[-1]} are"


def _labels(seats: Iterable[Seat]) -> list[str]:
    return [seat.label for seat in seats]

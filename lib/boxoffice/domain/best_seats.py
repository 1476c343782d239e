"""The best seats for a party: together when that is possible, and otherwise in the closest few groups."""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence

from boxoffice.domain.seating import Layout, Seat, SeatKind
from boxoffice.domain.units import Choose

Group = tuple[Seat, ...]
"""Seats next to each other, from the left."""


def best_available(
    layout: Layout,
    taken: Container[str],
    quantity: int,
    *,
    category: str | None = None,
    kind: SeatKind = SeatKind.STANDARD,
    choose: Choose | None = None,
) -> tuple[Seat, ...] | None:
    """The best `quantity` seats that are not in `taken` (names of units), or `None` when fewer are left.

    Only seats of one kind are given out, and of one category unless it is `None`. Seats together are chosen
    so that no single free seat is left beside them, then in the best row, then nearest to the row's middle.
    With `choose`, any such place of that row will do instead: buyers who arrive together should not all want
    the same seats. When there are not so many together, there are as few groups as possible, then as few rows
    between them as possible, then the best rows, then as few columns between them as possible.
    """
    groups = list(free_groups(layout, taken, category, kind))
    if sum(map(len, groups)) < quantity:
        return None
    return _together(groups, quantity, _middles(layout), choose) or _split(groups, quantity)


def nearest_together(groups: Sequence[Group], quantity: int, near: Seat) -> Group | None:
    """The `quantity` free seats next to each other that are nearest to `near`; `None` without any."""

    def rank(places: Group) -> tuple[float, int, int]:
        return _distance(near, places[0]) + _distance(near, places[-1]), places[0].row, places[0].column

    wide_enough = (group for group in groups if len(group) >= quantity)
    windows = (window for group in wide_enough for window, _ in _windows(group, quantity))
    return min(windows, key=rank, default=None)


def free_groups(
    layout: Layout, taken: Container[str], category: str | None, kind: SeatKind
) -> Iterator[Group]:
    """The free seats, in groups that are as large as possible, the best row first."""
    for row in layout.rows:
        group: list[Seat] = []
        for seat in row.seats:
            if group and seat.column != group[-1].column + 1:
                yield tuple(group)
                group = []
            if (
                seat.kind is kind
                and (category is None or seat.category == category)
                and seat.unit not in taken
            ):
                group.append(seat)
        if group:
            yield tuple(group)


def _distance(one: Seat, other: Seat) -> int:
    # To the row behind it is about as far as over the knees of two neighbours.
    return 2 * abs(one.row - other.row) + abs(one.column - other.column)


def _middles(layout: Layout) -> dict[int, int]:
    """Twice the middle column of every row, by its position."""
    return {row.position: row.seats[0].column + row.seats[-1].column for row in layout.rows}


def _windows(group: Group, quantity: int) -> Iterator[tuple[Group, int]]:
    """Every way to take `quantity` neighbours, and how many single seats it leaves."""
    spare = len(group) - quantity
    for left in range(spare + 1):
        yield group[left : left + quantity], (left == 1) + (spare - left == 1)


def _together(
    groups: Sequence[Group], quantity: int, middles: dict[int, int], choose: Choose | None
) -> Group | None:
    best: list[Group] = []
    best_rank: tuple[int, int] | None = None
    for group in groups:
        row = group[0].row
        if best_rank is not None and best_rank < (0, row):
            break
        for window, singles in _windows(group, quantity):
            rank = (singles, row)
            if best_rank is None or rank < best_rank:
                best, best_rank = [], rank
            if rank == best_rank:
                best.append(window)
    if not best:
        return None
    if choose is not None:
        return best[choose(len(best))]
    middle = middles[best[0][0].row]
    return min(best, key=lambda window: abs(window[0].column + window[-1].column - middle))


def _split(groups: Sequence[Group], quantity: int) -> tuple[Seat, ...]:
    """`quantity` seats of groups that are all too small. There must be enough of them."""
    sizes = sorted(map(len, groups), reverse=True)
    count = next(n for n in range(1, len(sizes) + 1) if sum(sizes[:n]) >= quantity)
    rows = _tightest(groups, count, quantity, lambda group: group[0].row)
    near = sorted(rows, key=_centre)
    chosen = sorted(_tightest(near, count, quantity, _centre), key=lambda group: (-len(group), group[0]))[
        :count
    ]
    *whole, last = chosen
    missing = quantity - sum(map(len, whole))
    others = sum(map(_centre, whole)) / len(whole)
    part = last[:missing] if _centre(last) >= others else last[-missing:]
    seats = [seat for group in (*whole, part) for seat in group]
    return tuple(sorted(seats, key=lambda seat: (seat.row, seat.column)))


def _centre(group: Group) -> float:
    return (group[0].column + group[-1].column) / 2


def _tightest(
    groups: Sequence[Group], count: int, quantity: int, position: Callable[[Group], float]
) -> Sequence[Group]:
    """The first of the shortest stretches of `groups` in which some `count` have `quantity` seats.

    `groups` are in the order of `position`, by which a stretch is measured, and have such a stretch.
    """
    sizes = sorted({len(group) for group in groups}, reverse=True)
    inside: Counter[int] = Counter()

    def suffices() -> bool:
        missing, left = quantity, count
        for size in sizes:
            used = min(left, inside[size])
            missing, left = missing - used * size, left - used
            if missing <= 0:
                return True
            if not left:
                break
        return False

    best, shortest, start = groups, float("inf"), 0
    for end, group in enumerate(groups):
        inside[len(group)] += 1
        while suffices():
            stretch = position(group) - position(groups[start])
            if stretch < shortest:
                best, shortest = groups[start : end + 1], stretch
            inside[len(groups[start])] -= 1
            start += 1
    return best

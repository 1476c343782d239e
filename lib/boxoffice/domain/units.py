"""General admission: the numbered units of a pool, and which of the free ones to try.

Units are the numbers 1 to the pool's capacity. Which free unit a buyer gets does not matter to anybody, so
buyers who arrive together are spread at random: two who pick the same unit cost each other a round trip.
"""

from collections.abc import Callable, Collection

Choose = Callable[[int], int]
"""A whole number from 0 up to, and not including, the one given; each equally likely."""

MOST_UNITS = 96
"""So many units one booking can have, of all its tickets together.

They are claimed in one call, which writes at most 100 rows, all or none. The other rows are for what a
hold or a booking claims besides: a place among the holds of its user and one among those of its event, and
two uses of a promo code.
"""

_GUESSES_PER_UNIT = 16


def pick(
    capacity: int,
    taken: Collection[str],
    quantity: int,
    choose: Choose,
    avoid: Collection[str] = frozenset(),
) -> tuple[str, ...] | None:
    """`quantity` different units of 1..`capacity` outside `taken`, or `None` when so many are not left.

    Units in `avoid` are only picked when there are too few others. Both are searched many times, so they
    should be sets or mappings. Guessing is quick while the pool is not nearly full, and a pool of a hundred
    thousand units is only listed when guessing keeps failing.
    """
    if capacity - len(taken) < quantity:
        return None
    picked: set[str] = set()
    for _ in range(_GUESSES_PER_UNIT * quantity):
        unit = str(choose(capacity) + 1)
        if unit not in taken and unit not in avoid:
            picked.add(unit)
        if len(picked) == quantity:
            return tuple(picked)
    free = [unit for unit in map(str, range(1, capacity + 1)) if unit not in taken and unit not in picked]
    _draw(picked, [unit for unit in free if unit not in avoid], quantity, choose)
    _draw(picked, [unit for unit in free if unit in avoid], quantity, choose)
    return tuple(picked) if len(picked) == quantity else None


def _draw(picked: set[str], free: list[str], quantity: int, choose: Choose) -> None:
    """Move units from `free` to `picked`, each equally likely, until there are `quantity` or none is left."""
    while free and len(picked) < quantity:
        index = choose(len(free))
        free[index], free[-1] = free[-1], free[index]
        picked.add(free.pop())

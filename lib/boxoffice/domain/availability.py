"""What is left: counts, the map of a hall, and a version that changes with them."""

from base64 import b32encode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from types import MappingProxyType

from boxoffice.domain.pools import Standing, Unit
from boxoffice.domain.seating import Layout, SeatKind

_VERSION_BYTES = 10

NOT_FOR_SALE = "x"
LETTERS: Mapping[Standing, str] = MappingProxyType(
    {Standing.FREE: "f", Standing.HELD: "h", Standing.SOLD: "s", Standing.BLOCKED: "b"}
)
"""How the map of a hall spells the standing of a seat; one that nobody has and nobody can buy is
`NOT_FOR_SALE`.
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many units there are, and how many of them are what.

    `free` are those that can be booked: never more than there are, and none of what is not for sale.
    """

    total: int
    free: int
    held: int
    sold: int
    blocked: int

    def withdrawn(self) -> "Counts":
        """The counts while nothing of it is for sale."""
        return replace(self, free=0)


@dataclass(frozen=True, slots=True)
class RowMap:
    """A row of a hall: one letter for every seat, in the order of the layout, gaps left out."""

    section: str
    row: str
    states: str

    def withdrawn(self) -> "RowMap":
        """The row while nothing of it is for sale."""
        return replace(self, states=self.states.replace(LETTERS[Standing.FREE], NOT_FOR_SALE))


def count(total: int, taken: Collection[Standing]) -> Counts:
    """The counts of a pool of `total` units, where `taken` are the standings of all that are not free.

    None is free when the pool has become smaller than what it has sold.
    """
    counted = Counter(taken)
    held, sold, blocked = (counted[each] for each in (Standing.HELD, Standing.SOLD, Standing.BLOCKED))
    return Counts(total, max(0, total - held - sold - blocked), held, sold, blocked)


def altogether(each: Collection[Counts]) -> Counts:
    """The counts of several parts as one."""
    return Counts(
        total=sum(counts.total for counts in each),
        free=sum(counts.free for counts in each),
        held=sum(counts.held for counts in each),
        sold=sum(counts.sold for counts in each),
        blocked=sum(counts.blocked for counts in each),
    )


def count_seats(layout: Layout, taken: Mapping[str, Standing], priced: Collection[str]) -> dict[str, Counts]:
    """The counts of every category of seats.

    `taken` are the units that are not free, by name. A category that is not in `priced` is not for sale.
    """
    states: dict[str, list[Standing]] = {category: [] for category in layout.totals}
    for unit, state in taken.items():
        seat = layout.by_unit.get(unit)
        if seat is not None and seat.kind is not SeatKind.DISABLED:
            states[seat.category].append(state)
    counts = {category: count(total, states[category]) for category, total in layout.totals.items()}
    return {
        category: found if category in priced else found.withdrawn() for category, found in counts.items()
    }


def seat_map(layout: Layout, taken: Mapping[str, Standing], priced: Collection[str]) -> tuple[RowMap, ...]:
    """The state of every seat. `taken` and `priced` as for `count_seats`."""
    letters = {unit: LETTERS[state] for unit, state in taken.items()}
    otherwise = {
        category: LETTERS[Standing.FREE] if category in priced else NOT_FOR_SALE for category in layout.totals
    }
    return tuple(
        RowMap(
            row.section,
            row.name,
            "".join(
                NOT_FOR_SALE
                if seat.kind is SeatKind.DISABLED
                else letters.get(seat.unit) or otherwise[seat.category]
                for seat in row.seats
            ),
        )
        for row in layout.rows
    )


def taken_version(pools: Iterable[str], taken: Mapping[Unit, Standing]) -> str:
    """Sixteen characters that stand for exactly these units of these pools not being free.

    Made from what is the case and not counted, so that every function comes to the same version without
    asking another, a lost update cannot stop it, and a hold that ends changes it although no row has changed.
    """
    # The pools too: otherwise everything that has sold nothing yet would have the same version.
    return _digest(
        [*sorted(pools), *sorted(f"{unit.pool}.{unit.name}={state}" for unit, state in taken.items())]
    )


def version(taken: str, shown: Iterable[Sequence[object]]) -> str:
    """Sixteen characters that stand for what is taken and for everything else that is shown.

    `taken` is its `taken_version`. What is `shown` is told in plain values: texts, numbers, and the like.
    """
    return _digest([taken, *(repr(tuple(one)) for one in shown)])


def _digest(lines: Iterable[str]) -> str:
    digest = blake2b("\n".join(lines).encode(), digest_size=_VERSION_BYTES, person=b"availability")
    return b32encode(digest.digest()).decode().lower()

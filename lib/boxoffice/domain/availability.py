"""What is left: counts, the map of a hall, and a version that changes with them."""

from base64 import b32encode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType

from boxoffice.domain.pools import Standing, Unit
from boxoffice.domain.seating import Layout, SeatKind

_VERSION_BYTES = 10

DISABLED = "x"
LETTERS: Mapping[Standing, str] = MappingProxyType(
    {Standing.FREE: "f", Standing.HELD: "h", Standing.SOLD: "s", Standing.BLOCKED: "b"}
)
"""How the map of a hall spells the standing of a seat; a disabled one is `DISABLED`."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many units there are, and how many of them are what. Never says that more are free than are."""

    total: int
    held: int
    sold: int
    blocked: int

    @property
    def free(self) -> int:
        """How many can be booked now."""
        return left(self.total, self.held + self.sold + self.blocked)


@dataclass(frozen=True, slots=True)
class RowMap:
    """A row of a hall: one letter for every seat, in the order of the layout, gaps left out."""

    section: str
    row: str
    states: str


def left(total: int, taken: int) -> int:
    """How many of a pool's units are free. 0 when the pool has become smaller than what it has sold."""
    return max(0, total - taken)


def count(total: int, taken: Collection[Standing]) -> Counts:
    """The counts of a pool of `total` units, where `taken` are the standings of all that are not free."""
    counted = Counter(taken)
    return Counts(total, counted[Standing.HELD], counted[Standing.SOLD], counted[Standing.BLOCKED])


def count_seats(layout: Layout, taken: Mapping[str, Standing]) -> dict[str, Counts]:
    """The counts of every category of seats. `taken` are the units that are not free, by name."""
    states: dict[str, list[Standing]] = {category: [] for category in layout.totals}
    for unit, state in taken.items():
        seat = layout.by_unit.get(unit)
        if seat is not None and seat.kind is not SeatKind.DISABLED:
            states[seat.category].append(state)
    return {category: count(total, states[category]) for category, total in layout.totals.items()}


def seat_map(layout: Layout, taken: Mapping[str, Standing]) -> tuple[RowMap, ...]:
    """The state of every seat. `taken` are the units that are not free, by name."""
    free = LETTERS[Standing.FREE]
    letters = {unit: LETTERS[state] for unit, state in taken.items()}
    return tuple(
        RowMap(
            row.section,
            row.name,
            "".join(
                DISABLED if seat.kind is SeatKind.DISABLED else letters.get(seat.unit, free)
                for seat in row.seats
            ),
        )
        for row in layout.rows
    )


def version(pools: Iterable[str], taken: Mapping[Unit, Standing]) -> str:
    """Sixteen characters that stand for exactly these units of these pools not being free.

    Made from what is the case and not counted, so that every function comes to the same version without
    asking another, a lost update cannot stop it, and a hold that ends changes it although no row has changed.
    """
    # The pools too: otherwise everything that has sold nothing yet would have the same version.
    lines = [*sorted(pools), *sorted(f"{unit.pool}.{unit.name}={state}" for unit, state in taken.items())]
    digest = blake2b("\n".join(lines).encode(), digest_size=_VERSION_BYTES, person=b"availability")
    return b32encode(digest.digest()).decode().lower()

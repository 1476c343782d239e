"""Seats that a booking wants: those with certain labels, or the best of a category."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from boxoffice.domain import units
from boxoffice.domain.best_seats import best_available
from boxoffice.domain.conflicts import in_the_way
from boxoffice.domain.pools import Claim, Standing, Unit, standing_while_there
from boxoffice.domain.seat_choice import check_seats_free
from boxoffice.domain.seating import Layout, Seat
from boxoffice.inventory.wants import Known, Place, fewer_in_all, too_few_tickets


@dataclass(frozen=True, slots=True)
class TheseSeats:
    """Exactly these seats."""

    pool: str
    layout: Layout
    seats: tuple[Seat, ...]
    needs_map: bool = False

    @property
    def pools(self) -> tuple[str, ...]:
        """See `Want.pools`."""
        return (self.pool,)

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """See `Want.pick`."""
        check_seats_free(self.layout, self.seats, _standings(memory, self.pool))
        return _places(self.pool, self.seats)

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        taken = memory.claims(self.pool)
        return [taken[seat.unit] for seat in self.seats if seat.unit in taken]

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return [claim.unit for claim in self.in_the_way(memory)]


@dataclass(frozen=True, slots=True)
class TheBestSeats:
    """The best seats of a category."""

    pool: str
    layout: Layout
    category: str
    quantity: int
    needs_map: bool = True

    @property
    def pools(self) -> tuple[str, ...]:
        """See `Want.pools`."""
        return (self.pool,)

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """See `Want.pick`."""
        taken, in_flight = memory.claims(self.pool), memory.in_flight(self.pool)
        avoided: Collection[str] = taken.keys() | in_flight if in_flight else taken
        seats = self._best(avoided, choose) or self._best(taken, choose)
        if seats is None and self.quantity > (capacity := len(self._seats())):
            raise fewer_in_all(capacity, self._free(taken), self.quantity)
        if seats is None:
            raise too_few_tickets(self._free(taken), self.quantity)
        return _places(self.pool, seats)

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        seats, taken = self._seats(), memory.claims(self.pool)
        of_category = [taken[seat.unit] for seat in seats if seat.unit in taken]
        return in_the_way(of_category, len(seats), self.quantity)

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return []

    def _best(self, taken: Collection[str], choose: units.Choose) -> tuple[Seat, ...] | None:
        return best_available(self.layout, taken, self.quantity, category=self.category, choose=choose)

    def _free(self, taken: Mapping[str, Claim]) -> int:
        return sum(seat.unit not in taken for seat in self._seats())

    def _seats(self) -> list[Seat]:
        return [seat for seat in self.layout.by_unit.values() if self._is_one(seat)]

    def _is_one(self, seat: Seat) -> bool:
        return seat.category == self.category and seat.is_standard


def _standings(memory: Known, pool: str) -> dict[str, Standing]:
    return {name: standing_while_there(claim) for name, claim in memory.claims(pool).items()}


def _places(pool: str, seats: Sequence[Seat]) -> tuple[Place, ...]:
    return tuple(Place((Unit(pool, seat.unit),), seat.label) for seat in seats)

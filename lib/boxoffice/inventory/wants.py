"""What a booking wants of the pools, and how it chooses among what is free.

The kinds differ in which of the free units are the best, in how many units a ticket needs, and in the words
of their refusals; in nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from boxoffice.domain import units
from boxoffice.domain.best_seats import best_available
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import in_the_way
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, Standing, Unit, standing_while_there
from boxoffice.domain.seat_choice import check_seats_free
from boxoffice.domain.seating import Layout, Seat
from boxoffice.domain.services import Service
from boxoffice.domain.slots import Slot, nearest_open, open_slots, pools_of, slot_units, slots_of_day


class Place(NamedTuple):
    """What one ticket is for. `label` is what people call it; empty where one is as good as another."""

    units: tuple[Unit, ...]
    label: str


class Known(Protocol):
    """What is known of pools: see `PoolMemory`."""

    def claims(self, pool: str) -> Mapping[str, Claim]:
        """The claims on the pool, by the names of their units."""
        ...

    def in_flight(self, pool: str) -> Collection[str]:
        """The units that others are claiming right now."""
        ...


class Want(Protocol):
    """Something wanted. `needs_map`: choosing blindly would nearly always choose what is taken."""

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that the units are chosen from."""
        ...

    @property
    def needs_map(self) -> bool:
        """Whether the claims should be read before the first attempt."""
        ...

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """Free units for every ticket, as far as is remembered. Raises `Rejected` when there are none."""
        ...

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """The claims because of which `pick` was refused."""
        ...

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """What has to be asked about before a refusal, however recent the memory is.

        Where nothing else will do, what is in the way may just have been given back.
        """
        ...


def in_order(wants: Sequence[Want]) -> list[tuple[int, Want]]:
    """The wants with their places among them, in the order in which they choose.

    Whoever has no choice comes first: the best seats can be others than those that are named.
    """
    return sorted(enumerate(wants), key=lambda numbered: numbered[1].needs_map)


Shortage = Callable[[int, int], Rejected]
"""The refusal when so many are available and so many were asked for."""


def too_few_tickets(available: int, requested: int) -> Rejected:
    """The refusal of general admission."""
    sentence = "The tickets are sold out." if not available else f"Only {available} tickets are left."
    return Rejected(Code.INSUFFICIENT_TICKETS, sentence, {"available": available, "requested": requested})


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any `quantity` of the units 1 to `capacity` of a pool: general admission, and everything that counts.

    `label` is what the places are called. Of a limit, unlike of a crowd, each unit counts.
    """

    pool: str
    capacity: int
    quantity: int
    shortage: Shortage = too_few_tickets
    label: str = ""
    is_limit: bool = False
    needs_map: bool = False

    @property
    def pools(self) -> tuple[str, ...]:
        """See `Want.pools`."""
        return (self.pool,)

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """See `Want.pick`."""
        taken = memory.claims(self.pool)
        # Units that a neighbour is claiming are left alone while there are others: one of both would lose.
        names = units.pick(self.capacity, taken, self.quantity, choose, avoid=memory.in_flight(self.pool))
        if names is None:
            raise self.shortage(max(0, self.capacity - len(taken)), self.quantity)
        return tuple(Place((Unit(self.pool, name),), self.label) for name in names)

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        return in_the_way(memory.claims(self.pool).values(), self.capacity, self.quantity)

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return [claim.unit for claim in memory.claims(self.pool).values()] if self.is_limit else []


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


@dataclass(frozen=True, slots=True)
class ThisTime:
    """Places at a service at one time. `now` decides which other times are offered instead."""

    service: Service
    slot: Slot
    quantity: int
    label: str
    now: datetime
    needs_map: bool = False

    @property
    def pools(self) -> tuple[str, ...]:
        """See `Want.pools`."""
        return pools_of(self.service, (self.slot,))

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """See `Want.pick`."""
        taken = [claim.unit for claim in self._claims(memory)]
        try:
            claimed = slot_units(self.service, self.slot, self.quantity, taken, choose)
        except Rejected as refusal:
            if refusal.code is not Code.SLOT_UNAVAILABLE:
                raise
            raise Rejected(
                refusal.code, refusal.message, {**refusal.details, **self._alternatives(taken)}
            ) from None
        each = len(self.slot.quanta)
        return tuple(Place(claimed[at : at + each], self.label) for at in range(0, len(claimed), each))

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        return [
            claim
            for claims in self._by_quantum(memory)
            for claim in in_the_way(claims, self.service.capacity, self.quantity)
        ]

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return [claim.unit for claims in self._by_quantum(memory) for claim in claims]

    def _by_quantum(self, memory: Known) -> Iterable[list[Claim]]:
        """The claims on each part of the time."""
        times = {f"{quantum:%H%M}" for quantum in self.slot.quanta}
        by_quantum: dict[tuple[str, str], list[Claim]] = {}
        for claim in self._claims(memory):
            time = claim.unit.name.partition("-")[0]
            if time in times:
                by_quantum.setdefault((claim.unit.pool, time), []).append(claim)
        return by_quantum.values()

    def _claims(self, memory: Known) -> Iterable[Claim]:
        return (claim for pool in self.pools for claim in memory.claims(pool).values())

    def _alternatives(self, taken: Sequence[Unit]) -> dict[str, Any]:
        minutes = (self.slot.ends_at - self.slot.starts_at).seconds // 60
        day = self.slot.starts_at.astimezone(self.service.zone).date()
        known = [
            slot
            for slot in slots_of_day(self.service, day, minutes)
            if set(pools_of(self.service, (slot,))) <= set(self.pools)
        ]
        others = open_slots(self.service, known, taken, self.now)
        nearest = nearest_open(others, self.slot.starts_at, self.quantity)
        return {"alternatives": [one.slot.starts_at.isoformat() for one in nearest]}


@dataclass(frozen=True, slots=True)
class OneOf:
    """What is wanted or, when it is gone, something that is as good."""

    wanted: Want
    substitute: Want
    needs_map: bool = False

    @property
    def pools(self) -> tuple[str, ...]:
        """See `Want.pools`."""
        return tuple(dict.fromkeys((*self.wanted.pools, *self.substitute.pools)))

    def pick(self, memory: Known, choose: units.Choose) -> tuple[Place, ...]:
        """See `Want.pick`."""
        try:
            return self.wanted.pick(memory, choose)
        except Rejected:
            return self.substitute.pick(memory, choose)

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        return self.substitute.in_the_way(memory)

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return self.wanted.doubtful(memory)


def _standings(memory: Known, pool: str) -> dict[str, Standing]:
    return {name: standing_while_there(claim) for name, claim in memory.claims(pool).items()}


def _places(pool: str, seats: Sequence[Seat]) -> tuple[Place, ...]:
    return tuple(Place((Unit(pool, seat.unit),), seat.label) for seat in seats)

"""What a booking wants of the pools, and how it chooses among what is free.

The kinds differ in which of the free units are the best, in how many units a ticket needs, and in the words
of their refusals; in nothing else. Seats are in `seat_wants`, times in `time_wants`: most bookings need
neither, and a cold function should be there as soon as possible.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from boxoffice.domain import units
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import in_the_way
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, Unit


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
    sentence = "The tickets are sold out."
    if available:
        sentence = f"Only {'1 ticket is' if available == 1 else f'{available} tickets are'} left."
    return Rejected(Code.INSUFFICIENT_TICKETS, sentence, {"available": available, "requested": requested})


def fewer_in_all(capacity: int, available: int, requested: int) -> Rejected:
    """The refusal of more tickets than there are, whether taken or not."""
    if not capacity:
        return too_few_tickets(0, requested)
    number = "is only 1" if capacity == 1 else f"are only {capacity}"
    return Rejected(
        Code.INSUFFICIENT_TICKETS,
        f"There {number} of these tickets in all.",
        {"available": available, "requested": requested, "capacity": capacity},
    )


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
            available = max(0, self.capacity - len(taken))
            if self.quantity > self.capacity and not self.is_limit:
                raise fewer_in_all(self.capacity, available, self.quantity)
            raise self.shortage(available, self.quantity)
        return tuple(Place((Unit(self.pool, name),), self.label) for name in names)

    def in_the_way(self, memory: Known) -> Sequence[Claim]:
        """See `Want.in_the_way`."""
        return in_the_way(memory.claims(self.pool).values(), self.capacity, self.quantity)

    def doubtful(self, memory: Known) -> Sequence[Unit]:
        """See `Want.doubtful`."""
        return [claim.unit for claim in memory.claims(self.pool).values()] if self.is_limit else []


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

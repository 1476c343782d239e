"""What a warm function remembers about pools.

It never decides that somebody gets a unit: that is for the database. It only keeps buyers from trying units
that are known to be gone, and for a few seconds from trying a pool that is known to be sold out.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

_FRESH_SECONDS = 5.0
_MAX_POOLS = 64


@dataclass(slots=True)
class _Pool:
    taken: set[int] = field(default_factory=set)
    in_flight: set[int] = field(default_factory=set)
    learned_at: float = float("-inf")
    written_at: float = float("-inf")


class PoolMemory:
    """Hints about the units of pools; shared by all executions of a warm function. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pools: OrderedDict[str, _Pool] = OrderedDict()

    def taken(self, pool: str) -> Collection[int]:
        """The units that were taken when last heard of. A set that must not be changed."""
        return self._pool(pool).taken

    def in_flight(self, pool: str) -> Collection[int]:
        """The units that other executions of this function are claiming right now."""
        return self._pool(pool).in_flight

    def is_fresh(self, pool: str) -> bool:
        """Whether what is remembered is recent enough to refuse a buyer without asking."""
        return self._clock() - self._pool(pool).learned_at < _FRESH_SECONDS

    def written_at(self, pool: str) -> float:
        """When this function last claimed or released a unit of the pool, as far as it remembers."""
        return self._pool(pool).written_at

    def read(self, pool: str, taken: Iterable[int]) -> None:
        """Exactly these units are taken."""
        entry = self._pool(pool)
        entry.taken = set(taken)
        entry.learned_at = self._clock()

    def trying(self, pool: str, units: Iterable[int]) -> None:
        """These units are about to be claimed."""
        self._pool(pool).in_flight.update(units)

    def tried(self, pool: str, units: Iterable[int]) -> None:
        """The attempt at these units has ended."""
        self._pool(pool).in_flight.difference_update(units)

    def claimed(self, pool: str, units: Iterable[int]) -> None:
        """These units have just been claimed."""
        entry = self._pool(pool)
        entry.taken.update(units)
        entry.learned_at = entry.written_at = self._clock()

    def released(self, pool: str, units: Iterable[int]) -> None:
        """These units are free again."""
        entry = self._pool(pool)
        entry.taken.difference_update(units)
        entry.written_at = self._clock()

    def _pool(self, pool: str) -> _Pool:
        entry = self._pools.setdefault(pool, _Pool())
        self._pools.move_to_end(pool)
        while len(self._pools) > _MAX_POOLS:
            self._pools.popitem(last=False)
        return entry

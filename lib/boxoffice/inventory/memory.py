"""What a warm function remembers about pools.

It never decides that somebody gets a unit: that is for the database. It only keeps buyers from trying units
that are known to be gone, and for a few seconds from trying a pool that is known to be sold out.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from boxoffice.domain.pools import Claim, ClaimState, Unit

_FRESH_SECONDS = 5.0
_COUNTED_SECONDS = 1.0
_MAX_POOLS = 64


@dataclass(slots=True)
class _Pool:
    claims: dict[str, Claim] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    next_end: datetime | None = None
    learned_at: float = float("-inf")
    written_at: float = float("-inf")
    counted_at: float = float("-inf")
    decided_at: float = float("-inf")


class PoolMemory:
    """Hints about the units of pools; shared by all executions of a warm function. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pools: OrderedDict[str, _Pool] = OrderedDict()

    def claims(self, pool: str) -> Mapping[str, Claim]:
        """The claims on the pool when last heard of it, by the names of their units."""
        return self._pool(pool).claims

    def in_flight(self, pool: str) -> Collection[str]:
        """The units that other executions of this function are claiming right now."""
        return self._pool(pool).in_flight

    def is_fresh(self, pool: str) -> bool:
        """Whether what is remembered is recent enough to refuse a buyer without asking."""
        return self._clock() - self._pool(pool).learned_at < _FRESH_SECONDS

    def is_counted(self, pool: str) -> bool:
        """Whether it was known a moment ago how many units are taken."""
        entry = self._pool(pool)
        return self._clock() - max(entry.learned_at, entry.counted_at) < _COUNTED_SECONDS

    def counted(self, pool: str) -> None:
        """Somebody finds out right now how many units are taken."""
        self._pool(pool).counted_at = self._clock()

    def is_decided(self, pool: str) -> bool:
        """Whether it was known a moment ago which of the reservations are sales."""
        return self._clock() - self._pool(pool).decided_at < _COUNTED_SECONDS

    def decided(self, pool: str) -> None:
        """It is known right now which of the reservations are sales."""
        self._pool(pool).decided_at = self._clock()

    def doubt(self, pool: str) -> None:
        """What is remembered is not enough to refuse a buyer by, however recent it is."""
        self._pool(pool).learned_at = float("-inf")

    def next_end(self, pool: str) -> datetime | None:
        """When the first of the remembered reservations ends; `None` when none does by itself."""
        return self._pool(pool).next_end

    def written_at(self, pool: str) -> float:
        """When this function last claimed or released a unit of the pool, as far as it remembers."""
        return self._pool(pool).written_at

    def read(self, pool: str, claims: Iterable[Claim]) -> None:
        """Exactly these claims are there."""
        entry = self._pool(pool)
        entry.claims = {claim.unit.name: claim for claim in claims}
        entry.next_end = min(filter(None, map(_end, entry.claims.values())), default=None)
        entry.learned_at = self._clock()
        # The rows say less than the outcomes did.
        entry.decided_at = float("-inf")

    def trying(self, units: Iterable[Unit]) -> None:
        """These units are about to be claimed."""
        for pool, name in units:
            self._pool(pool).in_flight.add(name)

    def tried(self, units: Iterable[Unit]) -> None:
        """The attempt at these units has ended."""
        for pool, name in units:
            self._pool(pool).in_flight.discard(name)

    def claimed(self, claims: Iterable[Claim]) -> None:
        """These claims have just been made."""
        for claim in claims:
            entry = self._pool(claim.unit.pool)
            entry.claims[claim.unit.name] = claim
            entry.next_end = min(filter(None, (entry.next_end, _end(claim))), default=None)
            entry.learned_at = entry.written_at = self._clock()

    def sold(self, units: Iterable[Unit]) -> None:
        """The claims on these units do not end by themselves any more."""
        for pool, name in units:
            entry = self._pool(pool)
            if claim := entry.claims.get(name):
                entry.claims[name] = replace(claim, state=ClaimState.SOLD, reserved_until=None)

    def released(self, units: Iterable[Unit]) -> None:
        """These units are free again."""
        for pool, name in units:
            entry = self._pool(pool)
            entry.claims.pop(name, None)
            entry.written_at = self._clock()

    def _pool(self, pool: str) -> _Pool:
        entry = self._pools.setdefault(pool, _Pool())
        self._pools.move_to_end(pool)
        while len(self._pools) > _MAX_POOLS:
            self._pools.popitem(last=False)
        return entry


def _end(claim: Claim) -> datetime | None:
    return claim.reserved_until if claim.state is ClaimState.RESERVED else None

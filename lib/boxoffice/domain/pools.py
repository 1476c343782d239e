"""Everything that can be booked: pools of named units, each claimed by at most one row.

A place in the crowd, a seat and a quarter of an hour in a studio are all units. They differ in their names
and in which of the free ones is the best choice, and in nothing else: the same rows claim, hold, sell, block
and release them.

| what is sold      | its pool                            | its units                                   |
|-------------------|-------------------------------------|---------------------------------------------|
| general admission | `ids.pool_id` of the ticket type    | `Numbered`: 1 to the capacity               |
| seats             | `seat_pool` of the showtime         | `Layout.by_unit`: named by section and seat |
| time slots        | `slot_pool` of the service's days   | `slots.slot_units`: times and lanes         |
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from boxoffice.domain import ids


class ClaimState(StrEnum):
    """What the row of a claim says about its unit."""

    RESERVED = "RESERVED"
    SOLD = "SOLD"
    BLOCKED = "BLOCKED"


class Standing(StrEnum):
    """What can be said about a unit at a moment."""

    FREE = "free"
    HELD = "held"
    SOLD = "sold"
    BLOCKED = "blocked"


class Unit(NamedTuple):
    """One thing that at most one booking has: a unit's name in its pool."""

    pool: str
    name: str

    @property
    def claim_id(self) -> str:
        """The id of the row that claims the unit."""
        return ids.claim_id(self.pool, self.name)

    @classmethod
    def of_claim(cls, claim_id: str) -> "Unit":
        """The unit that the row with this id claims."""
        pool, _, name = claim_id.partition(".")
        return cls(pool, name)


@dataclass(frozen=True, slots=True)
class Claim:
    """A booking's claim on a unit. `reserved_until` is `None` when the claim does not end by itself."""

    unit: Unit
    booking_id: str
    state: ClaimState
    reserved_until: datetime | None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether this was only a reservation, and has ended."""
        if self.state is not ClaimState.RESERVED or self.reserved_until is None:
            return False
        return self.reserved_until <= now


class Numbered(Collection[str]):
    """The units of general admission: the numbers from 1 to `capacity`, none of them written down."""

    def __init__(self, capacity: int) -> None:
        self._numbers = range(1, capacity + 1)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or not name.isascii() or not name.isdecimal():
            return False
        return not name.startswith("0") and int(name) in self._numbers

    def __iter__(self) -> Iterator[str]:
        return map(str, self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def seat_pool(showtime_id: str) -> str:
    """The pool of a showtime's seats: one for the whole hall, whatever its categories cost."""
    # The colon cannot occur in an id, so a ticket type with the showtime's id has another pool.
    return ids.pool_id(f"showtime:{showtime_id}")


@lru_cache(maxsize=1_024)
def slot_pool(service_id: str, utc_day: date) -> str:
    """The pool of a service's time on a day in UTC, so that a day is read without the years around it."""
    return ids.pool_id(f"service:{service_id}:{utc_day.isoformat()}")


_STANDINGS = {ClaimState.SOLD: Standing.SOLD, ClaimState.BLOCKED: Standing.BLOCKED}


def standing_while_there(claim: Claim) -> Standing:
    """What `claim` makes of its unit as long as nobody has removed it, ended or not."""
    return _STANDINGS.get(claim.state, Standing.HELD)


def standing(claim: Claim, now: datetime, confirmed: Collection[str] = frozenset()) -> Standing:
    """What `claim` makes of its unit at `now`.

    A reservation that has ended leaves its unit free at once, unless its booking is in `confirmed`: the sale
    of a booking is decided by its outcome, and the claim's state follows a little later.
    """
    if not claim.has_lapsed(now):
        return standing_while_there(claim)
    return Standing.SOLD if claim.booking_id in confirmed else Standing.FREE


def standings(
    claims: Iterable[Claim], now: datetime, confirmed: Collection[str] = frozenset()
) -> dict[Unit, Standing]:
    """Every unit that is not free at `now`, and why (see `standing`)."""
    found: dict[Unit, Standing] = {}
    for claim in claims:
        state = standing(claim, now, confirmed)
        if state is not Standing.FREE:
            found[claim.unit] = state
    return found


def in_pool(units: Mapping[Unit, Standing], pool: str) -> dict[str, Standing]:
    """The units of one pool, by name."""
    return {unit.name: state for unit, state in units.items() if unit.pool == pool}


def lapsed_bookings(claims: Iterable[Claim], now: datetime) -> frozenset[str]:
    """The bookings with reservations that have ended.

    Whoever wants their units has to win their outcomes first, and deletes their claims by these ids.
    """
    return frozenset(claim.booking_id for claim in claims if claim.has_lapsed(now))

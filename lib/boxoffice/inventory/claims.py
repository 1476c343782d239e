"""Claims: a unit is taken when the row of its claim exists, and free when it does not.

Claiming is one bulk create with one id per unit. The database writes all of the rows or none, so nobody ever
gets a part of what they asked for, and no unit is ever claimed twice.
"""

from collections.abc import Iterable
from datetime import datetime

from boxoffice.domain import ids, units
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.inventory.memory import PoolMemory
from boxoffice.ports import NewRow, Rows, RowsTaken
from boxoffice.schema import Table
from boxoffice.times import to_text

# Every lost race means that somebody else has won one, so even the last units of a large sale are decided
# within a few rounds. This only stops a loop that cannot end.
_MAX_ROUNDS = 50

_PAGE = 5_000


class GeneralAdmission:
    """Claims numbered units. `choose` is the source of chance (see `units.Choose`)."""

    def __init__(self, rows: Rows, memory: PoolMemory, choose: units.Choose) -> None:
        self._rows = rows
        self._memory = memory
        self._choose = choose

    async def known_shortage(self, pool: str, capacity: int, quantity: int) -> Rejected | None:
        """The refusal, when it is certain that fewer than `quantity` units are left; `None` is no promise.

        Costs nothing while the memory is fresh. A memory that is not, but says "sold out", is refreshed: one
        read here is cheaper than finding out halfway through a booking.
        """
        if capacity - len(self._memory.taken(pool)) >= quantity:
            return None
        if not self._memory.is_fresh(pool):
            await self._read_taken(pool)
        available = capacity - len(self._memory.taken(pool))
        return _insufficient(available, quantity) if available < quantity else None

    async def claim(
        self,
        *,
        pool: str,
        capacity: int,
        quantity: int,
        event_id: str,
        booking_id: str,
        reserved_until: datetime,
    ) -> tuple[int, ...]:
        """Claim `quantity` free units for the booking, and return them.

        Raises `Rejected` with `INSUFFICIENT_TICKETS` and the number still available.
        """
        known = self._memory.is_fresh(pool)
        for _ in range(_MAX_ROUNDS):
            picked = self._pick(pool, capacity, quantity)
            if picked is None:
                if known:
                    raise _insufficient(capacity - len(self._memory.taken(pool)), quantity)
                await self._read_taken(pool)
                known = True
                continue
            rows = [
                NewRow(
                    ids.claim_id(pool, str(unit)),
                    {
                        "poolId": pool,
                        "unit": str(unit),
                        "eventId": event_id,
                        "bookingId": booking_id,
                        "state": "RESERVED",
                        "reservedUntil": to_text(reserved_until),
                    },
                )
                for unit in picked
            ]
            self._memory.trying(pool, picked)
            try:
                await self._rows.create_all(Table.CLAIMS, rows, owner="bookingId")
            except RowsTaken:
                await self._read_taken(pool)
                known = True
            else:
                self._memory.claimed(pool, picked)
                return picked
            finally:
                self._memory.tried(pool, picked)
        raise Retryable(Code.CONFLICT_ERROR)

    async def release(self, pool: str, units_claimed: tuple[int, ...], booking_id: str) -> None:
        """Free whatever the booking has claimed.

        By the booking's id and never by the unit's: that unit may be somebody else's by now.
        """
        await self._rows.delete_where(Table.CLAIMS, {"bookingId": booking_id})
        self._memory.released(pool, units_claimed)

    def freed(self, pool: str, names: Iterable[str]) -> None:
        """Whoever knows their claims has freed these units of the pool."""
        self._memory.released(pool, [int(name) for name in names if name.isdecimal()])

    def _pick(self, pool: str, capacity: int, quantity: int) -> tuple[int, ...] | None:
        # Units that a neighbour is claiming are left alone while there are others: one of the two would lose.
        return units.pick(
            capacity, self._memory.taken(pool), quantity, self._choose, avoid=self._memory.in_flight(pool)
        )

    async def _read_taken(self, pool: str) -> None:
        taken: list[int] = []
        after = ""
        while True:
            page = await self._rows.find(
                Table.CLAIMS, {"poolId": pool}, columns=["unit"], after=after, limit=_PAGE
            )
            taken.extend(int(row["unit"]) for row in page)
            if len(page) < _PAGE:
                break
            after = page[-1]["$id"]
        self._memory.read(pool, taken)


def _insufficient(available: int, quantity: int) -> Rejected:
    left = max(0, available)
    sentence = "The tickets are sold out." if left == 0 else f"Only {left} tickets are left."
    return Rejected(Code.INSUFFICIENT_TICKETS, sentence, {"available": left, "requested": quantity})

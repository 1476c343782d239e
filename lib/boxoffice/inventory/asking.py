"""Finding out what is taken, when what is remembered is not enough."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.pools import Claim, ClaimState, Unit
from boxoffice.inventory.expiry import end_lapsed_holds
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.reading import confirmed_bookings, read_claims
from boxoffice.ports import MOST_COUNTED, MOST_VALUES, Rows
from boxoffice.schema import Table


class Asking:
    """Asks the database, for one execution, and keeps the answers in `memory`.

    `freed` are the units of holds that were found to have ended.
    """

    def __init__(
        self, rows: Rows, memory: PoolMemory, now: Callable[[], datetime], execution_id: str = ""
    ) -> None:
        self._rows = rows
        self._memory = memory
        self._now = now
        self._execution_id = execution_id
        self.freed: set[Unit] = set()

    def unknown(self, pools: Sequence[str]) -> list[str]:
        """Those of which too little is remembered to refuse anybody: a hold may have ended meanwhile."""
        now = self._now()
        ends = {pool: self._memory.next_end(pool) for pool in pools}
        return [
            pool
            for pool, end in ends.items()
            if not self._memory.is_fresh(pool) or (end is not None and end <= now)
        ]

    async def ask(self, found: Sequence[Unit]) -> None:
        """Find out which of up to 100 units, which are remembered to be taken, are free by now, or sold."""
        remembered = [self._memory.claims(unit.pool).get(unit.name) for unit in found]
        only_reserved = {
            claim.booking_id for claim in remembered if claim and claim.state is ClaimState.RESERVED
        }
        where = {"$id": [unit.claim_id for unit in found]}
        rows, confirmed = await asyncio.gather(
            self._rows.find(Table.CLAIMS, where, columns=["bookingId"]),
            confirmed_bookings(self._rows, only_reserved),
        )
        taken = {row["$id"]: row["bookingId"] for row in rows}
        self._memory.released(unit for unit in found if unit.claim_id not in taken)
        self._memory.sold(unit for unit in found if taken.get(unit.claim_id) in confirmed)

    async def has_shrunk(self, pools: Sequence[str]) -> bool:
        """Whether fewer units of `pools` are taken than is remembered: then it is read which.

        So a ticket that was given back can be had within a second, and a crowd in front of what is sold out
        costs one small call in a second. Asking in vain is no reason not to refuse.
        """
        uncounted = [
            pool
            for pool in pools
            if not self._memory.is_counted(pool) and len(self._memory.claims(pool)) < MOST_COUNTED
        ]
        for pool in uncounted:
            self._memory.counted(pool)
        try:
            counts = await asyncio.gather(
                *(self._rows.count(Table.CLAIMS, {"poolId": pool}) for pool in uncounted)
            )
        except BoxofficeError:
            return False
        shrunk = [
            pool
            for pool, count in zip(uncounted, counts, strict=True)
            if count < len(self._memory.claims(pool))
        ]
        if shrunk:
            await self.read(shrunk)
        return bool(shrunk)

    async def has_sold(self, in_the_way: Sequence[Claim]) -> bool:
        """Whether some of these reservations, or of others in their pools, have turned out to be sales.

        A sale is decided by its outcome, and its claims say so a little later: nobody should wait for them to
        end. Like counting it is one small call in a second, and a reason to refuse even when it fails.
        """
        reserved = [claim for claim in in_the_way if claim.state is ClaimState.RESERVED]
        pools = [
            pool
            for pool in dict.fromkeys(claim.unit.pool for claim in reserved)
            if not self._memory.is_decided(pool)
        ]
        of_pools = [claim for pool in pools for claim in self._memory.claims(pool).values()]
        claims = [
            claim
            for claim in (*(one for one in reserved if one.unit.pool in pools), *of_pools)
            if claim.state is ClaimState.RESERVED
        ]
        bookings = list(dict.fromkeys(claim.booking_id for claim in claims))
        asked = bookings[:MOST_VALUES]
        try:
            confirmed = await confirmed_bookings(self._rows, asked)
        except BoxofficeError:
            return False
        self._memory.sold(claim.unit for claim in claims if claim.booking_id in confirmed)
        if not confirmed or asked == bookings:
            for pool in pools:
                self._memory.decided(pool)
        return bool(confirmed)

    async def read(self, pools: Sequence[str]) -> None:
        """Find out what is taken. A hold that has ended is in nobody's way: its units are freed."""
        claims = await read_claims(self._rows, pools)
        ended = await end_lapsed_holds(self._rows, claims, self._execution_id)
        self.freed |= {claim.unit for claim in claims if claim.booking_id in ended}
        by_pool: dict[str, list[Claim]] = {pool: [] for pool in pools}
        for claim in claims:
            if claim.booking_id not in ended:
                by_pool[claim.unit.pool].append(claim)
        for pool, of_pool in by_pool.items():
            self._memory.read(pool, of_pool)

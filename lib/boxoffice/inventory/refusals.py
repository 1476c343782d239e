"""Refusals of claims, and what has to be found out before anybody is refused."""

from collections.abc import Sequence
from datetime import datetime

from boxoffice.domain.conflicts import ConflictKind, classify
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, Unit
from boxoffice.inventory.asking import Asking
from boxoffice.ports import MOST_VALUES


class Refused(Rejected):
    """The refusal of a claim. `in_the_way` are the claims because of which it was refused.

    Without any, nobody is in the way of what was refused, and it is no conflict.

    It was refused units of `pools`. `doubtful` are those that have to be asked about before it is said (see
    `Want.doubtful`).
    """

    def __init__(
        self,
        refusal: Rejected,
        in_the_way: Sequence[Claim],
        pools: Sequence[str],
        doubtful: Sequence[Unit],
        now: datetime,
    ) -> None:
        conflict = classify(in_the_way, now)
        details = {"conflict": conflict.details()} if conflict else {}
        super().__init__(refusal.code, refusal.message, {**refusal.details, **details})
        self.in_the_way = in_the_way
        self.pools = pools
        self.doubtful = doubtful
        self.kind_of_conflict: ConflictKind | None = conflict.kind if conflict else None


class Doubts:
    """What one request still has to find out about pools before it is refused anything of them."""

    def __init__(self, asking: Asking, pools: Sequence[str]) -> None:
        self._asking = asking
        self._pools = pools
        self._unknown: Sequence[str] = asking.unknown(pools)
        self._read: set[str] = set()
        self._asked: set[Unit] = set()

    async def are_settled(self, refusal: Refused) -> bool:
        """Whether there was nothing left to be found out; otherwise something has just been."""
        if not refusal.in_the_way:
            # Whatever is taken or not, it cannot be had.
            return True
        if self._unknown:
            await self._find_out(self._unknown)
            return False
        unsure = [one for one in refusal.doubtful if one not in self._asked and one.pool not in self._read]
        if not unsure:
            has_shrunk = not refusal.doubtful and await self._asking.has_shrunk(refusal.pools)
            return not has_shrunk and not await self._asking.has_sold(
                [claim for claim in refusal.in_the_way if claim.unit not in self._asked]
            )
        if len(unsure) > MOST_VALUES:
            await self._find_out(list({unit.pool for unit in unsure}))
        else:
            self._asked.update(unsure)
            await self._asking.ask(unsure)
        return False

    async def settle(self) -> None:
        """Find everything out."""
        await self._find_out(self._pools)

    async def _find_out(self, pools: Sequence[str]) -> None:
        await self._asking.read(pools)
        self._read.update(pools)
        self._unknown = ()

"""Times that a booking wants at a service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from boxoffice.domain import units
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import in_the_way
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, Unit
from boxoffice.domain.services import Service
from boxoffice.domain.slots import (
    Slot,
    day_and_slot_at,
    nearest_open,
    open_slots,
    pools_of,
    slot_units,
    slots_of_day,
)
from boxoffice.inventory.wants import Known, Place


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
        minutes = (self.slot.ends_at - self.slot.starts_at) // timedelta(minutes=1)
        day, _ = day_and_slot_at(self.service, self.slot.starts_at, minutes)
        known = [
            slot
            for slot in slots_of_day(self.service, day, minutes)
            if set(pools_of(self.service, (slot,))) <= set(self.pools)
        ]
        others = open_slots(self.service, known, taken, self.now)
        nearest = nearest_open(others, self.slot.starts_at, self.quantity)
        return {"alternatives": [one.slot.starts_at.isoformat() for one in nearest]}

"""Claims: a unit is taken when the row of its claim exists, and free when it does not.

Claiming is one bulk create with one id per unit. The database writes all of the rows or none, so nobody ever
gets a part of what they asked for, and no unit is ever claimed twice.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from boxoffice.conflicts.tally import Conflicts
from boxoffice.domain import units
from boxoffice.domain.codes import Code
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.domain.errors import BoxofficeError, Rejected, Retryable
from boxoffice.domain.pools import Claim, ClaimState, Unit
from boxoffice.inventory import yielding
from boxoffice.inventory.asking import Asking
from boxoffice.inventory.choosing import choose_all
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.refusals import Doubts, Refused
from boxoffice.inventory.wants import Place, Want
from boxoffice.ports import NewRow, Rows, RowsTaken
from boxoffice.schema import Table
from boxoffice.times import to_text

# Every lost race means that somebody else has won one, so even the last units of a large sale are decided
# within a few rounds. This only stops a loop that cannot end.
_MAX_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Claimant:
    """Whom units are claimed for, and until when if nothing else happens."""

    event_id: str
    booking_id: str
    reserved_until: datetime


class Inventory:
    """Claims units, for one execution.

    `choose` is the source of chance (see `units.Choose`), and `now` the wall clock: it only says in refusals
    how long to wait. What was got in the end although it was in somebody's way is counted in `conflicts`.
    """

    def __init__(
        self,
        rows: Rows,
        memory: PoolMemory,
        choose: units.Choose,
        now: Callable[[], datetime],
        conflicts: Conflicts,
        execution_id: str = "",
    ) -> None:
        self._rows = rows
        self._memory = memory
        self._choose = choose
        self._now = now
        self._conflicts = conflicts
        self._asking = Asking(rows, memory, now, execution_id)

    async def known_shortage(self, wants: Sequence[Want]) -> Rejected | None:
        """The refusal, when it is certain that `wants` cannot be had; `None` is no promise.

        Costs nothing while the memory is fresh. A memory that is not, but says "sold out", is refreshed: one
        read here is cheaper than finding out halfway through a booking.
        """
        doubts = Doubts(self._asking, _pools(wants))
        for _ in range(_MAX_ROUNDS):
            try:
                self._pick(wants)
            except Refused as refusal:
                if await doubts.are_settled(refusal):
                    return refusal
            else:
                break
        return None

    def doubt(self, wants: Sequence[Want]) -> None:
        """Ask before these are refused, although they are remembered to be gone."""
        for pool in _pools(wants):
            self._memory.doubt(pool)

    async def shortage_now(self, wants: Sequence[Want]) -> Rejected | None:
        """The refusal of `wants` as the database has it now; `None` when all of them were free. One call."""
        await self._asking.read(_pools(wants))
        try:
            self._pick(wants)
        except Rejected as refusal:
            return refusal
        return None

    def claims_on(self, wants: Sequence[Want]) -> list[Claim]:
        """All that is remembered to be taken where `wants` choose from, the first to end first."""
        found = [claim for pool in _pools(wants) for claim in self._memory.claims(pool).values()]
        return sorted(found, key=lambda claim: claim.reserved_until or datetime.max.replace(tzinfo=UTC))

    def in_the_way(self, wants: Sequence[Want], as_seen: Callable[[Claim], Claim]) -> list[Claim] | None:
        """The claims that have to end so that all of `wants` can be had: see `yielding`."""
        return yielding.in_the_way(wants, self.claims_on(wants), as_seen, self._choose)

    async def prepare(self, wants: Sequence[Want]) -> None:
        """Read what has to be known before choosing makes sense, unless it is known. Never raises."""
        pools = _pools(want for want in wants if want.needs_map)
        if unknown := self._asking.unknown(pools):
            # When this does not work, the claim reads for itself.
            with suppress(BoxofficeError):
                await self._asking.read(unknown)

    async def claim(
        self, wants: Sequence[Want], extras: Sequence[Want], claimant: Claimant
    ) -> Sequence[Place]:
        """Claim what is wanted, and return it: the places of the tickets, in the order of their numbers.

        `extras` are claimed with them, and belong to no ticket. Raises `Rejected` when something cannot be
        had, with what to have instead and what was in the way.
        """
        doubts, has_lost = Doubts(self._asking, _pools((*wants, *extras))), False
        for _ in range(_MAX_ROUNDS):
            try:
                places, others = self._pick(wants), self._pick(extras)
            except Refused as refusal:
                if await doubts.are_settled(refusal):
                    raise
                continue
            if await self._try(places, others, claimant):
                self._count(claimant, places, has_lost)
                return places
            await doubts.settle()
            has_lost = True
        raise Retryable(Code.CONFLICT_ERROR)

    async def release(self, booking_id: str, places: Iterable[Place] = ()) -> None:
        """Free whatever the booking has claimed; `places` are those of it that are known.

        By the booking's id and never by the unit's: that unit may be somebody else's by now.
        """
        await self._rows.delete_where(Table.CLAIMS, {"bookingId": booking_id})
        self._memory.released(unit for place in places for unit in place.units)

    def freed_by(self, booking_ids: Collection[str], wants: Sequence[Want]) -> None:
        """These bookings have lost everything that they had where `wants` choose from."""
        self.freed([claim.unit for claim in self.claims_on(wants) if claim.booking_id in booking_ids])

    def freed(self, units_freed: Iterable[Unit]) -> None:
        """Whoever knows their claims has freed these units."""
        self._memory.released(units_freed)

    async def _try(self, places: Sequence[Place], others: Sequence[Place], claimant: Claimant) -> bool:
        """Claim exactly these units; whether that was possible."""
        numbered = [*enumerate(places, start=1), *((0, place) for place in others)]
        rows = [
            claim_row(unit, number, place.label, claimant)
            for number, place in numbered
            for unit in place.units
        ]
        taken = [unit for _, place in numbered for unit in place.units]
        self._memory.trying(taken)
        try:
            await self._rows.create_all(Table.CLAIMS, rows, owner="bookingId")
        except RowsTaken:
            return False
        finally:
            self._memory.tried(taken)
        self._memory.claimed(
            Claim(unit, claimant.booking_id, ClaimState.RESERVED, claimant.reserved_until) for unit in taken
        )
        return True

    def _pick(self, wants: Sequence[Want]) -> list[Place]:
        """Free units for all of `wants`, as far as is remembered. Raises `Refused`."""
        return choose_all(wants, self._memory, self._choose, self._now())

    def _count(self, claimant: Claimant, places: Sequence[Place], has_lost: bool) -> None:
        """Count a conflict that did no harm."""
        taken_over = [place for place in places if self._asking.freed.intersection(place.units)]
        if taken_over:
            labels = [place.label for place in taken_over if place.label]
            kind, how = ConflictKind.HOLD_CONFLICT, Resolution.TAKEN_OVER
            self._conflicts.count(claimant.event_id, kind, how, labels)
        elif has_lost:
            self._conflicts.count(claimant.event_id, ConflictKind.CACHE_CONFLICT, Resolution.RETRIED)

    def sold(self, places: Iterable[Place]) -> None:
        """These places have just been sold. Their claims say so a little later."""
        self._memory.sold(unit for place in places for unit in place.units)


def claim_row(unit: Unit, ticket: int, label: str, claimant: Claimant) -> NewRow:
    """The row that reserves `unit` for the ticket with that number; 0 for what belongs to no ticket.

    Everybody may see what is taken of what is sold. What else is claimed says something about a person: how
    many holds somebody has, or which promo code.
    """
    return NewRow(
        unit.claim_id,
        {
            "poolId": unit.pool,
            "unit": unit.name,
            "eventId": claimant.event_id,
            "bookingId": claimant.booking_id,
            "state": ClaimState.RESERVED,
            "reservedUntil": to_text(claimant.reserved_until),
            "ticket": ticket,
            "label": label or None,
        },
        public=bool(ticket),
    )


def _pools(wants: Iterable[Want]) -> list[str]:
    return list(dict.fromkeys(pool for want in wants for pool in want.pools))

"""Reading claims: all of those of some pools, whatever their number."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from boxoffice.domain.pools import Claim, ClaimState, Unit
from boxoffice.domain.status import Outcome
from boxoffice.inventory.wants import Place
from boxoffice.ports import MOST_VALUES, Row, Rows
from boxoffice.schema import Table
from boxoffice.times import from_text

_PAGE = 5_000
# The pool and the unit are in the id: of a large hall, every column counts.
_COLUMNS = ("bookingId", "state", "reservedUntil")


async def read_claims(rows: Rows, pools: Sequence[str]) -> list[Claim]:
    """Every claim that was there when the reading began and is still there, and perhaps newer ones."""
    parts = [pools[at : at + MOST_VALUES] for at in range(0, len(pools), MOST_VALUES)]
    found = await asyncio.gather(*(_of_part(rows, part) for part in parts))
    return [_claim(row) for part in found for row in part]


async def confirmed_bookings(rows: Rows, booking_ids: Collection[str]) -> frozenset[str]:
    """Those of the bookings that stand, whatever the state of their claims says."""
    ids = sorted(booking_ids)
    parts = [ids[at : at + MOST_VALUES] for at in range(0, len(ids), MOST_VALUES)]
    found = await asyncio.gather(*(rows.find(Table.OUTCOMES, {"$id": part}) for part in parts))
    return frozenset(row["$id"] for part in found for row in part if row["outcome"] == Outcome.CONFIRMED)


async def as_decided(rows: Rows, claims: Iterable[Claim]) -> list[Claim]:
    """`claims` as their bookings' outcomes have it: what is paid is sold, and does not end by itself."""
    found = list(claims)
    reserved = {claim.booking_id for claim in found if claim.state is ClaimState.RESERVED}
    confirmed = await confirmed_bookings(rows, reserved)
    return [
        replace(claim, state=ClaimState.SOLD, reserved_until=None) if claim.booking_id in confirmed else claim
        for claim in found
    ]


PLACE_COLUMNS = ("bookingId", "ticket", "label")
"""What `places_of` needs to know of a claim."""


def places_of(claims: Iterable[Row]) -> tuple[Place, ...]:
    """The places of one booking's tickets, in the order of their numbers, from the rows of its claims."""
    units: dict[int, list[Unit]] = defaultdict(list)
    labels: dict[int, str] = {}
    for row in sorted(claims, key=lambda row: str(row["$id"])):
        if number := row["ticket"]:
            units[number].append(Unit.of_claim(row["$id"]))
            labels[number] = row["label"] or ""
    return tuple(Place(tuple(units[number]), labels[number]) for number in sorted(units))


async def _of_part(rows: Rows, pools: Sequence[str]) -> list[Row]:
    # In the order of ids, which are made of pool and unit: a unit that changes hands stays in its place.
    where: Mapping[str, Sequence[str]] = {"poolId": pools}
    found: list[Row] = []
    while True:
        after = found[-1]["$id"] if found else ""
        page = await rows.find(Table.CLAIMS, where, columns=_COLUMNS, after=after, limit=_PAGE)
        found.extend(page)
        if len(page) < _PAGE:
            return found


def _claim(row: Row) -> Claim:
    until = row["reservedUntil"]
    return Claim(
        Unit.of_claim(row["$id"]),
        row["bookingId"],
        ClaimState(row["state"]),
        from_text(until) if until else None,
    )

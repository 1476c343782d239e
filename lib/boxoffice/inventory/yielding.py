"""Whose claims would have to end so that a request can be had: found out before anybody loses anything."""

from collections.abc import Callable, Sequence

from boxoffice.domain import units
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.rest import Rest
from boxoffice.inventory.wants import Known, Want, in_order


def in_the_way(
    wants: Sequence[Want],
    claims: Sequence[Claim],
    as_seen: Callable[[Claim], Claim],
    choose: units.Choose,
) -> list[Claim] | None:
    """Those of the `claims` on all pools that have to end for all of `wants`; `None` when that is not enough.

    `as_seen` says of each claim how it is seen: one that may end, first those with the earliest end, or one
    that lasts. A booking that ends frees everything that it has.
    """
    seen = PoolMemory(lambda: 0.0)
    for pool in {claim.unit.pool for claim in claims}:
        seen.read(pool, (as_seen(claim) for claim in claims if claim.unit.pool == pool))
    rest, ending = Rest(seen), set[str]()
    for _, want in in_order(wants):
        if not _can_be_had(want, rest, choose):
            in_its_way = want.in_the_way(rest)
            if any(claim.reserved_until is None for claim in in_its_way):
                return None
            ending |= {claim.booking_id for claim in in_its_way}
            seen.released(claim.unit for claim in claims if claim.booking_id in ending)
        try:
            rest.choose(want.pick(rest, choose))
        except Rejected:
            return None
    return [claim for claim in claims if claim.booking_id in ending]


def _can_be_had(want: Want, known: Known, choose: units.Choose) -> bool:
    try:
        want.pick(known, choose)
    except Rejected:
        return False
    return True

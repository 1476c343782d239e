"""What is left for the rest of a request when a part of it has been chosen: nothing is chosen twice."""

from collections.abc import Collection, Iterable, Mapping

from boxoffice.domain.pools import Claim, ClaimState
from boxoffice.inventory.wants import Known, Place

_OWN = ""


class Rest:
    """A memory in which the units that the request has chosen for itself are taken too."""

    def __init__(self, memory: Known) -> None:
        self._memory = memory
        self._chosen: dict[str, dict[str, Claim]] = {}

    def choose(self, places: Iterable[Place]) -> None:
        """These places are for the request."""
        for place in places:
            for unit in place.units:
                claim = Claim(unit, _OWN, ClaimState.RESERVED, None)
                self._chosen.setdefault(unit.pool, {})[unit.name] = claim

    def claims(self, pool: str) -> Mapping[str, Claim]:
        """What is taken of a pool, by the names of the units; the request's own claims are nobody's."""
        chosen, claims = self._chosen.get(pool), self._memory.claims(pool)
        return {**claims, **chosen} if chosen else claims

    def has_chosen(self, claim: Claim) -> bool:
        """Whether this is a claim of the request itself."""
        return claim.booking_id == _OWN

    def in_flight(self, pool: str) -> Collection[str]:
        """The units that others are claiming right now."""
        return self._memory.in_flight(pool)

"""Choosing units for everything that one request wants, and who is to blame when that is not possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from boxoffice.domain import units
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim
from boxoffice.inventory.memory import PoolMemory
from boxoffice.inventory.refusals import Refused
from boxoffice.inventory.rest import Rest
from boxoffice.inventory.wants import Known, Place, Want, in_order

_MORE_THAN_LEFT = "These things together are more than is left."
_MORE_THAN_ALL = "These things together are more than there is in all."


def choose_all(wants: Sequence[Want], memory: PoolMemory, choose: units.Choose, now: datetime) -> list[Place]:
    """Free units for all of `wants`, as far as is remembered.

    Raises `Refused` with the words of the first that cannot be had, and what is in the way of all. Nobody is
    in the way of what could not be had either if nothing was taken.
    """
    try:
        return _choose(wants, memory, choose)
    except _Missing as error:
        missing = error
    refusal, in_the_way = missing.told(memory, choose, _MORE_THAN_LEFT), missing.in_the_way(memory, choose)
    nothing_taken = PoolMemory(lambda: 0.0)
    try:
        _choose(wants, nothing_taken, choose)
    except _Missing as impossible:
        refusal, in_the_way = impossible.told(nothing_taken, choose, _MORE_THAN_ALL), []
    raise Refused(refusal, in_the_way, missing.want.pools, missing.want.doubtful(memory), now) from refusal


@dataclass
class _Missing(Exception):  # noqa: N818 - a finding
    """`want` is refused what `rest` has left by the choices before it; `later` ones have not chosen yet."""

    refusal: Rejected
    want: Want
    rest: Rest
    later: Sequence[Want]

    def told(self, memory: Known, choose: units.Choose, together: str) -> Rejected:
        """The refusal, in the words `together` when only the request's own choices are to blame."""
        alone = _refusal(self.want, memory, choose)
        if alone is not None:
            return alone
        # The numbers would be those of what the request has left to itself.
        details = {
            name: value
            for name, value in self.refusal.details.items()
            if name not in ("available", "requested")
        }
        return Rejected(self.refusal.code, together, details)

    def in_the_way(self, memory: Known, choose: units.Choose) -> list[Claim]:
        """The claims of others because of which this and the later ones cannot be had."""
        others = [one for one in self.later if _refusal(one, memory, choose) is not None]
        claims = [claim for one in (self.want, *others) for claim in one.in_the_way(self.rest)]
        return [claim for claim in claims if not self.rest.has_chosen(claim)]


def _choose(wants: Sequence[Want], memory: Known, choose: units.Choose) -> list[Place]:
    places: dict[int, Sequence[Place]] = {}
    rest = Rest(memory)
    order = in_order(wants)
    for at, (number, want) in enumerate(order):
        try:
            places[number] = want.pick(rest, choose)
        except Rejected as refusal:
            raise _Missing(refusal, want, rest, [later for _, later in order[at + 1 :]]) from None
        rest.choose(places[number])
    return [place for number in range(len(wants)) for place in places[number]]


def _refusal(want: Want, memory: Known, choose: units.Choose) -> Rejected | None:
    """Why `want` cannot be had, as far as is remembered."""
    try:
        want.pick(memory, choose)
    except Rejected as refusal:
        return refusal
    return None

"""What the conflicts of a period say, and what an organiser should do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.conflicts import ConflictKind

LEAST_CONFLICTS = 20
"""Fewer conflicts of a kind say nothing: every sale has some."""

HIGH_RATES: Mapping[ConflictKind, float] = {
    # Most guests still choose from a list or a map that was right.
    ConflictKind.VERSION_CONFLICT: 0.2,
    # Nearly always followed by a booking, so only a memory that is often wrong gets as high as this.
    ConflictKind.CACHE_CONFLICT: 0.5,
    # One guest in four finds what they want held by somebody who may never pay.
    ConflictKind.HOLD_CONFLICT: 0.25,
    # As many guests are turned away as get tickets.
    ConflictKind.BOOKING_CONFLICT: 1.0,
}
"""From so many conflicts per confirmed booking on, there is something to recommend."""

FEW_UNITS_SHARE = 0.5
"""The hot units are to blame when they make up this share of what was in the way of a kind of conflict."""

HIGH_DISPLACED_SHARE = 0.2
"""Of the conflicts with holds: more displaced ones than this are too many people who lose what they held."""


class Resolution(StrEnum):
    """How a conflict ended for whoever met it.

    `RETRIED` is a lost race that was won with other units of the same request; `DISPLACED` had a weaker hold
    give way; `PARKED` waits for an administrator; `TAKEN_OVER` got the units of a hold that had expired.
    """

    REFUSED = "refused"
    RETRIED = "retried"
    DISPLACED = "displaced"
    PARKED = "parked"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True)
class HotUnit:
    """A unit, as people know it, that was in the way so many times."""

    event_id: str
    label: str
    kind: ConflictKind
    count: int


@dataclass(frozen=True, slots=True)
class ConflictFigures:
    """Conflicts of a period by kind and resolution, and how many bookings were confirmed meanwhile.

    `hot` has the units that were in the way most often, the hottest first.
    """

    counts: Mapping[ConflictKind, Mapping[Resolution, int]]
    confirmed: int
    hot: Sequence[HotUnit] = ()

    def total(self, kind: ConflictKind) -> int:
        """All conflicts of a kind, however they ended."""
        return sum(self.counts.get(kind, {}).values())

    def rate(self, kind: ConflictKind) -> float | None:
        """Conflicts per confirmed booking; `None` without bookings."""
        return self.total(kind) / self.confirmed if self.confirmed else None


def advise(figures: ConflictFigures) -> tuple[str, ...]:
    """A sentence for each kind of conflict of which there are too many; none when all is well.

    Without any booking every rate counts as too high: whoever came was turned away.
    """
    return tuple(
        sentence for kind in ConflictKind if _is_high(figures, kind) for sentence in _about(figures, kind)
    )


def _is_high(figures: ConflictFigures, kind: ConflictKind) -> bool:
    rate = figures.rate(kind)
    return figures.total(kind) >= LEAST_CONFLICTS and (rate is None or rate >= HIGH_RATES[kind])


def _about(figures: ConflictFigures, kind: ConflictKind) -> list[str]:
    match kind:
        case ConflictKind.VERSION_CONFLICT:
            return [
                "Many guests choose from an availability that is out of date: shorten the time that it is "
                "remembered (AVAILABILITY_CACHE_SECONDS), or let clients listen to the claims."
            ]
        case ConflictKind.CACHE_CONFLICT:
            return [
                "Functions often try units that were taken a moment ago: this passes by itself, unless the "
                "sale runs in more processes than it needs."
            ]
        case ConflictKind.HOLD_CONFLICT:
            return [*_about_holds(figures), *_about_displacing(figures)]
        case ConflictKind.BOOKING_CONFLICT:
            return [_about_demand(figures)]


def _about_holds(figures: ConflictFigures) -> list[str]:
    if _are_few(figures, ConflictKind.HOLD_CONFLICT):
        return [
            f"Many guests want the same few units while others hold them ({_named(figures)}): shorten the "
            "event's holds (holdSeconds), or open a waiting list for them."
        ]
    return [
        "Much of what guests want is held by others: shorten the event's holds (holdSeconds), or allow fewer "
        "of them to one user (holdsPerUser)."
    ]


def _about_displacing(figures: ConflictFigures) -> list[str]:
    displaced = figures.counts[ConflictKind.HOLD_CONFLICT].get(Resolution.DISPLACED, 0)
    if displaced < HIGH_DISPLACED_SHARE * figures.total(ConflictKind.HOLD_CONFLICT):
        return []
    return [
        "Many holds give way to those of a higher tier: lengthen the grace period (displaceAfterSeconds)."
    ]


def _about_demand(figures: ConflictFigures) -> str:
    if _are_few(figures, ConflictKind.BOOKING_CONFLICT):
        return (
            f"Many guests still choose the same few units that are sold ({_named(figures)}): show the seat "
            "map with what is taken, or offer the best available instead of a choice."
        )
    return "More guests come than there is room for: add a showtime, or open a waiting list."


def _are_few(figures: ConflictFigures, kind: ConflictKind) -> bool:
    hot = sum(unit.count for unit in figures.hot if unit.kind is kind)
    return hot > 0 and hot >= FEW_UNITS_SHARE * figures.total(kind)


def _named(figures: ConflictFigures) -> str:
    return ", ".join(dict.fromkeys(unit.label for unit in figures.hot[:3]))

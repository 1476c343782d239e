"""Conflicts: what kind one is, what to do about it, and who gives way.

Only holds ever give way. What is sold or blocked stays where it is, under every policy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, ClaimState


class ConflictKind(StrEnum):
    """What was in the way of a claim."""

    HOLD_CONFLICT = "HOLD_CONFLICT"
    BOOKING_CONFLICT = "BOOKING_CONFLICT"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    CACHE_CONFLICT = "CACHE_CONFLICT"


_ACTIONS: Mapping[ConflictKind, str] = {
    ConflictKind.HOLD_CONFLICT: "Try again when the hold has ended, or choose something else.",
    ConflictKind.BOOKING_CONFLICT: "Choose something else.",
    ConflictKind.VERSION_CONFLICT: "Read the availability again and choose from it.",
    ConflictKind.CACHE_CONFLICT: "Send the same request again.",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a claim was refused. `retry_after` is in seconds, `None` when the same request cannot succeed.

    `hold_ends_at` is when the last of the holds in the way ends, unless it is extended.
    """

    kind: ConflictKind
    retry_after: int | None = None
    hold_ends_at: datetime | None = None

    @property
    def suggested_action(self) -> str:
        """What the client should do."""
        return _ACTIONS[self.kind]

    def details(self) -> dict[str, Any]:
        """The conflict as answers show it, in `details.conflict`."""
        return {
            "kind": self.kind.value,
            "retryable": self.retry_after is not None,
            "retryAfter": self.retry_after,
            "holdEndsAt": self.hold_ends_at.isoformat() if self.hold_ends_at else None,
            "suggestedAction": self.suggested_action,
        }


def explained(refusal: Rejected, in_the_way: Iterable[Claim], now: datetime) -> Rejected:
    """`refusal`, with its conflict in the details when there are claims `in_the_way`."""
    conflict = classify(in_the_way, now)
    if conflict is None:
        return refusal
    return Rejected(refusal.code, refusal.message, {**refusal.details, "conflict": conflict.details()})


def in_the_way(claims: Iterable[Claim], capacity: int, wanted: int) -> list[Claim]:
    """Those of the `claims` on a pool of `capacity` units because of which `wanted` of them are not free.

    All of those that will not end by themselves, when waiting for the others would not be enough; otherwise
    as many holds as have to end, the first to end first.
    """
    found = list(claims)
    holds: list[Claim] = []
    lasting: list[Claim] = []
    for claim in found:
        (holds if claim.reserved_until and claim.state is ClaimState.RESERVED else lasting).append(claim)
    if capacity - len(lasting) < wanted:
        return lasting
    holds.sort(key=_end)
    return holds[: max(0, wanted - (capacity - len(found)))]


def classify(claims: Iterable[Claim], now: datetime) -> Conflict | None:
    """The conflict of a refused request with the claims that are on its units now; `None` without any.

    It is with a booking when at least one unit is sold or blocked, since waiting for the others is no use;
    with holds when they will all be over some time; and with this function's own memory when nothing is in
    the way any more.
    """
    found = list(claims)
    if not found:
        return None
    in_the_way = [claim for claim in found if not claim.has_lapsed(now)]
    if not in_the_way:
        return Conflict(ConflictKind.CACHE_CONFLICT, retry_after=0)
    ends = [claim.reserved_until for claim in in_the_way if claim.state is ClaimState.RESERVED]
    known = [end for end in ends if end is not None]
    if len(known) < len(in_the_way):
        return Conflict(ConflictKind.BOOKING_CONFLICT)
    last = max(known)
    # Rounded up: a client that comes back a fraction of a second too early is refused again.
    return Conflict(ConflictKind.HOLD_CONFLICT, -((now - last) // timedelta(seconds=1)), last)


def outdated(details: Mapping[str, Any]) -> dict[str, Any]:
    """The `details` of a conflict (see `Conflict`) of somebody who has chosen from an old picture.

    When a hold ends is still said, but the same request is out of date by then too.
    """
    return {**Conflict(ConflictKind.VERSION_CONFLICT).details(), "holdEndsAt": details["holdEndsAt"]}


def _end(claim: Claim) -> datetime:
    return claim.reserved_until or datetime.max.replace(tzinfo=UTC)


def check_version(asked: str | None, current: str) -> None:
    """Return when the client chose from the current availability, or does not mind.

    Raises `Rejected` with `CONFLICT_ERROR`, the kind `VERSION_CONFLICT` and the current version.
    """
    if asked is not None and asked != current:
        raise Rejected(
            Code.CONFLICT_ERROR,
            "The availability has changed.",
            {"version": current, "conflict": Conflict(ConflictKind.VERSION_CONFLICT).details()},
        )


SHORTAGES = frozenset({Code.INSUFFICIENT_TICKETS, Code.SEAT_UNAVAILABLE, Code.SLOT_UNAVAILABLE})
"""The refusals for want of units. Holds and promo codes are limited by claims too; nobody gives way there."""


class ConflictPolicy(StrEnum):
    """Who gives way when somebody wants what another one holds and has not paid."""

    FIRST_COME = "first_come"
    PRIORITY = "priority"
    ADMIN_DECIDES = "admin_decides"


@dataclass(frozen=True, slots=True)
class ConflictRules:
    """An event's rules. With priority, a hold gives way once it is older than `grace`."""

    policy: ConflictPolicy = ConflictPolicy.FIRST_COME
    grace: timedelta = timedelta(minutes=5)


FIRST_COME = ConflictRules()
"""The rules where nobody has set any."""


@dataclass(frozen=True, slots=True)
class Right:
    """With what right a request meets the holds of others: an event's rules, and the tier of its user."""

    rules: ConflictRules = FIRST_COME
    tier: int = 0


_ANY_TIER = 1_001

NO_RIGHT = Right()
"""Whoever comes first has it."""

GRANTED = Right(ConflictRules(ConflictPolicy.PRIORITY, timedelta()), _ANY_TIER)
"""An administrator has decided that every hold gives way."""


@dataclass(frozen=True, slots=True)
class Contender:
    """The booking that holds a unit in the way. A higher `tier` comes first.

    `is_paying` when its payment has begun: such a booking is treated as paid.
    """

    booking_id: str
    tier: int
    held_since: datetime
    is_paying: bool


class Verdict(StrEnum):
    """What happens to a request that is in conflict."""

    REFUSE = "refuse"
    DISPLACE = "displace"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class Decision:
    """`displaced` are the bookings that give way; `possible_at` is when they would, given only time."""

    verdict: Verdict
    displaced: tuple[str, ...] = ()
    possible_at: datetime | None = None


def decide(
    policy: ConflictPolicy,
    tier: int,
    claims: Iterable[Claim],
    contenders: Mapping[str, Contender],
    grace: timedelta,
    now: datetime,
) -> Decision:
    """Whether a request of the given tier gets the units of `claims`, which are in its way.

    `contenders` are the holds behind the claims, by booking; one that is missing counts as paid. With
    priority, all of them have to be of a lower tier and older than `grace`, or nobody gives way: a request
    that would still fail must not cost anybody a hold. When an admin decides, the request is parked if only
    holds are in its way.
    """
    in_the_way = [claim for claim in claims if not claim.has_lapsed(now)]
    holders = [_holder(claim, contenders) for claim in in_the_way]
    holds = {holder.booking_id: holder for holder in holders if holder is not None}
    if not in_the_way or None in holders or policy is ConflictPolicy.FIRST_COME:
        return Decision(Verdict.REFUSE)
    if policy is ConflictPolicy.ADMIN_DECIDES:
        return Decision(Verdict.PARK)
    if any(hold.tier >= tier for hold in holds.values()):
        return Decision(Verdict.REFUSE)
    possible_at = max(hold.held_since for hold in holds.values()) + grace
    if now < possible_at:
        return Decision(Verdict.REFUSE, possible_at=possible_at)
    return Decision(Verdict.DISPLACE, tuple(sorted(holds)))


def as_seen(right: Right, contenders: Mapping[str, Contender], claim: Claim) -> Claim:
    """`claim` as it looks to a request that chooses whom to displace, by what `in_the_way` goes by.

    What may give way ends, those first who have held theirs for the longest time without paying; everything
    else stays.
    """
    is_asked = right.rules.policy is ConflictPolicy.ADMIN_DECIDES
    holder = _holder(claim, contenders)
    if holder is None or not (is_asked or holder.tier < right.tier):
        return replace(claim, state=ClaimState.SOLD, reserved_until=None)
    return replace(claim, reserved_until=holder.held_since)


def _holder(claim: Claim, contenders: Mapping[str, Contender]) -> Contender | None:
    """The hold behind a claim that could give way, if any."""
    contender = contenders.get(claim.booking_id)
    if claim.state is not ClaimState.RESERVED or contender is None or contender.is_paying:
        return None
    return contender

"""Holds: how long they last, how they are extended, and how many there may be.

A hold is a booking that is not paid yet. It is over at the moment it was promised until, whether or not
anybody has tidied it up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

LONGEST_HOLD = timedelta(minutes=30)
"""From its beginning to its end, with all extensions."""


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """An event's rules for holds. `per_event` is `None` when only each user's holds are limited.

    Raises `ValueError` for a policy that allows no hold, or a longer one than `LONGEST_HOLD`.
    """

    duration: timedelta = timedelta(minutes=15)
    per_user: int = 3
    per_event: int | None = None

    def __post_init__(self) -> None:
        if not timedelta() < self.duration <= LONGEST_HOLD:
            raise ValueError("a hold lasts for some time, at most for 30 minutes")
        if self.per_user < 1 or (self.per_event is not None and self.per_event < 1):
            raise ValueError("at least one hold is allowed")


@dataclass(frozen=True, slots=True)
class Hold:
    """A booking that is not paid yet, and until when its units are kept for it."""

    booking_id: str
    user_id: str
    event_id: str
    created_at: datetime
    reserved_until: datetime

    def has_ended(self, now: datetime) -> bool:
        """Whether anybody may take its units: from the very moment it ends."""
        return self.reserved_until <= now


def held_until(policy: HoldPolicy, now: datetime) -> datetime:
    """When a hold that begins now ends."""
    return now + policy.duration


def extended_until(policy: HoldPolicy, hold: Hold, now: datetime) -> datetime:
    """When `hold` ends once it is extended now: a whole duration from now, within its longest life.

    Raises `Rejected` with `HOLD_EXPIRED`, or with `HOLD_LIMIT` when it cannot last any longer.
    """
    if hold.has_ended(now):
        raise Rejected(Code.HOLD_EXPIRED)
    until = min(now + policy.duration, hold.created_at + LONGEST_HOLD)
    if until <= hold.reserved_until:
        raise Rejected(
            Code.HOLD_LIMIT,
            "This hold cannot be extended any further.",
            {"reservedUntil": hold.reserved_until.isoformat()},
        )
    return until


def check_open_holds(
    policy: HoldPolicy, holds: Iterable[Hold], user_id: str, event_id: str, now: datetime
) -> None:
    """Return when the user may have one more hold for the event.

    `holds` are at least the user's, and the event's when the policy limits them; those that have ended do not
    count. Raises `Rejected` with `HOLD_LIMIT`, and when the first of the holds in the way ends.
    """
    still_open = [hold for hold in holds if not hold.has_ended(now)]
    own = [hold for hold in still_open if hold.user_id == user_id]
    if len(own) >= policy.per_user:
        raise _limit("user", policy.per_user, own, "You have")
    of_event = [hold for hold in still_open if hold.event_id == event_id]
    if policy.per_event is not None and len(of_event) >= policy.per_event:
        raise _limit("event", policy.per_event, of_event, "This event has")


def _limit(scope: str, allowed: int, holds: list[Hold], who: str) -> Rejected:
    ends = min(hold.reserved_until for hold in holds)
    return Rejected(
        Code.HOLD_LIMIT,
        f"{who} {len(holds)} open holds, and {allowed} are allowed.",
        {"scope": scope, "allowed": allowed, "open": len(holds), "nextEndsAt": ends.isoformat()},
    )

"""Holds: how long they last, how they are extended, and how many there may be.

A hold is a booking that is not paid yet. It is over at the moment it was promised until, whether or not
anybody has tidied it up.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

LONGEST_HOLD = timedelta(minutes=30)
"""From its beginning to its end, with all extensions."""

FAILED_PAYMENT_GRACE = timedelta(minutes=5)
"""For another attempt at paying for a hold, and for a bank that says yes after all."""


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


USUAL_HOLDS = HoldPolicy()
"""The rules where nobody has set any."""


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

    Never earlier than it would have. Raises `Rejected` with `HOLD_EXPIRED`, or with `HOLD_LIMIT` when it has
    had its longest life.
    """
    if hold.has_ended(now):
        raise Rejected(Code.HOLD_EXPIRED)
    at_most = hold.created_at + LONGEST_HOLD
    until = max(hold.reserved_until, min(now + policy.duration, at_most))
    if at_most <= hold.reserved_until:
        raise Rejected(
            Code.HOLD_LIMIT,
            "This hold cannot be extended any further.",
            {"reservedUntil": hold.reserved_until.isoformat()},
        )
    return until


def ends_after_failure(until: datetime, now: datetime) -> datetime:
    """When a hold ends whose payment has failed: soon, and never later than it would have."""
    return min(until, now + FAILED_PAYMENT_GRACE)


def open_hold_pools(policy: HoldPolicy, event_id: str, user_id: str) -> tuple[tuple[str, int, str], ...]:
    """The pools of which an open hold claims one unit each: their names, how many units, and whose they are.

    A limit is inventory like everything else: so many places for holds, each claimed by at most one.
    """
    # The colon cannot occur in an id, so these are nobody else's pools.
    of_user = (ids.pool_id(f"holds:user:{user_id}"), policy.per_user, "user")
    if policy.per_event is None:
        return (of_user,)
    return of_user, (ids.pool_id(f"holds:event:{event_id}"), policy.per_event, "event")


def too_many(scope: str, allowed: int) -> Rejected:
    """The refusal when all places for holds are taken: those of the `user`, or of the `event`."""
    who = "You" if scope == "user" else "This event"
    # How many there are is not said: there can be more than are allowed, since the limit may have changed.
    return Rejected(
        Code.HOLD_LIMIT,
        f"{who} cannot have more than {allowed} open hold{'s' if allowed > 1 else ''} at a time.",
        {"scope": scope, "allowed": allowed},
    )

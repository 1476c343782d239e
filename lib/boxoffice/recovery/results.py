"""What the sweep comes back with."""

from dataclasses import dataclass
from enum import StrEnum


class Recovered(StrEnum):
    """What was done about one booking. `LOOKED` is nothing; `CONFIRMED` was found out and has to be shown."""

    LOOKED = "looked"
    CONFIRMED = "confirmed"
    FINISHED = "finished"
    UNDONE = "undone"
    VOIDED = "voided"
    RETRIED = "retried"
    ESCALATED = "escalated"
    POSTPONED = "postponed"


@dataclass(slots=True)
class Swept:
    """What one run of the sweep has done, in bookings unless another thing is named.

    `postponed` could not be decided, because somebody did not answer. `called_off` were cancelled with their
    event. `payments_found` are those of which the gateway had not told. `remaining` are all bookings,
    cancellations, webhooks and changes of units that have still to be looked at, and `waiting` those of them
    whose time has not come; of each, counting stops at 5000.
    """

    examined: int = 0
    expired: int = 0
    finished: int = 0
    undone: int = 0
    projected: int = 0
    voided: int = 0
    retried: int = 0
    escalated: int = 0
    postponed: int = 0
    claims_released: int = 0
    events_refreshed: int = 0
    files_removed: int = 0
    limits_removed: int = 0
    conflicts_removed: int = 0
    reports_restored: int = 0
    notices_sent: int = 0
    closed: int = 0
    cancellations_finished: int = 0
    called_off: int = 0
    changes_finished: int = 0
    payments_found: int = 0
    webhooks_finished: int = 0
    remaining: int = 0
    waiting: int = 0

"""A change of units by an administrator: the journal from which anybody can finish it or undo it.

It is written before anything else. Units are changed all or nothing, in several calls, so a change has a
write-once outcome like a booking, and for the same reason: whoever is at work on it, the execution that has
begun it or a sweep that believes it dead, obeys the first who has decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.recovery import CLOCK_SKEW, is_lease_over, next_look, next_question
from boxoffice.domain.status import Outcome
from boxoffice.history.entries import Entry
from boxoffice.ports import NewRow, Row
from boxoffice.schema import Table
from boxoffice.times import from_text, to_text

# Three times what the function may run, so that only a dead execution ever loses its lease.
_LEASE = timedelta(seconds=90)


class ChangeKind(StrEnum):
    """What is changed."""

    BLOCK = "block"
    MOVE = "move"


class ChangeState(StrEnum):
    """How far a change has come. `REMOVING` and `REMOVED` are a block's that is lifted again."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    REMOVING = "removing"
    REMOVED = "removed"


LIFTED = frozenset({ChangeState.REFUSED, ChangeState.REMOVED})
"""Of such a change nothing is left."""


@dataclass(frozen=True, slots=True)
class Change:
    """The row of a change.

    `target` is what was asked for, as people read it, and `plan` what that meant when it was asked; both are
    JSON. Until `lease_until` the execution known by its `attempt` is at work on it. At `check_after` the
    sweep looks at it, `None` when there is nothing left to do about it. `actor` is an administrator's user
    id, or `identity.API_KEY`.
    """

    id: str
    kind: ChangeKind
    event_id: str
    booking_id: str | None
    target: str
    plan: str
    actor: str
    reason: str
    state: ChangeState
    fingerprint: str
    attempt: str
    lease_until: datetime
    check_after: datetime | None
    execution_id: str
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "Change":
        """Read a stored row."""
        return cls(
            id=row["$id"],
            kind=ChangeKind(row["kind"]),
            event_id=row["eventId"],
            booking_id=row["bookingId"],
            target=row["target"],
            plan=row["plan"],
            actor=row["actor"],
            reason=row["reason"],
            state=ChangeState(row["state"]),
            fingerprint=row["fingerprint"],
            attempt=row["attempt"],
            lease_until=from_text(row["leaseUntil"]),
            check_after=from_text(row["checkAfter"]) if row["checkAfter"] else None,
            execution_id=row["executionId"],
            created_at=from_text(row["$createdAt"]),
        )

    def is_at_work(self, now: datetime) -> bool:
        """Whether the execution that has begun it may still be at work on it."""
        return self.state is ChangeState.BEGUN and not is_lease_over(self.lease_until, now)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is new of a change: everything but where and when it is written down."""

    id: str
    kind: ChangeKind
    event_id: str
    target: str
    plan: str
    actor: str
    reason: str
    booking_id: str | None = None

    @property
    def fingerprint(self) -> str:
        """What was asked for: the same request has the same."""
        return ids.change_fingerprint(self.kind, self.target)


async def begin(desk: Desk, draft: Draft) -> tuple[Change, bool]:
    """The change with the draft's id, and whether it has been begun by this call."""
    lease_until = desk.now() + _LEASE
    columns: dict[str, Any] = {
        "kind": draft.kind,
        "eventId": draft.event_id,
        "bookingId": draft.booking_id,
        "target": draft.target,
        "plan": draft.plan,
        "actor": draft.actor,
        "reason": draft.reason,
        "state": ChangeState.BEGUN,
        "fingerprint": draft.fingerprint,
        "attempt": desk.new_token(),
        "leaseUntil": to_text(lease_until),
        "checkAfter": to_text(lease_until + CLOCK_SKEW),
        "executionId": desk.execution_id,
    }
    change = Change.from_row(await desk.rows.put_once(Table.UNIT_CHANGES, NewRow(draft.id, columns)))
    return change, change.attempt == columns["attempt"]


async def find_changes(desk: Desk, change_ids: Sequence[str]) -> list[Change]:
    """Those of up to 100 changes that exist."""
    rows = await desk.rows.find(Table.UNIT_CHANGES, {"$id": change_ids})
    return [Change.from_row(row) for row in rows]


async def decide(desk: Desk, change: Change, wanted: Outcome) -> Outcome:
    """How the change ends, decided by whoever asks first."""
    row = NewRow(change.id, {"outcome": wanted, "attempt": change.attempt})
    return Outcome((await desk.rows.put_once(Table.OUTCOMES, row))["outcome"])


async def outcome_of(desk: Desk, change: Change) -> Outcome | None:
    """How the change ends, when that is decided."""
    found = await desk.rows.find(Table.OUTCOMES, {"$id": change.id}, limit=1)
    return Outcome(found[0]["outcome"]) if found else None


async def finish(desk: Desk, change: Change, action: str, look_at: datetime | None = None) -> Change:
    """Write down that the change is done, first in the log. With `look_at` it is looked at once more."""
    await log(desk, change, action)
    after = (ChangeState.BEGUN, ChangeState.DONE)
    return await _set(desk, change, ChangeState.DONE, look_at, after)


async def refuse(desk: Desk, change: Change, look_at: datetime | None) -> Change:
    """Write down that nothing came of the change, once its units are free again."""
    after = (ChangeState.BEGUN, ChangeState.REFUSED)
    return await _set(desk, change, ChangeState.REFUSED, look_at, after)


async def begin_removal(desk: Desk, change: Change) -> Change:
    """Write down that the change is being lifted: from now on anybody may finish that."""
    after = (ChangeState.BEGUN, ChangeState.DONE, ChangeState.REMOVING)
    return await _set(desk, change, ChangeState.REMOVING, desk.rows.server_time(), after)


async def end_removal(desk: Desk, change: Change) -> Change:
    """Write down that nothing of the change is left."""
    look_at = look_again_at(desk, change)
    after = (ChangeState.REMOVING, ChangeState.REMOVED)
    return await _set(desk, change, ChangeState.REMOVED, look_at, after)


def look_again_at(desk: Desk, change: Change) -> datetime | None:
    """When to free the units once more of a change of which nothing is left; `None` when that is enough.

    An execution that was thought dead may have had a write on its way.
    """
    return next_look(change.lease_until, desk.rows.server_time())


async def postpone(desk: Desk, change: Change) -> None:
    """Look at the change later, because somebody did not answer."""
    later = next_question(change.lease_until, desk.rows.server_time())
    await desk.rows.update(Table.UNIT_CHANGES, change.id, {"checkAfter": to_text(later)})


async def log(desk: Desk, change: Change, action: str) -> None:
    """One entry in the log, whoever writes it and however often: who has begun the change, when and why."""
    entry = Entry(
        action=action,
        actor=change.actor,
        subject=change.id,
        booking_id=change.booking_id,
        at=to_text(change.created_at),
        reason=change.reason,
        execution_id=change.execution_id,
    )
    await desk.rows.put_once(Table.AUDIT_LOG, entry.to_row(desk.execution_id))


async def _set(
    desk: Desk, change: Change, state: ChangeState, check_after: datetime | None, after: Sequence[ChangeState]
) -> Change:
    # Not by its id alone: whoever comes late must not bring back an earlier state.
    await desk.rows.update_where(
        Table.UNIT_CHANGES,
        {"$id": change.id, "state": after},
        {"state": state, "checkAfter": to_text(check_after) if check_after else None},
    )
    return replace(change, state=state, check_after=check_after)

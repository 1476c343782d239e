"""The report of one rollback, and its row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import UndoneStep
from boxoffice.domain import ids
from boxoffice.domain.errors import BoxofficeError
from boxoffice.ports import NewRow, Row
from boxoffice.times import to_text

FIRST_HAND = ("executionId", "failedStep", "errorKind", "errorCode")
"""What only the execution knows that the booking failed in."""


class ReportState(StrEnum):
    """Whether anything is left to do about a rollback, and by whom."""

    COMPLETE = "complete"
    RETRYING = "retrying"
    NEEDS_OPERATOR = "needs_operator"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a booking was rolled back. `step` is `None` when the execution did not live to tell."""

    step: str | None
    error: BoxofficeError
    execution_id: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the undoing has come. `at_risk` is money that is still owed, in minor units."""

    undos: Sequence[UndoneStep]
    at_risk: int
    state: ReportState
    attempts: int
    next_attempt_at: datetime | None


def report_id(booking: Booking) -> str:
    """The one report on the rollback of a booking."""
    return ids.report_id(booking.id, booking.attempt)


def report_row(booking: Booking, failure: Failure, progress: Progress) -> NewRow:
    """The row of a new report."""
    return NewRow(
        report_id(booking),
        {
            "bookingId": booking.id,
            "userId": booking.user_id,
            "eventId": booking.event_id,
            "paymentId": booking.payment_id,
            "executionId": failure.execution_id,
            "failedStep": failure.step,
            "errorKind": failure.error.kind,
            "errorCode": failure.error.code,
            "currency": booking.paid.currency,
            **progress_columns(progress),
        },
    )


def progress_columns(progress: Progress) -> Mapping[str, Any]:
    """What changes in a report from one attempt to the next."""
    entries = [
        {
            "step": step.name,
            "status": step.status,
            "attempts": step.attempts,
            "durationMs": step.milliseconds,
        }
        for step in progress.undos
    ]
    return {
        "undos": json.dumps(entries, separators=(",", ":")),
        "moneyAtRisk": progress.at_risk,
        "state": progress.state,
        "attempts": progress.attempts,
        "nextAttemptAt": to_text(progress.next_attempt_at) if progress.next_attempt_at else None,
    }


def undos_of(row: Row) -> list[UndoneStep]:
    """The undone steps that a report tells of."""
    return [
        UndoneStep(entry["step"], entry["status"], entry["attempts"], entry["durationMs"])
        for entry in json.loads(row["undos"])
    ]


def add_undos(earlier: Sequence[UndoneStep], later: Sequence[UndoneStep]) -> list[UndoneStep]:
    """Both together: attempts and durations of a step add up, and the later status counts."""
    steps = {step.name: step for step in earlier}
    for step in later:
        before = steps.get(step.name)
        steps[step.name] = UndoneStep(
            step.name,
            step.status,
            step.attempts + (before.attempts if before else 0),
            step.milliseconds + (before.milliseconds if before else 0),
        )
    return list(steps.values())

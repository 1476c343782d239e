"""The requests of `rollback_reports`, one model for each action, and its answers."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

from boxoffice.audit.run import Audited
from boxoffice.cancellations.progress import Progress
from boxoffice.contract.actions import read_action
from boxoffice.contract.calling_off import CallingOff, FollowCallingOff, calling_off
from boxoffice.contract.conflict_figures import ConflictMetrics, conflict_metrics
from boxoffice.contract.fields import Id
from boxoffice.contract.log_entries import LogPage, log_page
from boxoffice.domain.codes import Code
from boxoffice.history.reading import LogFilter
from boxoffice.ports import Row
from boxoffice.reports.conflicts import MeasuredConflicts
from boxoffice.reports.console import Details, Filter, Period
from boxoffice.reports.metrics import Metrics
from boxoffice.reports.records import ReportState, undos_of

Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=r"\S")]
Moment = AwareDatetime

_TIME = "must be a time with its time zone, such as 2030-01-31T18:00:00Z"
_RULES = {
    "state": f"must be one of {', '.join(ReportState)}",
    "code": "must be one of the codes of refusals",
    "from": _TIME,
    "to": _TIME,
    "reportId": "must be the id of a report",
    "reason": "must be a text of 3 to 500 characters",
    "actor": "must be a user's id, or api-key, sweep, gateway or organiser",
    "cursor": "must be the cursor of the page before",
    "limit": "must be a whole number from 1 to 100",
}


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class _Request(_Model):
    model_config = ConfigDict(extra="forbid")


class _InPeriod(_Request):
    since: Moment | None = Field(None, alias="from", description="Begun at or after this moment.")
    until: Moment | None = Field(None, alias="to", description="Begun at or before this moment.")

    def period(self) -> Period:
        """The period that is asked about."""
        return Period(self.since, self.until)


class ListReports(_InPeriod):
    """The newest reports that match."""

    action: Literal["list"]
    state: ReportState | None = None
    event_id: Id | None = None
    user_id: Id | None = None
    code: Code | None = None
    cursor: Id | None = Field(None, description="The last report of the page before.")
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def filter(self) -> Filter:
        """Which reports are wanted."""
        return Filter(self.state, self.event_id, self.user_id, self.code, self.period())


class GetReport(_Request):
    """One report in full."""

    action: Literal["get"]
    report_id: Id


class MeasureBookings(_InPeriod):
    """How booking has gone over a period."""

    action: Literal["metrics"]


class MeasureConflicts(_InPeriod):
    """How often people were in each other's way over a period."""

    action: Literal["conflicts"]
    event_id: Id | None = None


class RetryRollback(_Request):
    """Let the next sweep try again."""

    action: Literal["retry"]
    report_id: Id


class SettleReport(_Request):
    """Close a case that a person has taken care of."""

    action: Literal["settle"]
    report_id: Id
    reason: Reason


class ReadLog(_InPeriod):
    """Who did what: the newest changes of a booking, by somebody, or in a period."""

    action: Literal["log"]
    booking_id: Id | None = None
    actor: Id | None = Field(None, description="A user's id, or api-key, sweep, gateway or organiser.")
    cursor: Id | None = Field(None, description="The last entry of the page before.")
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def filter(self) -> LogFilter:
        """Which entries are wanted."""
        return LogFilter(self.booking_id, self.actor, self.period().range())


class AuditBooks(_Request):
    """Check whether the books balance, as far as there is time; go on with `cursor`."""

    action: Literal["audit"]
    cursor: Annotated[str, Field(pattern=r"^[a-z]+:[a-zA-Z0-9._-]{0,64}$")] | None = None


Action = (
    ListReports
    | GetReport
    | MeasureBookings
    | MeasureConflicts
    | RetryRollback
    | SettleReport
    | ReadLog
    | FollowCallingOff
    | AuditBooks
)


class ReportsRequest(RootModel[Annotated[Action, Field(discriminator="action")]]):
    """What an administrator asks for."""

    @classmethod
    def read(cls, value: dict[str, Any]) -> Action:
        """See `read_action`."""
        return read_action(cls, value, _RULES)


class ReportSummary(_Model):
    """A rollback. `moneyAtRisk` is in minor units."""

    report_id: str
    booking_id: str
    user_id: str
    event_id: str
    payment_id: str | None
    execution_id: str
    failed_step: str | None
    error_kind: str
    code: str
    money_at_risk: int
    currency: str
    state: ReportState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    settled_by: str | None
    settled_at: datetime | None
    settle_reason: str | None


class Undo(_Model):
    """How one step was undone."""

    step: str
    status: str
    attempts: int
    duration_ms: int


class ReportedBooking(_Model):
    """The booking that was rolled back, as it is now."""

    booking_id: str
    reference: str
    status: str
    payment_status: str
    quantity: int
    total: int
    currency: str
    created_at: datetime


class ReportDetails(ReportSummary):
    """A rollback in full."""

    undos: Sequence[Undo]
    booking: ReportedBooking | None


class ReportPage(_Model):
    """Reports, the newest first. `cursor` leads to the next page; without one there is none."""

    reports: Sequence[ReportSummary]
    cursor: str | None


class Durations(_Model):
    """Milliseconds that so many per cent of the bookings did not exceed."""

    p50: int
    p95: int
    p99: int


class BookingMetrics(_Model):
    """The figures of the bookings that were begun in the period. Rates are from 0 to 1."""

    bookings: int
    success_rate: float | None
    rollback_rate: float | None
    errors: Mapping[str, int]
    execution_time: Durations | None
    manual_cases: int
    complete: bool = Field(description="False when there were too many bookings to read them all.")


class ViolationFound(_Model):
    """A rule that does not hold, and the rows in which."""

    rule: str
    rows: Sequence[str]
    sentence: str


class AuditResult(_Model):
    """Whether the books balance. With a `cursor` the audit has to go on from there."""

    balanced: bool
    bookings: int
    violations: Sequence[ViolationFound]
    cursor: str | None


Data = ReportPage | ReportDetails | BookingMetrics | ConflictMetrics | LogPage | CallingOff | AuditResult


class ReportsSuccess(_Model):
    """The answer to any action."""

    success: Literal[True] = True
    data: Data


def page(rows: Sequence[Row], limit: int) -> dict[str, Any]:
    """The answer to `list`."""
    summaries = [ReportSummary(**_summary(row)) for row in rows]
    return _success(ReportPage(reports=summaries, cursor=rows[-1]["$id"] if len(rows) == limit else None))


def details(found: Details) -> dict[str, Any]:
    """The answer to `get`, `retry` and `settle`."""
    undos = [
        Undo(step=undo.name, status=undo.status, attempts=undo.attempts, duration_ms=undo.milliseconds)
        for undo in undos_of(found.report)
    ]
    booking = _booking(found.booking) if found.booking else None
    return _success(ReportDetails(**_summary(found.report), undos=undos, booking=booking))


def metrics(measured: Metrics) -> dict[str, Any]:
    """The answer to `metrics`."""
    times = measured.durations
    return _success(
        BookingMetrics(
            bookings=measured.bookings,
            success_rate=measured.success_rate,
            rollback_rate=measured.rollback_rate,
            errors=measured.errors,
            execution_time=Durations(p50=times[50], p95=times[95], p99=times[99]) if times else None,
            manual_cases=measured.manual_cases,
            complete=measured.is_complete,
        )
    )


def conflicts(measured: MeasuredConflicts) -> dict[str, Any]:
    """The answer to `conflicts`."""
    return _success(conflict_metrics(measured))


def log(rows: Sequence[Row], limit: int) -> dict[str, Any]:
    """The answer to `log`."""
    return _success(log_page(rows, limit))


def called_off(progress: Progress) -> dict[str, Any]:
    """The answer to `calledOff`."""
    return _success(calling_off(progress))


def audited(result: Audited) -> dict[str, Any]:
    """The answer to `audit`."""
    found = [
        ViolationFound(rule=violation.rule, rows=violation.rows, sentence=violation.sentence)
        for violation in result.violations
    ]
    return _success(
        AuditResult(
            balanced=not found, bookings=result.bookings, violations=found, cursor=result.cursor or None
        )
    )


def _summary(row: Row) -> dict[str, Any]:
    same = (
        "bookingId", "userId", "eventId", "paymentId", "executionId", "failedStep", "errorKind",
        "moneyAtRisk", "currency", "state", "nextAttemptAt", "settledBy", "settledAt", "settleReason",
    )  # fmt: skip
    return {
        **{name: row[name] for name in same},
        "reportId": row["$id"],
        "createdAt": row["$createdAt"],
        "code": row["errorCode"],
        "attempts": row["attempts"] or 0,
    }


def _booking(row: Row) -> ReportedBooking:
    return ReportedBooking(
        booking_id=row["$id"],
        reference=row["reference"],
        status=row["status"],
        payment_status=row["paymentStatus"],
        quantity=row["quantity"],
        total=row["total"],
        currency=row["currency"],
        created_at=row["$createdAt"],
    )


def _success(data: Data) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(ReportsSuccess(data=data).model_dump_json(by_alias=True))
    return answer

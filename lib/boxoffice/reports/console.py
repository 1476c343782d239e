"""What administrators do about rollbacks: look, try again, settle by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from boxoffice.bookings.desk import Desk
from boxoffice.cancellations.reporting import retry_refund, stop_refund
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.history.record import note
from boxoffice.ports import Range, Row
from boxoffice.reports.records import ReportState
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.cases import settle_case, try_case_again

_OPEN = (ReportState.RETRYING, ReportState.NEEDS_OPERATOR)
_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, up to and including another; an open side is `None`."""

    since: datetime | None = None
    until: datetime | None = None

    def range(self) -> Range:
        """As a condition on a column of times."""
        return Range(
            above=to_text(self.since - _INSTANT) if self.since else "",
            upto=to_text(self.until) if self.until else "",
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which reports are wanted; `None` means any."""

    state: ReportState | None = None
    event_id: str | None = None
    user_id: str | None = None
    code: Code | None = None
    period: Period = Period()


@dataclass(frozen=True, slots=True)
class Details:
    """One report, and its booking when there still is one."""

    report: Row
    booking: Row | None


async def list_reports(desk: Desk, wanted: Filter, cursor: str, limit: int) -> Sequence[Row]:
    """The newest reports, beginning after the one with the id `cursor`.

    Raises `Rejected` with `VALIDATION_ERROR` when there is no such report.
    """
    if cursor and not await desk.rows.find(Table.ROLLBACK_REPORTS, {"$id": cursor}, columns=["state"]):
        raise Rejected(Code.VALIDATION_ERROR, "cursor must be the id of a report.", {"field": "cursor"})
    columns = {
        "state": wanted.state,
        "eventId": wanted.event_id,
        "userId": wanted.user_id,
        "errorCode": wanted.code,
    }
    where = {name: str(value) for name, value in columns.items() if value is not None}
    return await desk.rows.find(
        Table.ROLLBACK_REPORTS,
        {**where, "$createdAt": wanted.period.range()},
        order="$createdAt",
        descending=True,
        after=cursor,
        limit=limit,
    )


async def get_report(desk: Desk, report_id: str) -> Details:
    """One report. Raises `Rejected` with `NOT_FOUND_ERROR`."""
    report = await _find(desk, report_id)
    bookings = await desk.rows.find(Table.BOOKINGS, {"$id": report["bookingId"]}, limit=1)
    return Details(report, bookings[0] if bookings else None)


async def retry(desk: Desk, admin: str, report_id: str) -> Details:
    """Let the next sweep try again. Raises `Rejected` with `NOT_FOUND_ERROR`, or as `_open_case`."""
    report = await _open_case(desk, report_id)
    now = to_text(desk.rows.server_time())
    await note(desk, admin, "report.retried", report_id, booking_id=report["bookingId"])
    await desk.rows.update_where(
        Table.ROLLBACK_REPORTS,
        {"$id": report_id, "state": _OPEN},
        {"state": ReportState.RETRYING, "nextAttemptAt": now},
    )
    await desk.rows.update_where(Table.BOOKINGS, {"$id": report["bookingId"]}, {"checkAfter": now})
    await retry_refund(desk, report)
    await try_case_again(desk, report)
    desk.log.info("report.retry", reportId=report_id, by=admin)
    return await get_report(desk, report_id)


async def settle(desk: Desk, admin: str, report_id: str, reason: str) -> Details:
    """Close a case that a person has taken care of: nothing more is tried.

    Raises `Rejected` with `NOT_FOUND_ERROR`, or with `INVALID_STATUS_TRANSITION` when the case is not open.
    """
    report = await _open_case(desk, report_id)
    now = to_text(desk.rows.server_time())
    await note(desk, admin, "report.settled", report_id, booking_id=report["bookingId"], reason=reason)
    columns = {
        "state": ReportState.SETTLED,
        "nextAttemptAt": None,
        "settledBy": admin,
        "settledAt": now,
        "settleReason": reason,
    }
    await desk.rows.update_where(Table.ROLLBACK_REPORTS, {"$id": report_id, "state": _OPEN}, columns)
    # The next sweep sees that nothing more is to be done.
    await desk.rows.update_where(Table.BOOKINGS, {"$id": report["bookingId"]}, {"checkAfter": now})
    await stop_refund(desk, report)
    await settle_case(desk, report)
    desk.log.info("report.settled", reportId=report_id, by=admin)
    return await get_report(desk, report_id)


async def _open_case(desk: Desk, report_id: str) -> Row:
    report = await _find(desk, report_id)
    if report["state"] not in _OPEN:
        raise Rejected(
            Code.INVALID_STATUS_TRANSITION,
            f"The case is closed: the report is {report['state']}.",
            {"state": report["state"]},
        )
    return report


async def _find(desk: Desk, report_id: str) -> Row:
    found = await desk.rows.find(Table.ROLLBACK_REPORTS, {"$id": report_id}, limit=1)
    if not found:
        raise Rejected(Code.NOT_FOUND_ERROR, "There is no report with this id.", {"field": "reportId"})
    return found[0]

"""Money of a cancellation that could not be returned: a case that administrators see, retry and settle."""

from datetime import datetime

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.results import UndoneStep
from boxoffice.cancellations.records import Cancellation, CancellationState, Sold
from boxoffice.domain import ids
from boxoffice.domain.errors import BoxofficeError
from boxoffice.ports import NewRow, Row
from boxoffice.reports.keep import keep
from boxoffice.reports.records import Progress, ReportState, progress_columns
from boxoffice.schema import Table
from boxoffice.times import to_text

REFUND = "refund"
"""The step that failed, in the words of the reports."""

_UNSETTLED = [state for state in ReportState if state is not ReportState.SETTLED]


def report_id(cancellation: Cancellation) -> str:
    """The one report on the money of a cancellation."""
    return ids.report_id(cancellation.booking_id, cancellation.id)


async def report_owed(
    desk: Desk,
    sold: Sold,
    cancellation: Cancellation,
    error: BoxofficeError,
    next_at: datetime | None,
) -> None:
    """Tell of money that is owed after so many tries; without a next one it is for a person."""
    state = ReportState.RETRYING if next_at else ReportState.NEEDS_OPERATOR
    at_risk = cancellation.refund.amount
    columns = progress_columns(
        Progress(_refund_step(cancellation, "failed"), at_risk, state, cancellation.tries, next_at)
    )
    row = {
        "bookingId": sold.id,
        "userId": sold.user_id,
        "eventId": sold.event_id,
        "paymentId": sold.payment_id or "",
        "executionId": desk.execution_id,
        "failedStep": REFUND,
        "errorKind": error.kind,
        "errorCode": error.code,
        "currency": cancellation.refund.currency,
        **columns,
    }
    await keep(desk, NewRow(report_id(cancellation), row))
    if cancellation.tries > 1:
        await _change(desk, cancellation, {**columns, "errorCode": error.code, "errorKind": error.kind})


async def report_returned(desk: Desk, cancellation: Cancellation) -> None:
    """Tell that the money has gone back after all."""
    progress = Progress(
        _refund_step(cancellation, "undone"), 0, ReportState.COMPLETE, cancellation.tries, None
    )
    await _change(desk, cancellation, dict(progress_columns(progress)))


async def is_settled(desk: Desk, cancellation: Cancellation) -> bool:
    """Whether a person has taken care of the money: it must not go back a second time."""
    if not cancellation.tries:
        return False
    where = {"$id": report_id(cancellation), "state": ReportState.SETTLED}
    return bool(await desk.rows.find(Table.ROLLBACK_REPORTS, where, columns=["state"], limit=1))


async def retry_refund(desk: Desk, report: Row) -> None:
    """Let the next sweep try again, when the report is about a cancellation."""
    await _change_reported(
        desk,
        report,
        {"state": CancellationState.REGISTERED, "checkAfter": to_text(desk.rows.server_time())},
    )


async def stop_refund(desk: Desk, report: Row) -> None:
    """Try nothing any more, when the report is about a cancellation: a person has taken care of it."""
    await _change_reported(desk, report, {"state": CancellationState.NEEDS_OPERATOR, "checkAfter": None})


async def _change_reported(desk: Desk, report: Row, columns: dict[str, str | None]) -> None:
    if report["failedStep"] != REFUND:
        return
    for row in await desk.rows.find(Table.CANCELLATIONS, {"bookingId": report["bookingId"]}):
        if ids.report_id(report["bookingId"], row["$id"]) == report["$id"]:
            still_owed = [CancellationState.REGISTERED, CancellationState.NEEDS_OPERATOR]
            await desk.rows.update_where(
                Table.CANCELLATIONS, {"$id": row["$id"], "state": still_owed}, columns
            )


async def _change(desk: Desk, cancellation: Cancellation, columns: dict[str, object]) -> None:
    where = {"$id": report_id(cancellation), "state": _UNSETTLED}
    await desk.rows.update_where(Table.ROLLBACK_REPORTS, where, columns)


def _refund_step(cancellation: Cancellation, status: str) -> list[UndoneStep]:
    return [UndoneStep(REFUND, status, cancellation.tries, 0)]

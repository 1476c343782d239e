"""Money that only a person can settle: a case in the administrators' console."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.domain.payments import Payment
from boxoffice.ports import NewRow, Row
from boxoffice.reports.keep import keep
from boxoffice.reports.records import (
    Failure,
    Progress,
    ReportState,
    progress_columns,
    report_id,
    report_row,
)
from boxoffice.schema import Table
from boxoffice.times import to_text
from boxoffice.webhooks.records import EventState, Result

_FAILED_STEP = "payment"
_UNSETTLED = [ReportState.RETRYING, ReportState.NEEDS_OPERATOR]


async def open_case(desk: Desk, payment: Payment) -> None:
    """Have a person look at money that belongs to no booking, as far as anybody knows.

    The case names the booking that could have been made with it.
    """
    progress = progress_columns(Progress([], _owed(payment), ReportState.NEEDS_OPERATOR, 0, None))
    row = {
        "bookingId": ids.booking_id(payment.id),
        "userId": payment.noted_user_id if ids.is_id(payment.noted_user_id) else "",
        "eventId": payment.noted_event_id if ids.is_id(payment.noted_event_id) else "",
        "paymentId": payment.id,
        "executionId": desk.execution_id,
        "failedStep": _FAILED_STEP,
        "errorKind": Fatal.kind,
        "errorCode": Code.ROLLBACK_FAILED,
        "currency": payment.amount.currency,
        **progress,
    }
    await keep(desk, NewRow(_case_id(payment), row))
    await _change(desk, payment, {"state": ReportState.NEEDS_OPERATOR})
    desk.log.error("payment.needs_operator", Fatal(Code.ROLLBACK_FAILED), paymentId=payment.id)


async def close_case(desk: Desk, payment: Payment) -> None:
    """Tell that the money of a case has gone back after all, if there is one."""
    await _change(desk, payment, progress_columns(Progress([], 0, ReportState.COMPLETE, 1, None)))


async def report_booking(desk: Desk, booking: Booking, payment: Payment) -> None:
    """Have a person look at a booking whose money is not where it was left."""
    failure = Failure(_FAILED_STEP, Fatal(Code.ROLLBACK_FAILED), desk.execution_id)
    report = report_row(booking, failure, Progress([], _owed(payment), ReportState.NEEDS_OPERATOR, 0, None))
    await keep(desk, report)
    # There may be one of its rollback, which keeps what it tells of that, or a settled one.
    columns = {name: report.data[name] for name in ("state", "moneyAtRisk", "nextAttemptAt")}
    unsettled = {"settledBy": None, "settledAt": None, "settleReason": None}
    await desk.rows.update(Table.ROLLBACK_REPORTS, report.id, {**columns, **unsettled})
    desk.log.error("booking.needs_operator", Fatal(Code.ROLLBACK_FAILED), bookingId=booking.id)


async def refresh_case(desk: Desk, booking: Booking, payment: Payment) -> None:
    """Tell in the open case of a booking how much of its money is still here."""
    where = {"$id": report_id(booking), "failedStep": _FAILED_STEP, "state": _UNSETTLED}
    await desk.rows.update_where(Table.ROLLBACK_REPORTS, where, {"moneyAtRisk": _owed(payment)})


async def try_case_again(desk: Desk, report: Row) -> None:
    """Have the sweep work again on what the gateway has told of a case's payment."""
    now = to_text(desk.rows.server_time())
    await _change_events(desk, report, {"state": EventState.WAITING, "checkAfter": now, "tries": 0})


async def settle_case(desk: Desk, report: Row) -> None:
    """Be done with what the gateway has told of a case's payment: a person has taken care of it."""
    columns = {"state": EventState.DONE, "result": Result.SETTLED, "checkAfter": None}
    await _change_events(desk, report, columns)


async def _change(desk: Desk, payment: Payment, columns: Mapping[str, Any]) -> None:
    where = {"$id": _case_id(payment), "state": _UNSETTLED}
    await desk.rows.update_where(Table.ROLLBACK_REPORTS, where, columns)


async def _change_events(desk: Desk, report: Row, columns: Mapping[str, Any]) -> None:
    if report["paymentId"]:
        where = {"paymentId": report["paymentId"], "state": EventState.NEEDS_OPERATOR}
        await desk.rows.update_where(Table.WEBHOOK_EVENTS, where, columns)


def _case_id(payment: Payment) -> str:
    return ids.report_id(ids.booking_id(payment.id), payment.id)


def _owed(payment: Payment) -> int:
    """What is here of it, in minor units."""
    return payment.amount.amount - payment.refunded if payment.is_captured else 0

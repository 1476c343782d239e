"""After a sale: the booking's row says how it ended, and a failed one leaves a report.

All of this only describes what the outcome row has decided, so none of it may fail a request; what is not
written now is written by whoever looks after the booking next.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import paid_columns
from boxoffice.bookings.results import Failed, Rollback, UndoneStep, payment_sentence
from boxoffice.bookings.sale import ORDER, TICKET, TRANSACTION, Sale
from boxoffice.domain.codes import CODES, Code
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Fatal, Rejected
from boxoffice.domain.status import BookingStatus, move
from boxoffice.ports import NewRow
from boxoffice.reports.keep import keep
from boxoffice.reports.records import Failure, Progress, ReportState, report_row
from boxoffice.saga.journal import StepRecord, StepState
from boxoffice.saga.runner import Ending, Report
from boxoffice.schema import Table
from boxoffice.times import to_text

_NEVER_WRITTEN = frozenset({StepState.PENDING, StepState.REFUSED})


async def record_success(desk: Desk, sale: Sale) -> None:
    """Show in the booking's row that it is confirmed."""
    # Nothing will have to be undone any more.
    desk.budget.release_reserve()
    columns = {
        "status": move(sale.booking.status, BookingStatus.CONFIRMED),
        "paymentStatus": sale.payment_status,
        "durationMs": _milliseconds(desk),
        # The claims and the event's counts still have to be brought up to date.
        "checkAfter": to_text(desk.now().replace(microsecond=0)),
    }
    await _best_effort(desk, sale, desk.rows.update(Table.BOOKINGS, sale.booking.id, columns))


def explain(desk: Desk, sale: Sale, report: Report) -> Failed:
    """What the client is told about a sale that failed."""
    cause = _cause(report)
    desk.log.error(
        "booking.rolled_back",
        cause,
        bookingId=sale.booking.id,
        step=report.failed_step,
        ending=report.ending,
        undoErrors={record.name: record.undo_error.code for record in report.steps if record.undo_error},
    )
    return Failed(_answer(cause, sale, report), _rollback(sale, report))


async def record_failure(desk: Desk, sale: Sale, report: Report) -> None:
    """Show in the booking's row what is left, and keep a report for whoever looks after it next."""
    writes = []
    if report.ending is not Ending.UNDECIDED:
        columns = {**_booking_columns(desk, sale, report), "durationMs": _milliseconds(desk)}
        writes.append(_best_effort(desk, sale, desk.rows.update(Table.BOOKINGS, sale.booking.id, columns)))
    # A refusal that begins as rolled back has only money to return. It is a rollback when that fails.
    if sale.booking.status is not BookingStatus.ROLLED_BACK or report.ending is not Ending.ROLLED_BACK:
        writes.append(keep(desk, _report_row(desk, sale, report)))
    await asyncio.gather(*writes)


async def _best_effort(desk: Desk, sale: Sale, write: Awaitable[object]) -> None:
    try:
        await write
    except BoxofficeError as error:
        desk.log.error("booking.projection_failed", error, bookingId=sale.booking.id)


def _booking_columns(desk: Desk, sale: Sale, report: Report) -> Mapping[str, Any]:
    columns: dict[str, Any] = {
        # The row of a hold does not say it yet, when that is what has failed.
        "paymentId": sale.booking.payment_id,
        "paymentStatus": sale.payment_status,
        "failureCode": _lasting_code(_cause(report)),
        **paid_columns(sale.booking),
    }
    if report.ending is Ending.ROLLED_BACK:
        columns["status"] = move(sale.booking.status, BookingStatus.ROLLED_BACK)
        if sale.booking.status is BookingStatus.ROLLED_BACK:
            # It began as a refusal, so nothing but its money could be left, and the log has to be written.
            columns["checkAfter"] = to_text(desk.now().replace(microsecond=0))
    return columns


def _milliseconds(desk: Desk) -> int:
    return round(desk.budget.spent() * 1000)


def _lasting_code(cause: BoxofficeError) -> Code:
    """The code that stays with the booking. Never one that invites a repetition: its payment is spent."""
    refused = cause.kind is ErrorKind.REJECTED and not cause.rule.retryable
    return cause.code if refused else Code.BOOKING_ERROR


def _answer(cause: BoxofficeError, sale: Sale, report: Report) -> BoxofficeError:
    details = {**cause.details, "step": report.failed_step, "payment": sale.payment_status.value}
    if report.ending is not Ending.ROLLED_BACK:
        return Fatal(Code.ROLLBACK_FAILED, details={**details, "cause": cause.code.value})
    money = payment_sentence(sale.payment_status)
    if sale.capture_is_unknown:
        money = "If the payment was charged, it will be refunded."
    code = _lasting_code(cause)
    if code is cause.code:
        return Rejected(code, f"{cause.message} {money}", details)
    return Fatal(code, f"{CODES[code].sentence} {money}", {**details, "cause": cause.code.value})


def undone_steps(report: Report) -> list[UndoneStep]:
    """What was undone, or could not be, in the order of undoing."""
    return [
        UndoneStep(
            record.name,
            "undone" if record.state is StepState.UNDONE else "failed",
            record.undo_attempts,
            round(record.undo_seconds * 1000),
        )
        for record in reversed(report.steps)
        if record.state is StepState.UNDONE or record.owes_undo
    ]


def _rollback(sale: Sale, report: Report) -> Rollback:
    records = {record.name: record for record in report.steps}
    created_ids = {
        TICKET: sale.booking.ticket_ids[0],
        TRANSACTION: sale.booking.transaction_id,
        ORDER: sale.booking.order_id,
    }
    return Rollback(
        complete=report.ending is Ending.ROLLED_BACK,
        steps=undone_steps(report),
        created={
            name: None if records[name].state in _NEVER_WRITTEN else created_id
            for name, created_id in created_ids.items()
        },
        resources={name: _resource_status(records[name]) for name in created_ids},
    )


def _resource_status(record: StepRecord) -> str | None:
    if record.state in _NEVER_WRITTEN:
        return None
    return "success" if record.state is StepState.UNDONE else "failed"


def _cause(report: Report) -> BoxofficeError:
    return report.error or Fatal(Code.BOOKING_ERROR)


def _report_row(desk: Desk, sale: Sale, report: Report) -> NewRow:
    booking = sale.booking
    is_done = report.ending is Ending.ROLLED_BACK and not sale.capture_is_unknown
    return report_row(
        booking,
        Failure(report.failed_step, _cause(report), desk.execution_id),
        Progress(
            undone_steps(report),
            at_risk=sale.owed,
            state=ReportState.COMPLETE if is_done else ReportState.RETRYING,
            attempts=1,
            next_attempt_at=None if is_done else booking.check_after,
        ),
    )

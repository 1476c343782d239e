"""Ends one booking whose execution did not: forward when it is paid and holds its units, back otherwise.

The steps are the booking's own. Whoever else is at work on the same booking at the same time, another sweep
or an execution that wakes up again, the outcome row decides between them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from boxoffice.bookings.admission import Admitted
from boxoffice.bookings.aftermath import undone_steps
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.proof import is_for_order, known_caller
from boxoffice.bookings.records import Booking, paid_columns
from boxoffice.bookings.results import UndoneStep
from boxoffice.bookings.sale import CLAIMS, PAYMENT, Sale
from boxoffice.domain import ids, recovery
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, Fatal, Rejected, Retryable
from boxoffice.domain.payments import NOTHING_PAID, Payment, PaymentState, belongs_to, nothing_to_pay
from boxoffice.domain.recovery import Case, Verdict
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus, move
from boxoffice.history.record import note_failed_refund
from boxoffice.inventory.wants import Place
from boxoffice.recovery.evidence import Evidence
from boxoffice.recovery.projections import close
from boxoffice.recovery.results import Recovered
from boxoffice.reports.keep import keep
from boxoffice.reports.records import (
    Failure,
    Progress,
    ReportState,
    add_undos,
    progress_columns,
    report_id,
    report_row,
    undos_of,
)
from boxoffice.saga.runner import Ending, Report
from boxoffice.schema import Table
from boxoffice.times import to_text

_OWED = frozenset({PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED})


async def recover(desk: Desk, found: Evidence) -> Recovered:
    """Do about a booking that is not confirmed what is right.

    Raises when somebody did not answer who had to be asked, or when what was done could not be written down:
    both are made good for by looking at the booking again.
    """
    booking, now = found.booking, desk.rows.server_time()
    is_settled = found.report is not None and found.report["state"] == ReportState.SETTLED
    if is_settled or found.is_paid_back_refusal:
        await _write(desk, booking, {"checkAfter": None})
        return Recovered.LOOKED
    payment = await _payment(desk, booking)
    if found.is_operators and payment is not None and payment.is_captured:
        # Until they say so, nothing is tried: the gateway would only repeat its answer.
        await _write(desk, booking, {"checkAfter": None})
        return Recovered.LOOKED
    case = Case(
        status=booking.status,
        payment_status=booking.payment_status,
        lease_over=recovery.is_lease_over(booking.lease_until, now),
        outcome=found.outcome,
        held=len(found.places),
        is_free=booking.is_free,
        wanted=booking.quantity,
        papers=bool(found.left - {CLAIMS}),
        payment=payment,
        is_owners=payment is not None and await _is_owners(desk, found, payment),
    )
    match recovery.decide(case):
        case Verdict.WAIT:
            await _write(desk, booking, {"checkAfter": booking.lease_until + recovery.CLOCK_SKEW})
            return Recovered.LOOKED
        case Verdict.VOID:
            await desk.rows.delete_where(Table.BOOKINGS, {"$id": booking.id, "attempt": booking.attempt})
            return Recovered.VOIDED
        case Verdict.FINISH if payment is not None:
            return await _finish(desk, found, payment, now)
        case Verdict.UNDO:
            return await _undo(desk, found, payment, now)
        case _:
            return await _escalate(desk, found, payment)


async def _payment(desk: Desk, booking: Booking) -> Payment | None:
    if booking.payment_id is None:
        return nothing_to_pay(booking.total) if booking.is_free else None
    try:
        return await desk.payments.fetch(booking.payment_id)
    except Rejected:
        return None


async def _is_owners(desk: Desk, found: Evidence, payment: Payment) -> bool:
    """Whether the payment is proven to be the user's; asks only where nothing else proves it."""
    booking = found.booking
    if found.left or found.outcome is not None or booking.status is not BookingStatus.PENDING:
        return True
    if booking.is_free or is_for_order(payment, booking.gateway_order_id):
        return True
    if booking.vouched or payment.noted_user_id:
        return belongs_to(payment, Caller(booking.user_id, None))
    return belongs_to(payment, await known_caller(desk, booking.user_id))


async def _finish(desk: Desk, found: Evidence, payment: Payment, now: datetime) -> Recovered:
    async def held() -> Sequence[Place]:
        return found.places

    sale = Sale(desk, Admitted(found.booking, payment), held)
    report = await sale.saga.run()
    if report.ending is Ending.COMMITTED:
        desk.log.info("booking.finished", bookingId=found.booking.id)
        return Recovered.FINISHED
    return await _rolled_back(desk, found, sale, report, now)


async def _undo(desk: Desk, found: Evidence, payment: Payment | None, now: datetime) -> Recovered:
    booking, begun = found.booking, set(found.left)
    if found.outcome is not None:
        booking = replace(booking, status=BookingStatus.ROLLED_BACK)
    elif booking.status is BookingStatus.PENDING:
        # Its execution may still wake up and claim units.
        begun.add(CLAIMS)
    sale = Sale(desk, Admitted(booking, payment or _no_payment(booking)), _nothing_to_sell)
    if sale.payment_status in _OWED:
        begun.add(PAYMENT)
    sale.saga.journal.assume_begun(begun)
    return await _rolled_back(desk, found, sale, await sale.saga.undo(), now)


async def _rolled_back(desk: Desk, found: Evidence, sale: Sale, report: Report, now: datetime) -> Recovered:
    """Write down how the undoing of a booking went, its own row last: until then it is looked at again."""
    stored = booking = found.booking
    undos = undone_steps(report)
    match report.ending:
        case Ending.COMMITTED:
            return Recovered.CONFIRMED
        case Ending.UNDECIDED:
            raise Retryable(Code.SERVICE_UNAVAILABLE)
        case Ending.ROLLED_BACK:
            state, next_at = ReportState.COMPLETE, None
            look_at = recovery.next_look(booking.lease_until, now)
        case Ending.INCOMPLETE:
            next_at = look_at = recovery.next_attempt(_attempts(found) + 1, now)
            state = ReportState.RETRYING if next_at else ReportState.NEEDS_OPERATOR
    failure = Failure(report.failed_step, report.error or _gone(booking), desk.execution_id)
    booking = replace(booking, mismatch=sale.booking.mismatch or booking.mismatch)
    found = replace(found, booking=booking)
    await _report(desk, found, failure, undos, sale.owed, state, next_at)
    columns = {
        "status": BookingStatus.ROLLED_BACK if booking.status is BookingStatus.PENDING else booking.status,
        "paymentStatus": sale.payment_status,
        "failureCode": booking.failure_code or Code.BOOKING_ERROR,
        "checkAfter": look_at,
        **paid_columns(booking),
    }
    await _write(desk, stored, columns)
    match state:
        case ReportState.COMPLETE:
            return Recovered.UNDONE if undos or booking.status is BookingStatus.PENDING else Recovered.LOOKED
        case ReportState.RETRYING:
            return Recovered.RETRIED
        case _:
            desk.log.error("booking.needs_operator", Fatal(Code.ROLLBACK_FAILED), bookingId=booking.id)
            return Recovered.ESCALATED


async def _escalate(desk: Desk, found: Evidence, payment: Payment | None) -> Recovered:
    """What is written down contradicts itself: nobody but a person can say what is right."""
    booking, error = found.booking, Fatal(Code.ROLLBACK_FAILED)
    desk.log.error("booking.needs_operator", error, bookingId=booking.id)
    failure = Failure(None, error, desk.execution_id)
    money = recovery.payment_status(payment)
    paid = booking if payment is None else booking.paid_with(payment)
    owed = payment.amount.amount - payment.refunded if payment and money in _OWED else 0
    await _report(desk, replace(found, booking=paid), failure, [], owed, ReportState.NEEDS_OPERATOR, None)
    columns: dict[str, Any] = {"checkAfter": None, **paid_columns(paid)}
    if found.outcome in (Outcome.ROLLED_BACK, Outcome.EXPIRED) and booking.status is BookingStatus.PENDING:
        columns["status"] = BookingStatus.ROLLED_BACK
    if booking.payment_status is PaymentStatus.REFUNDED and money in _OWED:
        # The refund has failed at the bank.
        subject, refunded = ids.transaction_id(booking.id), booking.payment_status
        await note_failed_refund(desk, booking.id, subject, paid.paid, refunded, money)
        columns["paymentStatus"] = move(booking.payment_status, money)
    await _write(desk, booking, columns)
    return Recovered.ESCALATED


async def _report(
    desk: Desk,
    found: Evidence,
    failure: Failure,
    undos: list[UndoneStep],
    owed: int,
    state: ReportState,
    next_at: datetime | None,
) -> None:
    booking, before = found.booking, found.report
    progress = Progress(
        add_undos(undos_of(before) if before else [], undos),
        at_risk=owed,
        state=state,
        attempts=_attempts(found) + (1 if undos else 0),
        next_attempt_at=next_at,
    )
    if before is None:
        await keep(desk, report_row(booking, failure, progress))
        return
    columns = progress_columns(progress)
    if any(before[name] != columns[name] for name in ("undos", "moneyAtRisk", "state", "attempts")):
        # Not by its id alone: what a person has settled meanwhile stays settled.
        unsettled = [state for state in ReportState if state is not ReportState.SETTLED]
        where = {"$id": report_id(booking), "state": unsettled}
        await desk.rows.update_where(Table.ROLLBACK_REPORTS, where, columns)


async def _write(desk: Desk, booking: Booking, columns: Mapping[str, Any]) -> None:
    """Change what differs in the booking's row, and nothing when nothing does; at last be done with it."""
    seen_at = to_text(desk.rows.server_time())
    stored = {
        "status": booking.status,
        "paymentStatus": booking.payment_status,
        "failureCode": booking.failure_code,
        "checkAfter": booking.check_after,
        **paid_columns(booking),
    }
    changed = {
        name: to_text(value) if isinstance(value, datetime) else value
        for name, value in columns.items()
        if value != stored[name]
    }
    is_done = "checkAfter" in changed and changed["checkAfter"] is None
    if is_done:
        del changed["checkAfter"]
    if changed:
        await desk.rows.update(Table.BOOKINGS, booking.id, changed)
    if is_done:
        await close(desk, [booking.id], seen_at)


def _attempts(found: Evidence) -> int:
    return int(found.report["attempts"] or 0) if found.report else 0


def _gone(booking: Booking) -> Ambiguous:
    """Why a booking failed whose execution never came back."""
    return Ambiguous(Code(booking.failure_code) if booking.failure_code else Code.BOOKING_ERROR)


def _no_payment(booking: Booking) -> Payment:
    """For a payment that the gateway does not know: there is no money to give back."""
    return Payment(booking.payment_id or NOTHING_PAID, PaymentState.FAILED, booking.total, 0, "", "", "", "")


async def _nothing_to_sell() -> Sequence[Place]:
    """The claims of a sale that is only undone."""
    raise Fatal(Code.BOOKING_ERROR)

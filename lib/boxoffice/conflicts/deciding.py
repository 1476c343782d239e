"""What an administrator decides about a case: decided once, and then carried out, however often it takes."""

from dataclasses import replace

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.hold import HoldWish, hold
from boxoffice.bookings.records import Booking
from boxoffice.bookings.stored_hold import read_hold
from boxoffice.conflicts.cases import Case, CaseKind, CaseState, find_case
from boxoffice.domain import ids
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import GRANTED
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import selections
from boxoffice.domain.notices import NoticeKind
from boxoffice.domain.status import BookingStatus
from boxoffice.history.record import note
from boxoffice.outbox.notify import notify
from boxoffice.ports import NewRow
from boxoffice.schema import Table
from boxoffice.times import to_text

_LIVING = (BookingStatus.HELD, BookingStatus.PENDING, BookingStatus.CONFIRMED)


async def grant(desk: Desk, admin: str, case_id: str, reason: str) -> Case:
    """Hold for the requester what others hold and have not paid, and tell both.

    The same decision again finishes what was interrupted. Raises `Rejected` as `hold` does, when it cannot be
    had even so: then it may be granted again later; with `NOT_FOUND_ERROR`; and with
    `INVALID_STATUS_TRANSITION` when the case was refused.
    """
    case = await _decide(desk, admin, case_id, CaseState.GRANTED, reason)
    if case.booking_id is not None:
        return case
    booking = await _own(desk, case) or await _hold(replace(desk, actor=admin), case)
    body = {
        "caseId": case.id,
        "reference": booking.reference,
        "eventId": case.event_id,
        "eventName": booking.event_name,
        "heldUntil": to_text(booking.held_until or booking.lease_until),
    }
    await notify(desk, case.user_id, NoticeKind.CASE_GRANTED, booking.id, body, case.id)
    await desk.rows.update(Table.CASES, case.id, {"bookingId": booking.id})
    return replace(case, booking_id=booking.id)


async def refuse(desk: Desk, admin: str, case_id: str, reason: str) -> Case:
    """Leave everything as it is, and tell the requester.

    Raises `Rejected` with `NOT_FOUND_ERROR`, or with `INVALID_STATUS_TRANSITION` when the case was granted.
    """
    case = await _decide(desk, admin, case_id, CaseState.REFUSED, reason)
    body = {"caseId": case.id, "eventId": case.event_id, "reason": reason}
    await notify(desk, case.user_id, NoticeKind.CASE_REFUSED, None, body, case.id)
    return case


async def _own(desk: Desk, case: Case) -> Booking | None:
    """What the requester has of it already: got in the usual way, or by an earlier attempt at this."""
    where = {"userId": case.user_id, "fingerprint": case.fingerprint, "status": _LIVING}
    for row in await desk.rows.find(Table.BOOKINGS, where):
        booking = Booking.from_row(row)
        if booking.status is not BookingStatus.HELD:
            return booking
        stored, now = await read_hold(desk.rows, booking.id), desk.rows.server_time()
        if stored is not None and stored.is_open and booking.held_until and now < booking.held_until:
            return booking
    return None


async def _hold(desk: Desk, case: Case) -> Booking:
    caller = Caller(case.user_id, None)
    wish = HoldWish(selections(case.event_id, case.items), case.promo_code, case.id)
    try:
        return (await hold(desk, caller, wish, GRANTED)).booking
    except Rejected as refusal:
        if refusal.code is not Code.HOLD_EXPIRED:
            raise
    # An earlier attempt has died over it.
    return (await hold(desk, caller, replace(wish, request_id=None), GRANTED)).booking


async def _decide(desk: Desk, admin: str, case_id: str, state: CaseState, reason: str) -> Case:
    """The case, decided so. Of two administrators the first has decided."""
    case = await find_case(desk, case_id)
    decision = {
        "eventId": case.event_id,
        "userId": case.user_id,
        "kind": CaseKind.DECISION,
        "request": case.id,
        "state": state,
        "decidedBy": admin,
        "reason": reason,
    }
    stored = await desk.rows.put_once(Table.CASES, NewRow(ids.decision_id(case.id), decision))
    if stored["state"] != state:
        raise Rejected(Code.INVALID_STATUS_TRANSITION, "This case has been decided otherwise.")
    if case.state is state:
        return case
    decided_by, why = stored["decidedBy"], stored["reason"]
    before, after = case.state.value, state.value
    await note(desk, decided_by, f"case.{state}", case.id, before=before, after=after, reason=why)
    columns = {"state": state, "decidedBy": decided_by, "reason": why}
    await desk.rows.update(Table.CASES, case.id, columns)
    return replace(case, state=state, decided_by=decided_by, reason=why)

"""Requests that an administrator decides about, because the event's rules say so."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.domain import ids, items
from boxoffice.domain.codes import Code
from boxoffice.domain.conflict_advice import Resolution
from boxoffice.domain.conflicts import ConflictKind
from boxoffice.domain.errors import Rejected
from boxoffice.domain.items import BookedItem
from boxoffice.ports import NewRow, Row
from boxoffice.schema import Table
from boxoffice.times import from_text

_ASK_AGAIN_SECONDS = 60


class CaseKind(StrEnum):
    """What a row is: somebody's request, or what was decided about one."""

    CONFLICT = "conflict"
    DECISION = "decision"


class CaseState(StrEnum):
    """What has been decided."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """A request for `items` that others hold, `in_the_way` being their bookings when it was made.

    `fingerprint` is that of every booking of the same things by the same user. `booking_id` is the hold that
    was made for it, once it was granted. `decided_by` is an administrator's user id, or `identity.API_KEY`.
    """

    id: str
    event_id: str
    user_id: str
    fingerprint: str
    items: tuple[BookedItem, ...]
    promo_code: str | None
    in_the_way: tuple[str, ...]
    state: CaseState
    booking_id: str | None
    decided_by: str | None
    reason: str | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "Case":
        """Read a stored row."""
        request = json.loads(row["request"])
        return cls(
            id=row["$id"],
            event_id=row["eventId"],
            user_id=row["userId"],
            fingerprint=request["fingerprint"],
            items=items.from_stored(request["items"]),
            promo_code=request["promoCode"],
            in_the_way=tuple(request["inTheWay"]),
            state=CaseState(row["state"]),
            booking_id=row["bookingId"],
            decided_by=row["decidedBy"],
            reason=row["reason"],
            created_at=from_text(row["$createdAt"]),
        )


async def park(desk: Desk, booking: Booking, in_the_way: Sequence[str], shortage: Rejected) -> Rejected:
    """Have an administrator decide whether `booking` gets what others hold; the answer until then.

    The same user's request for the same things is the same case, also when it has been decided. A payment
    does not wait for it: it goes back, and whoever is granted the things pays for the hold.
    """
    request = {
        "fingerprint": booking.fingerprint,
        "items": items.to_stored(booking.items),
        "promoCode": booking.promo_code,
        "inTheWay": list(in_the_way),
    }
    row: Mapping[str, Any] = {
        "eventId": booking.event_id,
        "userId": booking.user_id,
        "kind": CaseKind.CONFLICT,
        "request": json.dumps(request, ensure_ascii=False, separators=(",", ":")),
        "state": CaseState.OPEN,
    }
    case_id = ids.case_id(booking.user_id, booking.fingerprint)
    case = Case.from_row(await desk.rows.put_once(Table.CASES, NewRow(case_id, row)))
    details = {**shortage.details, **_told(case)}
    desk.log.info("case.parked", caseId=case.id, state=case.state)
    if case.state is CaseState.OPEN:
        labels = shortage.details.get("seats", ())
        desk.conflicts.count(booking.event_id, ConflictKind.HOLD_CONFLICT, Resolution.PARKED, labels)
        await desk.conflicts.flush()
    if case.state is CaseState.REFUSED or case.booking_id is not None:
        # What was granted has been held, and that hold is over.
        return Rejected(shortage.code, shortage.message, details)
    decides = "The organiser decides who gets this, and you will be told."
    if booking.held_until is None:
        return Rejected(shortage.code, f"{shortage.message} {decides}", details)
    return Rejected(
        Code.CONFLICT_ERROR, f"Somebody else holds this. {decides}", details, retry_after=_ASK_AGAIN_SECONDS
    )


async def find_granted(desk: Desk, booking: Booking, holders: Collection[str]) -> Rejected | None:
    """The answer to a request that was granted before, while the hold made for it is among the `holders`."""
    case_id = ids.case_id(booking.user_id, booking.fingerprint)
    found = await desk.rows.find(Table.CASES, {"$id": case_id}, limit=1)
    if not found or (case := Case.from_row(found[0])).booking_id not in holders:
        return None
    return Rejected(
        Code.INVALID_STATUS_TRANSITION,
        "The organiser has decided for you: this is held for you already. Pay for that hold.",
        _told(case),
    )


async def find_case(desk: Desk, case_id: str) -> Case:
    """The case with that id. Raises `Rejected` with `NOT_FOUND_ERROR`."""
    found = await desk.rows.find(Table.CASES, {"$id": case_id, "kind": CaseKind.CONFLICT}, limit=1)
    if not found:
        raise Rejected(Code.NOT_FOUND_ERROR, "There is no case with this caseId.", {"field": "caseId"})
    return Case.from_row(found[0])


async def list_cases(
    desk: Desk, event_id: str | None, state: CaseState, cursor: str, limit: int
) -> Sequence[Case]:
    """The newest cases, beginning after the one with the id `cursor`.

    Raises `Rejected` with `VALIDATION_ERROR` when there is no such case.
    """
    if cursor and not await desk.rows.find(Table.CASES, {"$id": cursor}, columns=["state"]):
        raise Rejected(Code.VALIDATION_ERROR, "cursor must be the id of a case.", {"field": "cursor"})
    rows = await desk.rows.find(
        Table.CASES,
        {"kind": CaseKind.CONFLICT, "state": state, **({"eventId": event_id} if event_id else {})},
        order="$createdAt",
        descending=True,
        after=cursor,
        limit=limit,
    )
    return [Case.from_row(row) for row in rows]


def _told(case: Case) -> dict[str, Any]:
    return {"caseId": case.id, "case": case.state.value, "bookingId": case.booking_id}

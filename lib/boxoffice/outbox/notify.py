"""Write down that somebody has to be told something."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain import ids
from boxoffice.domain.notices import NoticeKind
from boxoffice.ports import NewRow
from boxoffice.schema import Table
from boxoffice.times import to_text


class NoticeState(StrEnum):
    """How far a notice has come. `SENT` means that Appwrite has it."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


async def notify(
    desk: Desk,
    user_id: str,
    kind: NoticeKind,
    booking_id: str | None,
    body: Mapping[str, Any],
    subject: str = "",
) -> None:
    """Have a user told something, once for each kind and `subject`, which is the booking when it is left out.

    The sweep sends it. `body` is what apps get, at most 4000 characters as JSON (see `domain.notices` for
    what people read of it). One call.
    """
    row = {
        "userId": user_id,
        "kind": kind,
        "bookingId": booking_id,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "state": NoticeState.WAITING,
        "tries": 0,
        "checkAfter": to_text(desk.rows.server_time()),
    }
    notice_id = ids.notice_id(f"{kind}:{subject or booking_id}")
    await desk.rows.put_once(Table.OUTBOX, NewRow(notice_id, row))

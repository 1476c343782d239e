"""Sends what is waiting: each notice at most once, however many try at the same time.

The message at Appwrite has the notice's own id, so a second attempt at it finds the first.
"""

import asyncio
import json
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import BoxofficeError, Rejected, typed
from boxoffice.domain.notices import pause_after, text_of
from boxoffice.outbox.notify import NoticeState
from boxoffice.ports import Message, Range, Row
from boxoffice.schema import Table
from boxoffice.times import to_text

_AT_ONCE = 8
_MOST = 50

# The sweep has other things to do.
_WORK_SECONDS = 6.0


async def send_due(desk: Desk) -> int:
    """Send some of the notices that are due, the longest due first; how many were sent."""
    rows = await desk.rows.find(
        Table.OUTBOX,
        {"checkAfter": Range(upto=to_text(desk.rows.server_time()))},
        order="checkAfter",
        limit=_MOST,
    )
    places = asyncio.Semaphore(_AT_ONCE)

    async def send(row: Row) -> bool:
        async with places:
            return desk.budget.spent() < _WORK_SECONDS and await _send(desk, row)

    return sum(await asyncio.gather(*(send(row) for row in rows)))


async def _send(desk: Desk, row: Row) -> bool:
    try:
        await desk.messages.send(_message(row))
    except Rejected as error:
        # Nobody is there any more, or has no address.
        desk.log.info("notice.undeliverable", noticeId=row["$id"], code=error.code)
        await _set(desk, row, {"state": NoticeState.FAILED, "checkAfter": None})
        return False
    except (BoxofficeError, ValueError, TypeError) as error:
        desk.log.error("notice.not_sent", typed(error), noticeId=row["$id"])
        await _postpone(desk, row)
        return False
    await _set(desk, row, {"state": NoticeState.SENT, "checkAfter": None})
    return True


async def _postpone(desk: Desk, row: Row) -> None:
    tries = (row["tries"] or 0) + 1
    pause = pause_after(tries)
    if pause is None:
        await _set(desk, row, {"state": NoticeState.FAILED, "tries": tries, "checkAfter": None})
    else:
        later = to_text(desk.rows.server_time() + pause)
        await _set(desk, row, {"tries": tries, "checkAfter": later})


async def _set(desk: Desk, row: Row, columns: dict[str, Any]) -> None:
    # By the state too: what somebody has sent meanwhile stays sent.
    where = {"$id": row["$id"], "state": NoticeState.WAITING}
    await desk.rows.update_where(Table.OUTBOX, where, columns)


def _message(row: Row) -> Message:
    """The notice as people and apps get it. Raises `ValueError` or `TypeError` when it cannot be read."""
    body = json.loads(row["body"])
    text = text_of(row["kind"], body)
    data = {"kind": row["kind"], "bookingId": row["bookingId"], **body}
    return Message(row["$id"], row["userId"], text.title, text.sentence, data)

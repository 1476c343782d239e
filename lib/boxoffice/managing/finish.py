"""Changes of units whose execution never came back, brought to their ends by the sweep."""

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import BoxofficeError, Rejected, typed
from boxoffice.managing import blocks, changes, moving
from boxoffice.managing.changes import LIFTED, Change, ChangeKind
from boxoffice.ports import Range, Row
from boxoffice.schema import Table
from boxoffice.times import to_text

_AT_ONCE = 20


async def finish_due_changes(desk: Desk) -> int:
    """Finish or undo some changes that are due, the longest due first; how many were open until now."""
    rows = await desk.rows.find(
        Table.UNIT_CHANGES,
        {"checkAfter": Range(upto=to_text(desk.rows.server_time()))},
        order="checkAfter",
        limit=_AT_ONCE,
    )
    return sum([await _finish(desk, row) for row in rows])


async def _finish(desk: Desk, row: Row) -> int:
    try:
        change = Change.from_row(row)
    except (KeyError, ValueError, TypeError) as error:
        desk.log.error("change.unreadable", typed(error), changeId=row["$id"])
        return 0
    try:
        await _resume(desk, change)
    except Rejected:
        # What it was refused for is written down, and nobody waits for the answer.
        pass
    except BoxofficeError as error:
        desk.log.error("change.not_finished", error, changeId=change.id)
        await changes.postpone(desk, change)
        return 0
    return change.state not in LIFTED


async def _resume(desk: Desk, change: Change) -> None:
    match change.kind:
        case ChangeKind.BLOCK:
            await blocks.resume(desk, change)
        case ChangeKind.MOVE:
            await moving.resume(desk, change)

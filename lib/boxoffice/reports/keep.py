"""A report is kept somewhere, whatever happens: in the table, else in the archive, and always in the log."""

import json
from collections.abc import Mapping
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.domain.errors import BoxofficeError, typed
from boxoffice.ports import NewRow
from boxoffice.reports.records import FIRST_HAND, ReportState
from boxoffice.schema import Table

_RESTORED_AT_ONCE = 100


async def keep(desk: Desk, report: NewRow) -> None:
    """Write a new report. Never raises for what is out of order: nothing may depend on a report."""
    try:
        await desk.rows.put_once(Table.ROLLBACK_REPORTS, report)
    except BoxofficeError as error:
        desk.log.error("rollback.report_refused", error, reportId=report.id, report=report.data)
        await _archive(desk, report)


async def restore_archived(desk: Desk) -> int:
    """Bring archived reports into the table; how many. Each leaves the archive once it is in the table."""
    if desk.archive is None:
        return 0
    restored = 0
    for name in await desk.archive.names(_RESTORED_AT_ONCE):
        content = await desk.archive.get(name)
        if content is None:
            continue
        try:
            await _restore(desk, json.loads(content))
        except (KeyError, ValueError, TypeError) as error:
            desk.log.error("rollback.archived_report_unreadable", typed(error), name=name)
            continue
        await desk.archive.delete(name)
        restored += 1
    return restored


async def _archive(desk: Desk, report: NewRow) -> None:
    if desk.archive is None:
        return
    content = json.dumps({"id": report.id, "data": dict(report.data)}, separators=(",", ":"))
    try:
        await desk.archive.put_once(f"{report.id}.json", content.encode())
    except BoxofficeError as error:
        desk.log.error("rollback.report_not_archived", error, reportId=report.id)


async def _restore(desk: Desk, archived: Mapping[str, Any]) -> None:
    report = NewRow(archived["id"], archived["data"])
    stored = await desk.rows.put_once(Table.ROLLBACK_REPORTS, report)
    told = {name: report.data[name] for name in FIRST_HAND}
    if stored["state"] != ReportState.SETTLED and any(stored[name] != told[name] for name in told):
        # Whoever found the booking has written a report of its own, which lacks what only this one knows.
        await desk.rows.update(Table.ROLLBACK_REPORTS, report.id, told)

"""Appwrite function: what was rolled back, for administrators. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bootstrap import open_desk
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify_admin


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Identify, parse, do what is asked."""
    from boxoffice.audit.run import audit_for
    from boxoffice.cancellations.progress import progress_of
    from boxoffice.contract import reports as contract
    from boxoffice.contract.body import read_object
    from boxoffice.contract.calling_off import FollowCallingOff
    from boxoffice.history.reading import read_log
    from boxoffice.reports import console
    from boxoffice.reports.conflicts import measure_conflicts
    from boxoffice.reports.metrics import measure

    desk = open_desk(execution)
    admin = await identify_admin(execution.headers, desk.accounts, desk.users)
    match contract.ReportsRequest.read(read_object(execution.body)):
        case contract.ListReports() as asked:
            rows = await console.list_reports(desk, asked.filter(), asked.cursor or "", asked.limit)
            return contract.page(rows, asked.limit)
        case contract.GetReport(report_id=report_id):
            return contract.details(await console.get_report(desk, report_id))
        case contract.RetryRollback(report_id=report_id):
            return contract.details(await console.retry(desk, admin, report_id))
        case contract.SettleReport(report_id=report_id, reason=reason):
            return contract.details(await console.settle(desk, admin, report_id, reason))
        case contract.MeasureBookings() as asked:
            return contract.metrics(await measure(desk, asked.period()))
        case contract.MeasureConflicts(event_id=event_id) as asked:
            return contract.conflicts(await measure_conflicts(desk, asked.period(), event_id))
        case contract.ReadLog(cursor=cursor, limit=limit) as asked:
            return contract.log(await read_log(desk, asked.filter(), cursor or "", limit), limit)
        case FollowCallingOff(event_id=event_id):
            return contract.called_off(await progress_of(desk, event_id))
        case contract.AuditBooks(cursor=cursor):
            return contract.audited(await audit_for(desk, cursor or ""))

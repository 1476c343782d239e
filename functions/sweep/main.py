"""Appwrite function: finishes or undoes what was interrupted. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bootstrap import open_desk
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify_admin
from boxoffice.recovery.sweep import sweep


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Identify, sweep."""
    from boxoffice.contract.sweeping import success

    desk = open_desk(execution)
    if execution.headers.get("x-appwrite-trigger") != "schedule":
        await identify_admin(execution.headers, desk.accounts, desk.users)
    return success(await sweep(desk))

"""Appwrite function: what administrators do with the units of events. See README.md."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from boxoffice.bootstrap import open_desk
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify_admin


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Identify, parse, do what is asked."""
    from boxoffice.conflicts import cases, confirming, deciding
    from boxoffice.contract import managing as contract
    from boxoffice.contract import managing_request as requests
    from boxoffice.contract.body import read_object
    from boxoffice.managing import blocks, moves

    desk = open_desk(execution)
    admin = await identify_admin(execution.headers, desk.accounts, desk.users)
    match requests.ManageRequest.read(read_object(execution.body)):
        case requests.BlockUnits() as asked:
            made = await blocks.block(desk, admin, asked.target(), asked.reason, asked.request_id)
            return contract.blocked(made)
        case requests.UnblockUnits(reason=reason) as asked:
            return contract.unblocked(await blocks.unblock(desk, admin, asked.target(), reason))
        case requests.ListBlocks(event_id=event_id, cursor=cursor, limit=limit):
            return contract.page(await blocks.list_blocks(desk, event_id, cursor or "", limit), limit)
        case requests.MoveBooking(reason=reason) as asked:
            return contract.moved(await moves.move(desk, admin, asked.wish(), reason))
        case requests.ListCases(event_id=event_id, state=state, cursor=cursor, limit=limit):
            found = await cases.list_cases(desk, event_id, state, cursor or "", limit)
            return contract.cases(found, limit)
        case requests.DecideCase(decision="grant", case_id=case_id, reason=reason):
            return contract.decided(await deciding.grant(desk, admin, case_id, reason))
        case requests.DecideCase(case_id=case_id, reason=reason):
            return contract.decided(await deciding.refuse(desk, admin, case_id, reason))
        case requests.AskToConfirm(booking_ids=booking_ids, seconds=seconds, reason=reason):
            grace = timedelta(seconds=seconds)
            return contract.asked(await confirming.ask_to_confirm(desk, admin, booking_ids, grace, reason))

"""Appwrite function: what administrators do with the units of events. See README.md."""

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
    from boxoffice.contract import managing as contract
    from boxoffice.contract.body import read_object
    from boxoffice.contract.managing_request import (
        BlockUnits,
        ListBlocks,
        ManageRequest,
        MoveBooking,
        UnblockUnits,
    )
    from boxoffice.managing import blocks, moves

    desk = open_desk(execution)
    admin = await identify_admin(execution.headers, desk.accounts, desk.users)
    match ManageRequest.read(read_object(execution.body)):
        case BlockUnits() as asked:
            made = await blocks.block(desk, admin, asked.target(), asked.reason, asked.request_id)
            return contract.blocked(made)
        case UnblockUnits(reason=reason) as asked:
            return contract.unblocked(await blocks.unblock(desk, admin, asked.target(), reason))
        case ListBlocks(event_id=event_id, cursor=cursor, limit=limit):
            return contract.page(await blocks.list_blocks(desk, event_id, cursor or "", limit), limit)
        case MoveBooking(reason=reason) as asked:
            return contract.moved(await moves.move(desk, admin, asked.wish(), reason))

"""Appwrite function: keeps units for a while. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bookings.hold import Held, hold
from boxoffice.bookings.open_holds import extend_hold, list_holds, release_hold
from boxoffice.bootstrap import open_desk, rate_limits
from boxoffice.conflicts.confirming import confirm_hold
from boxoffice.domain.limits import Scope
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Parse, identify, count, do what is asked."""
    # The models' library doubles the load of a cold function, so the first request loads it.
    from boxoffice.contract import holding
    from boxoffice.contract.body import read_object

    request = holding.HoldRequest.read(read_object(execution.body))
    desk = open_desk(execution)
    caller = await identify(execution.headers, request.user_id, desk.accounts)
    await rate_limits(execution, desk).check(Scope.HOLD, caller)
    match request:
        case holding.HoldTickets():
            return holding.success(await hold(desk, caller, request.wish()))
        case holding.ListHolds():
            return holding.listed(await list_holds(desk, caller.user_id))
        case holding.ExtendHold(booking_id=booking_id):
            return holding.success(await extend_hold(desk, caller.user_id, booking_id))
        case holding.ConfirmHold(booking_id=booking_id):
            return holding.success(await confirm_hold(desk, caller.user_id, booking_id))
        case holding.ReleaseHold(booking_id=booking_id):
            return holding.success(Held(await release_hold(desk, caller.user_id, booking_id), ()))

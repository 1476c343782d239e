"""Appwrite function: gives back tickets, and their money by the event's rules. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bootstrap import open_desk, rate_limits
from boxoffice.cancellations.cancel import cancel
from boxoffice.domain.limits import Scope
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify_asker


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Parse, identify, count, cancel."""
    from boxoffice.contract.body import read_object
    from boxoffice.contract.cancelling import CancelBookingRequest, success

    request = CancelBookingRequest.read(read_object(execution.body)).request()
    desk = open_desk(execution)
    asker = await identify_asker(execution.headers, desk.accounts)
    # All of a server's users together are no crowd of one.
    if not asker.is_trusted_server:
        await rate_limits(execution, desk).check(Scope.CANCEL, asker)
    return success(await cancel(desk, asker, request))

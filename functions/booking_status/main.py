"""Appwrite function: what has become of bookings, for their owners and for administrators. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bootstrap import open_desk, rate_limits
from boxoffice.domain.limits import Scope
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify_asker


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any]:
    """Parse, identify, count, look."""
    from boxoffice.contract import status_answers as answers
    from boxoffice.contract import status_request as requests
    from boxoffice.contract.body import read_object
    from boxoffice.lookup import look

    request = requests.BookingStatusRequest.read(read_object(execution.body))
    desk = open_desk(execution)
    asker = await identify_asker(execution.headers, desk.accounts)
    if not asker.is_trusted_server:
        await rate_limits(execution, desk).check(Scope.LOOKUP, asker)
    match request:
        case requests.GetBooking():
            return answers.details(await look.get_booking(desk, asker, request.wanted()))
        case requests.GetHistory():
            return answers.history(await look.tell_history(desk, asker, request.wanted()))
        case requests.GetTransactions():
            return answers.money(await look.get_booking(desk, asker, request.wanted()))
        case requests.ListBookings(cursor=cursor, limit=limit):
            return answers.page(await look.list_bookings(desk, asker, request.filter(), cursor or "", limit))

"""Appwrite function: books tickets for a payment, all or nothing. See README.md."""

from collections.abc import Mapping
from typing import Any

from boxoffice.bookings.results import Failed
from boxoffice.bootstrap import open_desk, rate_limits
from boxoffice.domain.limits import Scope
from boxoffice.entry import Context, Execution, respond
from boxoffice.identity import identify


async def main(context: Context) -> Any:
    """What the runtime calls."""
    return await respond(context, handle)


async def handle(execution: Execution) -> Mapping[str, Any] | Failed:
    """Parse, identify, count, book."""
    # A cold function should be there as soon as possible: the first request loads what it needs.
    from boxoffice.contract.answers import success
    from boxoffice.contract.body import read_object
    from boxoffice.contract.booking import BookTicketRequest

    request = BookTicketRequest.read(read_object(execution.body))
    desk = open_desk(execution)
    caller = await identify(execution.headers, request.user_id, desk.accounts)
    await rate_limits(execution, desk).check(Scope.BOOK, caller)
    if request.booking_id is not None:
        from boxoffice.bookings.conversion import convert

        result = await convert(desk, caller, request.booking_id, request.claim())
    else:
        from boxoffice.bookings.book import book

        result = await book(desk, caller, request.wish())
    return result if isinstance(result, Failed) else success(result)

"""Many things in one run of the sweep: some at a time, and for as long as there is time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from boxoffice.bookings.desk import Desk
from boxoffice.ports import Row

# Nothing is begun later than this, so that there is time to bring it to its end.
_WORK_SECONDS = 12.0

_AT_ONCE = 8


def has_time(desk: Desk) -> bool:
    """Whether something may still be begun."""
    return desk.budget.spent() < _WORK_SECONDS


async def some_at_a_time(desk: Desk, rows: Sequence[Row], act: Callable[[Row], Awaitable[bool]]) -> int:
    """For how many of `rows` `act` came true. It must not raise for what is out of order with one of them."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def attempt(row: Row) -> bool:
        async with places:
            return has_time(desk) and await act(row)

    return sum(await asyncio.gather(*(attempt(row) for row in rows)))

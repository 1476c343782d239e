"""Blocking calls from asynchronous code.

The SDKs block. One pool of threads is shared by all executions of a warm function, and no call keeps its
execution waiting for longer than the execution has time.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, Retryable
from boxoffice.saga.timing import TimeBudget

Result = TypeVar("Result")

# A call has its own time-outs, which tell more than this one. This one is for calls that are still queued.
_GRACE = 0.5


class Threads:
    """The shared pool."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="boxoffice")

    async def run(self, call: Callable[[], Result], budget: TimeBudget) -> Result:
        """The result of `call`, made in a thread.

        Raises `Retryable` when there is no time to begin it, `Ambiguous` when it does not end in time.
        """
        remaining = budget.remaining()
        if remaining <= 0:
            raise Retryable(Code.SERVICE_UNAVAILABLE)
        future = self._pool.submit(call)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), remaining + _GRACE)
        except TimeoutError as error:
            if future.cancelled():
                raise Retryable(Code.SERVICE_UNAVAILABLE) from error
            raise Ambiguous(Code.SERVICE_UNAVAILABLE) from error

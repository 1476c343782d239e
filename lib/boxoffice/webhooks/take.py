"""Takes a webhook: proven by its signature, worked on once, and answered in time.

The signature over the bytes as they came is the only proof: whoever may call the function proves nothing.
What the gateway has signed is never refused, because it switches a webhook off that fails for a day.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from boxoffice.bookings.desk import Desk
from boxoffice.bookings.draft import LEASE
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected, Retryable
from boxoffice.domain.gateway_events import EVENT_ID_HEADER, GatewayEvent, read_event
from boxoffice.domain.recovery import CLOCK_SKEW
from boxoffice.identity import GATEWAY
from boxoffice.schema import Table
from boxoffice.webhooks.records import EventState, Progress, Result, StoredEvent, event_row
from boxoffice.webhooks.work import work_on

# The gateway waits for five seconds, the way there and back included.
_ANSWER_SECONDS = 4.0

# Far more than the gateway ever sends. Anybody may send more, and is not worth the reading.
_LONGEST_BODY = 256 * 1024

# Nobody works on an event for longer than this, so the sweep takes over.
_TAKE_OVER: timedelta = LEASE + CLOCK_SKEW

# The event loop itself only remembers a task for as long as somebody waits for it.
_under_way: set[asyncio.Task[Progress]] = set()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it came: the very bytes, and what its headers say."""

    body: bytes
    event_id: str
    signature: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What has become of an event so far. `replayed` when it had arrived before."""

    name: str
    state: EventState
    result: Result | None
    replayed: bool = False


async def take(desk: Desk, delivery: Delivery) -> Taken:
    """Work on what the gateway tells, once for each event, for as long as the gateway waits.

    What takes longer goes on without it; if that dies, the sweep takes over. Raises `Rejected` with
    `WEBHOOK_NOT_GENUINE`, or with `VALIDATION_ERROR` when the event has no id, and `Retryable` when the event
    could not be written down in time.
    """
    is_short = len(delivery.body) <= _LONGEST_BODY
    if not (is_short and desk.payments.is_webhook_genuine(delivery.body, delivery.signature)):
        raise Rejected(Code.WEBHOOK_NOT_GENUINE)
    desk = replace(desk, actor=GATEWAY)
    event = _read(desk, delivery)
    if event is None:
        return Taken("", EventState.DONE, Result.UNREADABLE)
    began, attempt = asyncio.get_running_loop().time(), desk.new_token()
    stored = await _receive(desk, event, attempt)
    if stored.attempt != attempt:
        return Taken(stored.name, stored.state, stored.result, replayed=True)
    task = asyncio.create_task(work_on(desk, stored))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    spent = asyncio.get_running_loop().time() - began
    await asyncio.wait({task}, timeout=max(0.0, _ANSWER_SECONDS - spent))
    if not task.done():
        desk.log.info("webhook.goes_on", eventId=event.id)
        return Taken(stored.name, stored.state, None)
    progress = task.result()
    return Taken(stored.name, progress.state, progress.result)


def _read(desk: Desk, delivery: Delivery) -> GatewayEvent | None:
    """The event; `None` for what the gateway has signed and nobody understands."""
    try:
        envelope: Any = json.loads(delivery.body)
    except (ValueError, RecursionError):
        envelope = None
    try:
        return read_event(delivery.event_id, envelope)
    except Rejected as error:
        if error.details["field"] == EVENT_ID_HEADER:
            raise
        desk.log.error("webhook.unreadable", error, eventId=delivery.event_id, **error.details)
        return None


async def _receive(desk: Desk, event: GatewayEvent, attempt: str) -> StoredEvent:
    """The event's row, whoever has written it. It is due when nobody can be at work on it any more."""
    row = event_row(event, attempt, desk.now() + _TAKE_OVER, desk.execution_id)
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return StoredEvent.from_row(await desk.rows.put_once(Table.WEBHOOK_EVENTS, row))
    except TimeoutError as error:
        raise Retryable(Code.SERVICE_UNAVAILABLE) from error

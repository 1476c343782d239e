"""An event of the gateway, as its row says it: written once, and the journal of what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from boxoffice.domain import ids
from boxoffice.domain.gateway_events import GatewayEvent
from boxoffice.ports import NewRow, Row
from boxoffice.times import from_text, optional_text, optional_time


class EventState(StrEnum):
    """How far an event has come. A `RECEIVED` one is being worked on, or was when its process died."""

    RECEIVED = "received"
    WAITING = "waiting"
    DONE = "done"
    NEEDS_OPERATOR = "needs_operator"


class Result(StrEnum):
    """What has become of what an event tells of.

    `UNCLAIMED` is money that no booking wants yet, `RETURNING` is being given back by its booking, and
    `LAPSES` goes back by itself. `UNKNOWN` is a payment that the gateway does not know, `UNREADABLE` an event
    that nobody understands, and `IGNORED` one that nobody has to know.
    """

    BOOKED = "booked"
    REFUNDED = "refunded"
    RETURNING = "returning"
    LAPSES = "lapses"
    IN_PROGRESS = "in_progress"
    UNCLAIMED = "unclaimed"
    UNANSWERED = "unanswered"
    HOLD_ENDS = "hold_ends"
    AGREES = "agrees"
    REFUND_FAILED = "refund_failed"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    IGNORED = "ignored"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """The row of an event.

    At `check_after` the sweep works on it again, `None` when nothing is left to do. `tries` counts refusals
    of the gateway to give money back. `refund_id` and `refund_amount`, in minor units, are those of the
    refund that it is of, and empty when it is of none.
    """

    id: str
    name: str
    payment_id: str
    order_id: str
    refund_id: str
    refund_amount: int
    attempt: str
    state: EventState
    result: Result | None
    tries: int
    check_after: datetime | None
    created_at: datetime

    @classmethod
    def from_row(cls, row: Row) -> "StoredEvent":
        """Read a stored row."""
        return cls(
            id=row["$id"],
            name=row["event"],
            payment_id=row["paymentId"] or "",
            order_id=row["gatewayOrderId"] or "",
            refund_id=row["refundId"] or "",
            refund_amount=row["refundAmount"] or 0,
            attempt=row["attempt"],
            state=EventState(row["state"]),
            result=Result(row["result"]) if row["result"] else None,
            tries=row["tries"] or 0,
            check_after=optional_time(row["checkAfter"]),
            created_at=from_text(row["$createdAt"]),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an event has come, and what has become of it; at `check_after` it is worked on again."""

    state: EventState
    result: Result
    check_after: datetime | None = None
    tries: int = 0

    def columns(self) -> Mapping[str, Any]:
        """What changes in its row."""
        return {
            "state": self.state,
            "result": self.result,
            "checkAfter": optional_text(self.check_after),
            "tries": self.tries,
        }


def done(result: Result) -> Progress:
    """Nothing is left to do."""
    return Progress(EventState.DONE, result)


def waiting(result: Result, until: datetime, tries: int = 0) -> Progress:
    """It has to be worked on again."""
    return Progress(EventState.WAITING, result, until, tries)


def event_row(event: GatewayEvent, attempt: str, check_after: datetime, execution_id: str) -> NewRow:
    """The row of an event that has just arrived. Nobody but functions may read it."""
    return NewRow(
        ids.webhook_event_id(event.id),
        {
            "event": event.name,
            "paymentId": event.payment.id if event.payment else None,
            "gatewayOrderId": event.order_id or None,
            "refundId": event.refund_id or None,
            "refundAmount": event.refund.amount.amount if event.refund else None,
            "attempt": attempt,
            "state": EventState.RECEIVED,
            "result": None,
            "tries": 0,
            "checkAfter": optional_text(check_after),
            "executionId": execution_id or None,
        },
    )

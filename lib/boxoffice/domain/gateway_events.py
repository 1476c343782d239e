"""What the gateway announces by webhook, read from an envelope whose signature has been verified."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.gateway_entities import payment_of, refund_of
from boxoffice.domain.payments import Payment, Refund

EVENT_ID_HEADER = "x-razorpay-event-id"
"""Names the event, the same at every delivery."""

SIGNATURE_HEADER = "x-razorpay-signature"
"""The gateway's proof of the body."""

_EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_NAME = 64
_LATEST = 253_402_300_799  # the end of the year 9999


class GatewayEventKind(StrEnum):
    """What happened, by the gateway's own names; `UNKNOWN` for what nobody here has to know."""

    PAYMENT_AUTHORISED = "payment.authorized"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_FAILED = "payment.failed"
    ORDER_PAID = "order.paid"
    REFUND_CREATED = "refund.created"
    REFUND_PROCESSED = "refund.processed"
    REFUND_FAILED = "refund.failed"
    UNKNOWN = "unknown"


_REFUNDS = frozenset(
    {
        GatewayEventKind.REFUND_CREATED,
        GatewayEventKind.REFUND_PROCESSED,
        GatewayEventKind.REFUND_FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """One event. The same `id` is the same event, however often and in whatever order it arrives.

    `name` is how the gateway calls it, also when its `kind` is unknown. `payment` is as it was when the event
    happened, which may be long ago; every kind but the unknown has one, and a `refund` when it is of refunds.
    """

    id: str
    kind: GatewayEventKind
    name: str
    payment: Payment | None
    refund: Refund | None
    created_at: datetime

    @property
    def order_id(self) -> str:
        """The order that the payment was for; empty when there is none."""
        return self.payment.order_id if self.payment else ""

    @property
    def refund_id(self) -> str:
        """The refund that the event is of; empty when it is of none."""
        return self.refund.id if self.refund else ""


def read_event(event_id: str, envelope: Any) -> GatewayEvent:
    """The event in a decoded webhook body; `event_id` is what came in the header `EVENT_ID_HEADER`.

    Raises `Rejected` with `VALIDATION_ERROR` for what the gateway does not send.
    """
    if not _EVENT_ID.fullmatch(event_id):
        sentence = f"The header {EVENT_ID_HEADER} must be the event's id: 1 to 64 of A-Z, a-z, 0-9 and ._-"
        raise Rejected(Code.VALIDATION_ERROR, sentence, {"field": EVENT_ID_HEADER})
    if not isinstance(envelope, Mapping):
        raise _malformed("body")
    name = envelope.get("event")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise _malformed("event")
    kind = kind_of(name)
    payment, refund = _entities(kind, envelope.get("payload"))
    return GatewayEvent(event_id, kind, name, payment, refund, _moment(envelope.get("created_at")))


def kind_of(name: str) -> GatewayEventKind:
    """What an event is that the gateway calls by this name."""
    try:
        return GatewayEventKind(name)
    except ValueError:
        return GatewayEventKind.UNKNOWN


def _entities(kind: GatewayEventKind, payload: Any) -> tuple[Payment | None, Refund | None]:
    if kind is GatewayEventKind.UNKNOWN:
        return None, None
    try:
        payment = payment_of(payload["payment"]["entity"])
        refund = refund_of(payload["refund"]["entity"]) if kind in _REFUNDS else None
    except (Fatal, KeyError, TypeError) as error:
        raise _malformed("payload") from error
    if refund and (refund.payment_id, refund.amount.currency) != (payment.id, payment.amount.currency):
        raise _malformed("payload")
    return payment, refund


def _moment(seconds: Any) -> datetime:
    if type(seconds) is not int or not 0 <= seconds <= _LATEST:
        raise _malformed("created_at")
    return datetime.fromtimestamp(seconds, UTC)


def _malformed(field: str) -> Rejected:
    return Rejected(Code.VALIDATION_ERROR, details={"field": field})

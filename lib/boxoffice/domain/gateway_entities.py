"""What Razorpay writes of orders, payments and refunds, in answers and in webhooks, as our own types.

Every function raises `Fatal` when an entity does not say what is needed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.domain.money import Money
from boxoffice.domain.payments import GatewayOrder, Payment, PaymentState, Refund, RefundState

Result = TypeVar("Result")

_STATES = {
    "created": PaymentState.CREATED,
    "authorized": PaymentState.AUTHORISED,
    "captured": PaymentState.CAPTURED,
    "refunded": PaymentState.REFUNDED,
    "failed": PaymentState.FAILED,
}

# What Razorpay writes where the customer gave no address. It is nobody's, so it proves nothing.
_NO_EMAIL = "void@razorpay.com"


def _readable(read: Callable[[Any], Result]) -> Callable[[Any], Result]:
    @wraps(read)
    def checked(entity: Any) -> Result:
        try:
            return read(entity)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise Fatal(Code.PAYMENT_GATEWAY_ERROR) from error

    return checked


@_readable
def payment_of(entity: Mapping[str, Any]) -> Payment:
    """The payment that the gateway describes."""
    # Without notes Razorpay sends an empty list where the object would be.
    notes = entity.get("notes") or {}
    email = _text(entity.get("email"))
    return Payment(
        id=_name(entity["id"]),
        state=_STATES[entity["status"]],
        amount=_money(entity),
        refunded=Money(entity.get("amount_refunded") or 0, entity["currency"]).amount,
        order_id=_text(entity.get("order_id")),
        email="" if email.casefold() == _NO_EMAIL else email,
        contact=_text(entity.get("contact")),
        noted_user_id=str(notes.get("userId") or ""),
        noted_booking_id=str(notes.get("bookingId") or ""),
        noted_event_id=str(notes.get("eventId") or ""),
    )


@_readable
def order_of(entity: Mapping[str, Any]) -> GatewayOrder:
    """The order that the gateway describes."""
    return GatewayOrder(
        id=_name(entity["id"]),
        amount=_money(entity),
        receipt=_text(entity.get("receipt")),
        is_paid=_name(entity["status"]) == "paid",
    )


@_readable
def refund_of(entity: Mapping[str, Any]) -> Refund:
    """The refund that the gateway describes."""
    return Refund(
        id=_name(entity["id"]),
        payment_id=_name(entity["payment_id"]),
        amount=_money(entity),
        state=RefundState(entity["status"]),
    )


@_readable
def items_of(collection: Mapping[str, Any]) -> Sequence[Any]:
    """The entities of a list."""
    items = collection["items"]
    if not isinstance(items, list):
        raise TypeError("the items are no list")
    return items


def _money(entity: Mapping[str, Any]) -> Money:
    return Money(entity["amount"], entity["currency"])


def _name(value: Any) -> str:
    """A text that is not empty."""
    if not _text(value):
        raise ValueError("a text is missing")
    return _text(value)


def _text(value: Any) -> str:
    """A text, empty when there is none."""
    if not isinstance(value, str | None):
        raise TypeError("not a text")
    return value or ""

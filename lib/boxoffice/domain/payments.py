"""Orders, payments and refunds as the gateway reports them, and when a payment may pay for a booking."""

from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money


class PaymentState(StrEnum):
    """Where the money is, according to the gateway."""

    CREATED = "created"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment at the gateway. `email`, `contact`, `order_id` and what was noted are empty when unknown.

    The noted user, booking and event are what was written on the payment when it was made, by whomever.
    `refunded` is how much of it has gone back, in minor units of the amount's currency.
    """

    id: str
    state: PaymentState
    amount: Money
    refunded: int
    order_id: str
    email: str
    contact: str
    noted_user_id: str
    noted_booking_id: str = ""
    noted_event_id: str = ""

    @property
    def is_captured(self) -> bool:
        """Whether the money has been taken and would have to be given back."""
        return self.state is PaymentState.CAPTURED


MOST_LISTED = 100
"""Payments on one page of the gateway's list."""


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """Payments in the gateway's list, the newest first. After the last page there are no more."""

    payments: tuple[Payment, ...]
    is_last: bool


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """What a customer is asked to pay: `amount`, for what our `receipt` names.

    `is_paid` when the money of one of its payments has been taken.
    """

    id: str
    amount: Money
    receipt: str
    is_paid: bool


class RefundState(StrEnum):
    """How far a refund is, according to the gateway."""

    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back to the customer."""

    id: str
    payment_id: str
    amount: Money
    state: RefundState


NOTHING_PAID = ""
"""What stands in the place of a payment's id when there was nothing to pay."""


def nothing_to_pay(price: Money) -> Payment:
    """What stands in the place of the payment of something that costs nothing."""
    return Payment(NOTHING_PAID, PaymentState.CREATED, price, 0, "", "", "", "")


def check_payment(payment: Payment, caller: Caller) -> None:
    """Return when `payment` is the caller's own and the money is there.

    Ownership comes first, so that a stranger learns nothing about somebody else's payment. Raises `Rejected`
    with `PAYMENT_NOT_VERIFIED`, or `PAYMENT_PENDING` while the customer has not finished paying.
    """
    if not belongs_to(payment, caller):
        raise _not_verified("This payment was not made by this user.")
    check_paid(payment)


def check_paid(payment: Payment) -> None:
    """Return when the money is there. Raises `Rejected` like `check_payment`."""
    if payment.state is PaymentState.CREATED:
        raise Rejected(Code.PAYMENT_PENDING)
    if payment.state is PaymentState.FAILED:
        raise _not_verified("This payment has failed.")
    if payment.state is PaymentState.REFUNDED or payment.refunded:
        raise _not_verified("This payment has been refunded.")


def check_amount(payment: Payment, price: Money) -> None:
    """Return when exactly `price` was paid. Raises `Rejected` with `PAYMENT_AMOUNT_MISMATCH` otherwise."""
    if payment.amount != price:
        raise Rejected(
            Code.PAYMENT_AMOUNT_MISMATCH,
            details={
                "price": {"amount": price.amount, "currency": price.currency},
                "paid": {"amount": payment.amount.amount, "currency": payment.amount.currency},
            },
        )


def belongs_to(payment: Payment, caller: Caller) -> bool:
    """Whether `payment` is proven to be the caller's own.

    By the user that was written on it or, without one, by the e-mail address or the telephone number that it
    was made with. A trusted server vouches for what is written nowhere.
    """
    if payment.noted_user_id:
        return payment.noted_user_id == caller.user_id
    if caller.account is None:
        return True
    return _same(payment.email.strip().casefold(), caller.account.email.strip().casefold()) or _same(
        _digits(payment.contact), _digits(caller.account.phone)
    )


def _not_verified(sentence: str) -> Rejected:
    return Rejected(Code.PAYMENT_NOT_VERIFIED, sentence, {"field": "paymentId"})


def _same(left: str, right: str) -> bool:
    return bool(left) and left == right


def _digits(phone: str) -> str:
    return "".join(character for character in phone if character in "0123456789")


def too_little(total: Money, least: Money, field: str) -> Rejected | None:
    """The refusal of what costs something, but less than can be paid; `field` is what may be changed."""
    if not 0 < total.amount < least.amount:
        return None
    return Rejected(
        Code.VALIDATION_ERROR,
        f"This costs {total}, and the payment provider takes no payment of less than {least}.",
        {
            "field": field,
            "allowed": f"what costs nothing, or at least {least}",
            "total": total.amount,
            "least": least.amount,
            "currency": total.currency,
        },
    )

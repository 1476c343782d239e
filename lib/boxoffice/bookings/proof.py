"""The proof of a payment: it is the caller's own, or made for the hold's order, and the money is there."""

from dataclasses import dataclass

from boxoffice.bookings.desk import Desk
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.payments import Payment, belongs_to, check_paid, check_payment


@dataclass(frozen=True, slots=True)
class PaymentClaim:
    """The payment that a request names. `order_id` and `signature` come together or not at all."""

    payment_id: str
    order_id: str | None = None
    signature: str | None = None


async def prove(desk: Desk, caller: Caller, claim: PaymentClaim) -> Payment:
    """The payment, when it is the caller's own and the money is there.

    Raises `Rejected` with `PAYMENT_NOT_VERIFIED` or `PAYMENT_PENDING`.
    """
    payment = await fetch(desk, claim)
    check_payment(payment, caller)
    return payment


async def fetch(desk: Desk, claim: PaymentClaim) -> Payment:
    """The payment that `claim` names, when everything that it says is true.

    Raises `Rejected` with `PAYMENT_NOT_VERIFIED`.
    """
    payments = desk.payments
    if claim.order_id and not payments.has_signed(claim.order_id, claim.payment_id, claim.signature or ""):
        raise Rejected(
            Code.PAYMENT_NOT_VERIFIED, "The payment's signature is not valid.", {"field": "signature"}
        )
    payment = await payments.fetch(claim.payment_id)
    if payment.id != claim.payment_id:
        raise Fatal(Code.PAYMENT_GATEWAY_ERROR)
    if claim.order_id and payment.order_id != claim.order_id:
        raise _other_order("orderId")
    return payment


def check_pays_for(payment: Payment, gateway_order_id: str | None, caller: Caller) -> None:
    """Return when `payment` may pay for a hold with that order, and the money is there.

    The order was opened for this hold and no other, so whoever pays it pays for the hold. A payment without
    an order has to be the caller's own. Raises `Rejected` like `prove`.
    """
    if payment.order_id and payment.order_id != gateway_order_id:
        raise _other_order("paymentId")
    if not is_for_order(payment, gateway_order_id):
        check_payment(payment, caller)
    check_paid(payment)


def is_proven(payment: Payment, gateway_order_id: str | None, caller: Caller) -> bool:
    """Whether `payment` may pay for a hold with that order, as far as it matters whose it is."""
    return is_for_order(payment, gateway_order_id) or (not payment.order_id and belongs_to(payment, caller))


def is_for_order(payment: Payment, gateway_order_id: str | None) -> bool:
    """Whether `payment` was made for exactly that order."""
    return bool(payment.order_id) and payment.order_id == gateway_order_id


def _other_order(field: str) -> Rejected:
    return Rejected(Code.PAYMENT_NOT_VERIFIED, "The payment was made for another order.", {"field": field})


async def known_caller(desk: Desk, user_id: str) -> Caller:
    """The user as the server knows them, in whose name nobody vouches for anything."""
    account = await desk.users.account(user_id)
    return Caller(user_id, account or Account(user_id, "", ""))

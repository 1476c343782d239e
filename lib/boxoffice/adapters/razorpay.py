"""Razorpay, through its official SDK."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import requests
from razorpay import Client  # type: ignore[import-untyped]
from razorpay.errors import SignatureVerificationError  # type: ignore[import-untyped]

from boxoffice.adapters.http import no_answer, send
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError, ErrorKind, Fatal, Rejected, Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing

Result = TypeVar("Result")

_POLICY = RetryPolicy(attempts=3, base=0.2, cap=1.0)
_REPEATABLE = frozenset({ErrorKind.RETRYABLE})

_STATES = {
    "created": PaymentState.CREATED,
    "authorized": PaymentState.AUTHORISED,
    "captured": PaymentState.CAPTURED,
    "refunded": PaymentState.REFUNDED,
    "failed": PaymentState.FAILED,
}

# What Razorpay writes where the customer gave no address. It is nobody's, so it proves nothing.
_NO_EMAIL = "void@razorpay.com"


class _PooledClient(Client):  # type: ignore[misc]
    """The SDK's client, on shared connections, with time-outs and typed errors."""

    def __init__(self, session: requests.Session, auth: tuple[str, str], base_url: str, budget: TimeBudget):
        super().__init__(session=session, auth=auth, base_url=base_url)
        self._budget = budget

    def request(self, method: str, path: str, **options: Any) -> Any:
        """What the SDK's resources call. Returns the decoded JSON.

        Raises `Rejected` for a refusal, `Retryable` for 409 (the same refund is being made), 429, or what was
        never sent, `Ambiguous` for a write without a usable answer, `Fatal` when the key is not accepted.
        """
        response = send(
            self.session,
            method,
            self.base_url + path,
            budget=self._budget,
            code=Code.PAYMENT_GATEWAY_ERROR,
            auth=self.auth,
            **options,
        )
        if not response.ok:
            raise _error(method, response.status_code) from requests.HTTPError(response=response)
        try:
            return response.json()
        except ValueError as error:
            raise no_answer(method, Code.PAYMENT_GATEWAY_ERROR) from error


class RazorpayPayments:
    """The port `Payments`, for one execution."""

    def __init__(
        self,
        session: requests.Session,
        auth: tuple[str, str],
        base_url: str,
        threads: Threads,
        timing: Timing,
        budget: TimeBudget,
    ) -> None:
        self._client = _PooledClient(session, auth, base_url, budget)
        self._threads = threads
        self._timing = timing
        self._budget = budget

    async def fetch(self, payment_id: str) -> Payment:
        """See `Payments.fetch`."""
        try:
            entity = await self._call(lambda: self._client.payment.fetch(payment_id))
        except Rejected as error:
            raise Rejected(error.code, details={"field": "paymentId"}) from error
        return payment_of(entity)

    async def capture(self, payment_id: str, amount: Money) -> None:
        """See `Payments.capture`."""
        await self._call(
            lambda: self._client.payment.capture(payment_id, amount.amount, {"currency": amount.currency})
        )

    async def refund(self, payment_id: str, amount: Money, key: str) -> None:
        """See `Payments.refund`."""
        await self._call(
            lambda: self._client.payment.refund(
                payment_id, {"amount": amount.amount}, headers={"X-Refund-Idempotency": key}
            )
        )

    def has_signed(self, order_id: str, payment_id: str, signature: str) -> bool:
        """See `Payments.has_signed`."""
        if not signature.isascii():
            return False
        try:
            self._client.utility.verify_payment_signature(
                {
                    "razorpay_order_id": order_id,
                    "razorpay_payment_id": payment_id,
                    "razorpay_signature": signature,
                }
            )
        except SignatureVerificationError:
            return False
        return True

    async def _call(self, call: Callable[[], Result], kinds: Collection[ErrorKind] = _REPEATABLE) -> Result:
        return await retrying(
            lambda: self._threads.run(call, self._budget),
            policy=_POLICY,
            kinds=kinds,
            timing=self._timing,
            budget=self._budget,
        )


def _error(method: str, status: int) -> BoxofficeError:
    match status:
        case 400 | 404:
            return Rejected(Code.PAYMENT_NOT_VERIFIED)
        case 409 | 429:
            return Retryable(Code.PAYMENT_GATEWAY_ERROR)
        case _ if status >= 500:
            return no_answer(method, Code.PAYMENT_GATEWAY_ERROR)
        case _:
            return Fatal(Code.PAYMENT_GATEWAY_ERROR)


def payment_of(entity: Mapping[str, Any]) -> Payment:
    """The payment that the gateway describes. Raises `Fatal` when it does not say what is needed."""
    try:
        # Without notes Razorpay sends an empty list where the object would be.
        notes = entity.get("notes") or {}
        email = entity.get("email") or ""
        return Payment(
            id=entity["id"],
            state=_STATES[entity["status"]],
            amount=Money(entity["amount"], entity["currency"]),
            refunded=entity.get("amount_refunded") or 0,
            order_id=entity.get("order_id") or "",
            email="" if email.casefold() == _NO_EMAIL else email,
            contact=entity.get("contact") or "",
            noted_user_id=str(notes.get("userId") or ""),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Fatal(Code.PAYMENT_GATEWAY_ERROR) from error

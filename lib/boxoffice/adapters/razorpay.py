"""Razorpay, through its official SDK."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import requests
from razorpay import Client  # type: ignore[import-untyped]
from razorpay.errors import SignatureVerificationError  # type: ignore[import-untyped]

from boxoffice.adapters.http import no_answer, send
from boxoffice.adapters.threads import Threads
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, ErrorKind, Fatal, Rejected, Retryable
from boxoffice.domain.gateway_entities import items_of, order_of, payment_of
from boxoffice.domain.money import Money
from boxoffice.domain.payments import MOST_LISTED, GatewayOrder, Payment, PaymentPage, RefundState
from boxoffice.saga.retry import RetryPolicy, retrying
from boxoffice.saga.timing import TimeBudget, Timing
from boxoffice.settings import WEBHOOK_FORM, WEBHOOK_VARIABLE, Misconfigured

Result = TypeVar("Result")

_POLICY = RetryPolicy(attempts=3, base=0.2, cap=1.0)
_REPEATABLE = frozenset({ErrorKind.RETRYABLE})

# In minor units of any currency: for less, orders are refused.
_LEAST = 100

# A refused or unanswered order is looked for; when it is not there, it is asked for this often.
_MOST_CREATIONS = 2


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
        webhook_secrets: Sequence[str] = (),
    ) -> None:
        self._client = _PooledClient(session, auth, base_url, budget)
        self._webhook_secrets = webhook_secrets
        self._threads = threads
        self._timing = timing
        self._budget = budget

    def least(self, currency: str) -> Money:
        """See `Payments.least`."""
        return Money(_LEAST, currency)

    async def open_order(self, receipt: str, amount: Money, notes: Mapping[str, str]) -> GatewayOrder:
        """See `Payments.open_order`."""
        wanted = {
            "amount": amount.amount,
            "currency": amount.currency,
            "receipt": receipt,
            "notes": dict(notes),
        }
        for _ in range(_MOST_CREATIONS):
            try:
                return order_of(await self._call(lambda: self._client.order.create(wanted)))
            except (Ambiguous, Rejected) as error:
                # A refusal may mean that the order is there: an account can insist on receipts being unique.
                failure = error
            order = await self._find_order(receipt, amount)
            if order is not None:
                return order
            if isinstance(failure, Rejected):
                raise Fatal(Code.PAYMENT_GATEWAY_ERROR) from failure
        raise failure

    async def order(self, order_id: str) -> GatewayOrder:
        """See `Payments.order`."""
        return order_of(await self._call(lambda: self._client.order.fetch(order_id)))

    async def payments_of(self, order_id: str) -> Sequence[Payment]:
        """See `Payments.payments_of`."""
        found = await self._call(lambda: self._client.order.payments(order_id))
        return [payment_of(entity) for entity in items_of(found)]

    async def made_between(self, since: datetime, until: datetime, skip: int = 0) -> PaymentPage:
        """See `Payments.made_between`."""
        wanted = {
            "from": int(since.timestamp()),
            "to": int(until.timestamp()),
            "count": MOST_LISTED,
            "skip": skip,
        }
        found = items_of(await self._call(lambda: self._client.payment.all(wanted)))
        payments = []
        for entity in found:
            with suppress(Fatal):
                payments.append(payment_of(entity))
        return PaymentPage(tuple(payments), is_last=len(found) < MOST_LISTED)

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

    async def refund(self, payment_id: str, amount: Money, key: str) -> str:
        """See `Payments.refund`."""
        refund = await self._call(
            lambda: self._client.payment.refund(
                payment_id, {"amount": amount.amount}, headers={"X-Refund-Idempotency": key}
            )
        )
        try:
            refund_id, has_failed = str(refund["id"]), refund.get("status") == RefundState.FAILED
        except (KeyError, TypeError, AttributeError) as error:
            raise Ambiguous(Code.PAYMENT_GATEWAY_ERROR) from error
        if has_failed:
            raise Rejected(Code.PAYMENT_GATEWAY_ERROR)
        return refund_id

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

    def is_webhook_genuine(self, raw_body: bytes, signature: str) -> bool:
        """See `Payments.is_webhook_genuine`."""
        if not self._webhook_secrets:
            raise Misconfigured(WEBHOOK_VARIABLE, WEBHOOK_FORM)
        try:
            body = raw_body.decode()
        except UnicodeDecodeError:
            return False
        return signature.isascii() and any(
            self._has_signed_webhook(body, signature, secret) for secret in self._webhook_secrets
        )

    def _has_signed_webhook(self, body: str, signature: str, secret: str) -> bool:
        try:
            self._client.utility.verify_webhook_signature(body, signature, secret)
        except SignatureVerificationError:
            return False
        return True

    async def _find_order(self, receipt: str, amount: Money) -> GatewayOrder | None:
        """The oldest order with this receipt and amount. Raises `Ambiguous` when nobody can say."""
        try:
            found = items_of(await self._call(lambda: self._client.order.all({"receipt": receipt})))
            orders = [order_of(entity) for entity in found]
        except BoxofficeError as error:
            raise Ambiguous(Code.PAYMENT_GATEWAY_ERROR) from error
        # Razorpay lists the newest first.
        return next((order for order in reversed(orders) if order.amount == amount), None)

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

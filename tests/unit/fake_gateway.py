"""The payment gateway in memory, with a ledger."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.payments import MOST_LISTED, GatewayOrder, Payment, PaymentPage, PaymentState

from tests.unit.world import World


class FakeGateway:
    """The port `Payments`, with a ledger."""

    def __init__(self, world: World, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.world = world
        self.now = now
        self.made_at: dict[str, datetime] = {}
        self.payments: dict[str, Payment] = {}
        self.refunds: dict[str, tuple[str, Money]] = {}
        self.orders: dict[str, GatewayOrder] = {}
        self.bounced: set[str] = set()

    def bounce(self, key: str) -> None:
        """The bank sends a refund back: the money is the shop's again."""
        payment_id, amount = self.refunds[key]
        payment = self.payments[payment_id]
        refunded = payment.refunded - amount.amount
        self.bounced.add(key)
        self.payments[payment_id] = replace(payment, state=PaymentState.CAPTURED, refunded=refunded)

    def pay(self, payment_id: str, amount: int, currency: str = "INR", **other: Any) -> None:
        payment = Payment(
            id=payment_id,
            state=PaymentState.CAPTURED,
            amount=Money(amount, currency),
            refunded=0,
            order_id="",
            email="ann@example.com",
            contact="",
            noted_user_id="",
        )
        self.payments[payment_id] = replace(payment, **other)
        self.made_at[payment_id] = self.now()

    async def made_between(self, since: datetime, until: datetime, skip: int = 0) -> PaymentPage:
        def effect() -> PaymentPage:
            found = [
                payment
                for payment_id, payment in reversed(self.payments.items())
                if since <= self.made_at[payment_id] <= until
            ][skip : skip + MOST_LISTED]
            return PaymentPage(tuple(found), is_last=len(found) < MOST_LISTED)

        result: PaymentPage = self.world.around("list all payments", effect)
        return result

    async def fetch(self, payment_id: str) -> Payment:
        def effect() -> Payment:
            if payment_id not in self.payments:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return self.payments[payment_id]

        result: Payment = self.world.around("fetch payment", effect)
        return result

    async def capture(self, payment_id: str, amount: Money) -> None:
        def effect() -> None:
            payment = self.payments[payment_id]
            if payment.state is not PaymentState.AUTHORISED or payment.amount != amount:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            self.payments[payment_id] = replace(payment, state=PaymentState.CAPTURED)

        self.world.around("capture payment", effect)

    def least(self, currency: str) -> Money:
        return Money(100, currency)

    async def open_order(self, receipt: str, amount: Money, notes: Mapping[str, str]) -> GatewayOrder:
        assert amount.amount >= 100
        assert 1 <= len(receipt) <= 40
        assert len(notes) <= 15 and all(len(value) <= 256 for value in notes.values())

        def effect() -> GatewayOrder:
            order = GatewayOrder(f"order_{len(self.orders) + 1}", amount, receipt, is_paid=False)
            self.orders[order.id] = order
            return order

        result: GatewayOrder = self.world.around("open order", effect)
        return result

    async def order(self, order_id: str) -> GatewayOrder:
        def effect() -> GatewayOrder:
            if order_id not in self.orders:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return self.orders[order_id]

        result: GatewayOrder = self.world.around("fetch order", effect)
        return result

    async def payments_of(self, order_id: str) -> Sequence[Payment]:
        def effect() -> Sequence[Payment]:
            if order_id not in self.orders:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            return [payment for payment in self.payments.values() if payment.order_id == order_id]

        result: Sequence[Payment] = self.world.around("list payments", effect)
        return result

    async def refund(self, payment_id: str, amount: Money, key: str) -> str:
        assert len(key) >= 10

        def effect() -> str:
            if key in self.refunds:
                assert self.refunds[key] == (payment_id, amount)
                if key in self.bounced:
                    raise Rejected(Code.PAYMENT_GATEWAY_ERROR)
                return f"rfnd_{key}"
            payment = self.payments[payment_id]
            refunded = payment.refunded + amount.amount
            if payment.state is not PaymentState.CAPTURED or refunded > payment.amount.amount:
                raise Rejected(Code.PAYMENT_NOT_VERIFIED)
            self.refunds[key] = (payment_id, amount)
            is_whole = refunded == payment.amount.amount
            state = PaymentState.REFUNDED if is_whole else PaymentState.CAPTURED
            self.payments[payment_id] = replace(payment, state=state, refunded=refunded)
            return f"rfnd_{key}"

        result: str = self.world.around("refund payment", effect)
        return result

    def has_signed(self, order_id: str, payment_id: str, signature: str) -> bool:
        return signature == f"{order_id}.{payment_id}"

    def is_webhook_genuine(self, raw_body: bytes, signature: str) -> bool:
        return signature == f"signed {zlib.crc32(raw_body)}"

"""The port to the gateway on the payment stand-in, while answers get lost."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from typing import Any

import pytest
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.razorpay import RazorpayPayments
from boxoffice.adapters.threads import Threads
from boxoffice.domain.errors import Fatal, Rejected
from boxoffice.domain.money import Money
from boxoffice.saga.timing import TimeBudget, Timing

from tests.support.local_server import Http, LocalServer, ok

pytestmark = pytest.mark.local_only

PRICE = Money(50_000, "INR")
ORDERS = "/razorpay/v1/orders"


@pytest.fixture
def payments(server: LocalServer) -> RazorpayPayments:
    said = server.ready.razorpay
    return RazorpayPayments(
        pooled_session(2),
        (said["keyId"], said["keySecret"]),
        said["url"],
        Threads(2),
        Timing(time.monotonic, asyncio.sleep, random.random),
        TimeBudget(time.monotonic, 25.0, 0.0, 0.5),
    )


def orders_of(server: LocalServer, receipt: str) -> list[dict[str, Any]]:
    said = server.ready.razorpay
    gateway = Http(said["url"], {})
    gateway.session.auth = (said["keyId"], said["keySecret"])
    found: list[dict[str, Any]] = ok(gateway.get("/v1/orders", params={"receipt": receipt}))["items"]
    return found


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_reply"},
        {"kind": "stall_body", "seconds": 0},
        {"kind": "delay", "seconds": 2, "after": True},
        {"kind": "reset"},
        {"kind": "refuse", "status": 500},
        {"kind": "refuse", "status": 429},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip(),
)
def test_one_order_is_made_though_its_answer_is_lost(
    server: LocalServer, local: Http, payments: RazorpayPayments, fault: dict[str, Any]
) -> None:
    receipt = f"bk-{secrets.token_hex(8)}"
    ok(local.post("/faults", {"method": "POST", "path": ORDERS, "nth": 1, **fault}))
    order = asyncio.run(payments.open_order(receipt, PRICE, {"bookingId": receipt}))
    [made] = orders_of(server, receipt)
    assert (made["id"], made["amount"], made["notes"]) == (order.id, PRICE.amount, {"bookingId": receipt})
    assert (order.receipt, order.amount, order.is_paid) == (receipt, PRICE, False)


def test_an_order_is_made_though_every_answer_is_lost(
    server: LocalServer, local: Http, payments: RazorpayPayments
) -> None:
    receipt = f"bk-{secrets.token_hex(8)}"
    ok(local.post("/faults", {"kind": "drop_reply", "method": "POST", "path": ORDERS}))
    order = asyncio.run(payments.open_order(receipt, PRICE, {}))
    assert [made["id"] for made in orders_of(server, receipt)] == [order.id]


def test_an_order_that_the_gateway_refuses(payments: RazorpayPayments) -> None:
    with pytest.raises(Fatal):
        asyncio.run(payments.open_order("bk-cheap", Money(1, "INR"), {}))


def test_the_payments_of_an_order_and_what_goes_back_of_them(local: Http, payments: RazorpayPayments) -> None:
    order = asyncio.run(payments.open_order(f"bk-{secrets.token_hex(8)}", PRICE, {}))
    assert asyncio.run(payments.payments_of(order.id)) == []
    for status in ("failed", "captured"):
        ok(local.post("/payments", {"orderId": order.id, "status": status}))
    found = asyncio.run(payments.payments_of(order.id))
    assert {payment.state for payment in found} == {"failed", "captured"}
    [paid] = [payment for payment in found if payment.is_captured]
    assert (paid.order_id, paid.amount) == (order.id, PRICE)
    part = Money(20_000, "INR")
    first, again = (asyncio.run(payments.refund(paid.id, part, "refund-part-1")) for _ in range(2))
    other = asyncio.run(payments.refund(paid.id, part, "refund-part-2"))
    assert first == again != other
    assert asyncio.run(payments.fetch(paid.id)).refunded == 40_000
    with pytest.raises(Rejected):
        asyncio.run(payments.refund(paid.id, part, "refund-part-3"))
    with pytest.raises(Rejected):
        asyncio.run(payments.payments_of("order_nobody"))


def test_without_looking_a_lost_answer_makes_two_orders(
    server: LocalServer, local: Http, payments: RazorpayPayments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_looks(self: RazorpayPayments, receipt: str, amount: Money) -> None:
        return None

    monkeypatch.setattr(RazorpayPayments, "_find_order", nobody_looks)
    receipt = f"bk-{secrets.token_hex(8)}"
    ok(local.post("/faults", {"kind": "drop_reply", "method": "POST", "path": ORDERS, "nth": 1}))
    asyncio.run(payments.open_order(receipt, PRICE, {}))
    assert len(orders_of(server, receipt)) == 2

"""What may be there when the gateway tells something, and what has to be there in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.counter import Counter
from tests.unit.gateway_post import Post
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, BOB, PRICE, Shop

# More than any event makes.
MOST_CALLS = 150

HOLD_IS_OVER = 901


@dataclass(frozen=True)
class Scene:
    """What was there before the event `name` of `pay_1`, and where its money may end."""

    label: str
    name: str
    prepare: Callable[[], Shop]
    ends: frozenset[PaymentState]

    def __str__(self) -> str:
        return self.label


def paid(state: PaymentState = PaymentState.CAPTURED) -> Shop:
    """A hold that is paid for, and whose client has gone."""
    shop = Shop(capacity=1)
    pay(shop, held(shop), state=state)
    return shop


def paid_late(gone: bool) -> Shop:
    """A hold that is paid for when it is over."""
    shop = Shop(capacity=1)
    kept = held(shop)
    shop.sweep(HOLD_IS_OVER)
    if gone:
        held(shop, caller=BOB)
    pay(shop, kept)
    return shop


def paid_twice() -> Shop:
    """A hold that was completed with another payment."""
    shop = Shop(capacity=1)
    kept = held(shop)
    pay(shop, kept, "pay_0")
    asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_0")))
    pay(shop, kept)
    return shop


def failed() -> Shop:
    """A hold whose payment has failed."""
    return paid(PaymentState.FAILED)


def unclaimed() -> Shop:
    """Money that no booking names, for longer than its time of grace."""
    shop = Shop(capacity=1)
    shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
    Post(shop).send("payment.captured", event_id="evt_1")
    shop.now += GRACE
    return shop


def bounced() -> Shop:
    """A cancellation whose refund has failed at the bank."""
    shop = Counter()
    shop.cancel()
    [key] = shop.gateway.refunds
    shop.settle()
    shop.gateway.bounce(key)
    return shop


TAKEN, BACK = frozenset({PaymentState.CAPTURED}), frozenset({PaymentState.REFUNDED})
SCENES = (
    Scene("a client that has gone", "payment.captured", paid, TAKEN),
    Scene(
        "one that is only authorised",
        "payment.authorized",
        lambda: paid(PaymentState.AUTHORISED),
        frozenset({PaymentState.CAPTURED, PaymentState.AUTHORISED}),
    ),
    Scene("too late and still free", "payment.captured", lambda: paid_late(gone=False), TAKEN | BACK),
    Scene("too late and gone", "payment.captured", lambda: paid_late(gone=True), BACK),
    Scene("a second payment", "payment.captured", paid_twice, BACK),
    Scene("a payment that failed", "payment.failed", failed, frozenset({PaymentState.FAILED})),
    Scene("money that nobody claims", "payment.captured", unclaimed, BACK),
    Scene("a refund that failed", "refund.failed", bounced, TAKEN),
)


def check(shop: Shop) -> None:
    """Every event has come to an end, money left once, and the books balance."""
    assert {row["state"] for row in shop.rows.all(Table.WEBHOOK_EVENTS)} <= {"done", "needs_operator"}
    keys = [key for key, (payment, _) in shop.gateway.refunds.items() if payment == "pay_1"]
    assert len(keys) <= 1
    booked = {
        row["paymentId"]
        for row in shop.rows.all(Table.BOOKINGS)
        if row["status"] in ("confirmed", "completed", "no_show")
    }
    cases = {row["paymentId"] for row in shop.reports() if row["state"] == "needs_operator"}
    for payment in shop.gateway.payments.values():
        if payment.is_captured:
            assert payment.id in booked | cases
        else:
            assert payment.id not in booked
    assert shop.audit() == []

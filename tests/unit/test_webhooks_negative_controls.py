"""Each guard of the webhooks switched off, to see that what it prevents does happen then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from boxoffice.bookings import conversion
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.callers import Caller
from boxoffice.domain.paid import Verdict
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.ports import NewRow
from boxoffice.schema import Table
from boxoffice.webhooks import named, paid, take, unclaimed
from boxoffice.webhooks.records import StoredEvent
from boxoffice.webhooks.unclaimed import GRACE

from tests.unit.fake_gateway import FakeGateway
from tests.unit.gateway_post import Post
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, PRICE, Shop
from tests.unit.webhook_meetings import meetings

Patch = pytest.MonkeyPatch


def is_settled_twice(shop: Shop) -> bool:
    """Whether somebody has both the tickets and the money."""
    confirmed = {row["paymentId"] for row in shop.rows.all(Table.BOOKINGS) if row["status"] == "confirmed"}
    returned = {payment.id for payment in shop.gateway.payments.values() if payment.refunded}
    return bool(confirmed & returned)


def test_without_the_signature_anybody_is_the_gateway(monkeypatch: Patch) -> None:
    monkeypatch.setattr(FakeGateway, "is_webhook_genuine", lambda self, body, signature: True)
    shop = Shop()
    pay(shop, held(shop), state=PaymentState.FAILED)
    post = Post(shop)
    forged = replace(post.delivery("payment.failed"), signature="forged")
    assert post.hand_over(forged).result == "hold_ends"


def test_without_the_row_of_an_event_a_replay_is_worked_on_again(monkeypatch: Patch) -> None:
    original = take._receive

    async def always_new(*values: object) -> StoredEvent:
        stored = await original(*values)  # type: ignore[arg-type]
        return replace(stored, attempt=str(values[2]))

    monkeypatch.setattr(take, "_receive", always_new)
    shop = Shop()
    post = Post(shop)
    pay(shop, held(shop))
    post.send("payment.captured", event_id="evt_same")
    shop.world.calls.clear()
    assert not post.send("payment.captured", event_id="evt_same").replayed
    assert len(shop.world.calls) > 1


def test_without_asking_the_gateway_late_news_count(monkeypatch: Patch) -> None:
    shop = Shop()
    post, kept = Post(shop), held(shop)
    pay(shop, kept)
    late, before = post.delivery("payment.captured"), shop.gateway.payments["pay_1"]
    shop.gateway.payments["pay_1"] = replace(before, state=PaymentState.REFUNDED, refunded=PRICE)
    assert post.hand_over(late).result == "refunded"

    async def as_told(self: FakeGateway, payment_id: str) -> Payment:
        return before

    monkeypatch.setattr(FakeGateway, "fetch", as_told)
    assert post.send("payment.captured").result == "booked"
    assert is_settled_twice(shop)


def test_without_the_proof_somebody_elses_payment_completes_a_hold(monkeypatch: Patch) -> None:
    monkeypatch.setattr(named, "is_proven", lambda payment, order_id, caller: True)
    shop = Shop()
    kept = held(shop)
    notes = {"noted_booking_id": kept.booking.id, "email": "bob@example.com"}
    shop.gateway.pay("pay_1", PRICE, **notes)
    assert Post(shop).send("payment.captured").result == "booked"


def test_without_returning_a_second_payment_it_is_kept(monkeypatch: Patch) -> None:
    monkeypatch.setattr(paid, "decide", lambda payment, booking: Verdict.NOTHING)
    shop = Shop()
    kept = held(shop)
    pay(shop, kept)
    asyncio.run(convert(shop.desk(), Caller("ann", None), kept.booking.id, PaymentClaim("pay_1")))
    pay(shop, kept, "pay_2")
    Post(shop).send("payment.captured", "pay_2")
    shop.settle()
    assert {violation.rule for violation in shop.audit()} == {"money"}


def test_without_the_time_of_grace_a_slow_client_loses_its_payment(monkeypatch: Patch) -> None:
    monkeypatch.setattr(unclaimed, "GRACE", GRACE * 0)
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
    Post(shop).send("payment.captured")
    shop.sweep(60)
    assert shop.failed(caller=ANN).error.code == "PAYMENT_NOT_VERIFIED"


def test_without_the_outcome_a_booking_keeps_what_was_returned(monkeypatch: Patch) -> None:
    original = unclaimed._no_booking

    def elsewhere(*values: object) -> NewRow:
        return replace(original(*values), id="nowhere")  # type: ignore[arg-type]

    monkeypatch.setattr(unclaimed, "_no_booking", elsewhere)
    monkeypatch.setattr(unclaimed, "paid_booking", _no_booking)
    assert any(is_settled_twice(shop) for shop in meetings(with_hold=False))


def test_without_looking_at_it_a_hold_keeps_what_was_returned(monkeypatch: Patch) -> None:
    async def never(self: object, payment: Payment) -> None:
        return

    monkeypatch.setattr(conversion._Conversion, "_check_not_returned", never)
    assert any(is_settled_twice(shop) for shop in meetings(with_hold=True))


def test_with_all_of_them_none_of_this_happens() -> None:
    assert not any(is_settled_twice(shop) for shop in (*meetings(with_hold=False), *meetings(with_hold=True)))


async def _no_booking(*values: object) -> None:
    return

"""The gateway tells that a hold or a booking was paid, or that paying has failed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.gateway_post import PAID, Post, booking_row, payment_state
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, BOB, PRICE, Shop


class TestPaid:
    @pytest.mark.parametrize("name", PAID)
    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_a_hold_whose_client_has_gone_is_completed(
        self, shop: Shop, post: Post, name: str, now: PaymentState
    ) -> None:
        kept = held(shop, 2)
        pay(shop, kept, state=now)
        assert post.send(name).result == "booked"
        assert booking_row(shop, kept.booking.id)["status"] == "confirmed"
        assert payment_state(shop) is PaymentState.CAPTURED
        shop.settle()
        assert shop.audit() == []
        told = {(entry["action"], entry["actor"]) for entry in shop.rows.all(Table.AUDIT_LOG)}
        assert ("booking.confirmed", "gateway") in told

    def test_its_client_learns_it(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        post.send("order.paid")
        again = asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        assert isinstance(again, Booked)
        assert again.replayed

    def test_the_clients_own_booking_stays_as_it_is(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        before = shop.snapshot()
        shop.world.calls.clear()
        assert post.send("payment.captured").result == "booked"
        assert shop.world.calls == ["put webhook_events", "find bookings", "update webhook_events"]
        del shop.rows.tables[Table.WEBHOOK_EVENTS]
        shop.rows.tables[Table.WEBHOOK_EVENTS] = {}
        assert shop.snapshot() == before

    def test_an_event_of_long_ago_counts_for_nothing(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        late = post.delivery("payment.authorized")
        shop.gateway.payments["pay_1"] = replace(shop.gateway.payments["pay_1"], state=PaymentState.FAILED)
        assert post.hand_over(late).result == "ignored"
        assert booking_row(shop, kept.booking.id)["status"] == "held"

    def test_captured_after_expiry_gets_the_same_again(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        shop.sweep(901)
        pay(shop, kept)
        assert post.send("payment.captured").result == "booked"
        assert shop.outcome() == "CONFIRMED"
        shop.settle()
        assert shop.audit() == []

    def test_captured_after_expiry_goes_back_when_it_is_gone(self, post: Post) -> None:
        post.shop = shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        held(shop, caller=BOB)
        pay(shop, kept)
        assert post.send("payment.captured").result == "refunded"
        assert payment_state(shop) is PaymentState.REFUNDED
        shop.settle()
        assert shop.audit() == []

    def test_authorised_after_expiry_lapses_when_it_is_gone(self, post: Post) -> None:
        post.shop = shop = Shop(capacity=1)
        kept = held(shop)
        shop.sweep(901)
        held(shop, caller=BOB)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        assert post.send("payment.authorized").result == "lapses"
        assert payment_state(shop) is PaymentState.AUTHORISED

    @pytest.mark.parametrize(("more", "currency"), [(1, "INR"), (-1, "INR"), (0, "USD")])
    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_one_paisa_off_or_another_currency_is_not_kept(
        self, shop: Shop, post: Post, more: int, currency: str, now: PaymentState
    ) -> None:
        kept = held(shop)
        shop.gateway.pay("pay_1", PRICE + more, currency, state=now, order_id=kept.booking.gateway_order_id)
        post.send("payment.captured")
        assert payment_state(shop) in (PaymentState.REFUNDED, PaymentState.AUTHORISED)
        assert shop.outcome(kept.booking.id) is None
        shop.settle()
        assert shop.count(Table.TICKETS) == [0]
        assert shop.audit() == []

    @pytest.mark.parametrize("second", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_a_second_payment_for_the_same_order_goes_back(
        self, shop: Shop, post: Post, second: PaymentState
    ) -> None:
        kept = held(shop)
        pay(shop, kept)
        post.send("payment.captured")
        pay(shop, kept, "pay_2", state=second)
        result = post.send("payment.captured", "pay_2").result
        if second is PaymentState.CAPTURED:
            assert (result, payment_state(shop, "pay_2")) == ("refunded", PaymentState.REFUNDED)
            assert list(shop.gateway.refunds) == [f"refund-{ids.booking_id('pay_2')}"]
        else:
            assert (result, payment_state(shop, "pay_2")) == ("lapses", PaymentState.AUTHORISED)
        assert payment_state(shop) is PaymentState.CAPTURED
        shop.settle()
        assert shop.audit() == []

    def test_a_hold_that_is_being_paid_is_left_to_whoever_does_it(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept)
        shop.rows.seed(
            Table.LEASES,
            ids.lease_id(kept.booking.id, "ann"),
            bookingId=kept.booking.id,
            attempt="of the client",
            paymentId="pay_1",
            leaseUntil=(shop.now + timedelta(seconds=90)).isoformat(timespec="milliseconds"),
        )
        assert (post.send("payment.captured").state, post.events()[0][1]) == ("waiting", "in_progress")
        shop.settle()
        assert post.events() == [("done", "booked")]
        assert shop.audit() == []

    def test_a_direct_booking_is_left_to_its_execution(self, shop: Shop, post: Post) -> None:
        shop.gateway.pay("pay_1", PRICE)
        shop.world.kill(2, after_effect=True)
        with pytest.raises(BaseException):  # noqa: B017 - the process is gone
            shop.book()
        shop.world.revive()
        assert post.send("payment.captured").result == "in_progress"
        shop.settle()
        assert [one[0] for one in post.events()] == ["done"]
        assert shop.audit() == []

    def test_money_that_comes_after_a_rollback_is_returned(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        shop.world.fail_always("put orders", lambda: Rejected(Code.CONFLICT_ERROR))
        result = asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
        assert isinstance(result, Failed)
        shop.world.faults.clear()
        shop.settle()
        pay(shop, kept)
        assert post.send("payment.captured").result == "returning"
        shop.settle()
        assert payment_state(shop) is PaymentState.REFUNDED
        assert shop.audit() == []

    def test_a_booking_that_cannot_be_read_stops_nothing_else(self, shop: Shop, post: Post) -> None:
        broken, kept = held(shop), held(shop)
        pay(shop, broken)
        pay(shop, kept, "pay_2")
        booking_row(shop, broken.booking.id)["lines"] = "{"
        assert (post.send("payment.captured").state, post.events()[0][1]) == ("waiting", "unanswered")
        assert post.send("payment.captured", "pay_2").result == "booked"
        assert shop.sweep(150).waiting


class TestFailed:
    def test_the_hold_ends_soon(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        assert post.send("payment.failed").result == "hold_ends"
        shop.sweep(299)
        assert booking_row(shop, kept.booking.id)["status"] == "held"
        shop.sweep(2)
        assert booking_row(shop, kept.booking.id)["status"] == "expired"
        assert shop.rows.all(Table.CLAIMS) == []
        shop.settle()
        assert shop.audit() == []

    def test_never_later_than_it_would_have(self, shop: Shop, post: Post) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        shop.now += timedelta(minutes=12)
        assert post.send("payment.failed").result == "ignored"
        assert booking_row(shop, kept.booking.id)["heldUntil"] == "2030-01-01T12:15:00.000+00:00"

    @pytest.mark.parametrize("now", [PaymentState.CREATED, PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_not_while_it_is_paid_in_another_way(self, shop: Shop, post: Post, now: PaymentState) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        pay(shop, kept, "pay_2", state=now)
        assert post.send("payment.failed").result == "ignored"

    @pytest.mark.parametrize("late", [60, 400])
    def test_a_bank_that_says_yes_after_all(self, shop: Shop, post: Post, late: float) -> None:
        kept = held(shop)
        pay(shop, kept, state=PaymentState.FAILED)
        post.send("payment.failed")
        shop.sweep(late)
        pay(shop, kept, state=PaymentState.AUTHORISED)
        assert post.send("payment.authorized").result == "booked"
        shop.settle()
        assert shop.audit() == []

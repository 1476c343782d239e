"""Payments that may pay for a booking, and payments that may not."""

from __future__ import annotations

import pytest
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain.callers import Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Retryable
from boxoffice.domain.money import Money
from boxoffice.domain.payments import PaymentState

from tests.unit.shop import ANN, BOB, NOTHING, PRICE, Shop


class TestPayment:
    def test_unknown(self) -> None:
        shop = Shop()
        assert shop.failed().error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.booking() is None

    def test_somebody_elses_payment_is_neither_taken_nor_refunded_nor_blocked(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        assert shop.failed(caller=BOB).error.code is Code.PAYMENT_NOT_VERIFIED
        assert shop.gateway.payments["pay_1"].is_captured
        assert shop.leftovers() == NOTHING
        shop.booked(caller=ANN)

    def test_the_users_id_on_the_payment_outweighs_the_address(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, noted_user_id="bob")
        assert shop.failed(caller=ANN).error.code is Code.PAYMENT_NOT_VERIFIED
        shop.booked(caller=BOB)

    def test_a_trusted_server_vouches_for_its_user(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, email="")
        assert shop.booked(caller=Caller("carol", None)).booking.user_id == "carol"

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (PaymentState.CREATED, Code.PAYMENT_PENDING),
            (PaymentState.FAILED, Code.PAYMENT_NOT_VERIFIED),
            (PaymentState.REFUNDED, Code.PAYMENT_NOT_VERIFIED),
        ],
    )
    def test_not_paid_and_the_same_payment_may_be_tried_again(self, state: PaymentState, code: Code) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, state=state)
        assert shop.failed().error.code is code
        assert shop.booking() is None
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()

    def test_a_gateway_that_is_away_costs_nothing(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE)
        shop.world.fail("fetch payment", lambda: Retryable(Code.PAYMENT_GATEWAY_ERROR))
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_GATEWAY_ERROR
        assert failed.error.rule.retryable
        shop.booked()

    def test_a_signature_that_is_not_the_gateways(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, order_id="order_1")
        forged = PaymentClaim("pay_1", "order_1", "forged")
        assert shop.failed(payment=forged).error.code is Code.PAYMENT_NOT_VERIFIED
        shop.booked(payment=PaymentClaim("pay_1", "order_1", "order_1.pay_1"))

    def test_a_payment_of_another_order(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, order_id="order_2")
        claim = PaymentClaim("pay_1", "order_1", "order_1.pay_1")
        assert shop.failed(payment=claim).error.code is Code.PAYMENT_NOT_VERIFIED

    @pytest.mark.parametrize("amount", [PRICE - 1, PRICE + 1, 1, 2 * PRICE])
    def test_the_wrong_amount_goes_back_in_full(self, amount: int) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", amount)
        failed = shop.failed()
        assert failed.error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert list(shop.gateway.refunds.values()) == [("pay_1", Money(amount, "INR"))]
        stored = shop.booking()
        assert stored is not None
        assert (stored["status"], stored["paymentStatus"]) == ("rolled_back", "refunded")
        assert "create claims" not in shop.world.calls

    def test_the_wrong_currency_goes_back(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", PRICE, currency="USD")
        assert shop.failed().error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert len(shop.gateway.refunds) == 1

    def test_the_wrong_amount_that_is_only_authorised_can_be_used_for_something_else(self) -> None:
        shop = Shop()
        shop.gateway.pay("pay_1", 2 * PRICE, state=PaymentState.AUTHORISED)
        assert shop.failed().error.code is Code.PAYMENT_AMOUNT_MISMATCH
        assert shop.booking() is None
        shop.booked(quantity=2)

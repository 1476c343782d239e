"""The gateway's webhooks are lost: the sweep asks it itself."""

from __future__ import annotations

import asyncio

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain import ids
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.gateway_post import payment_state
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, Shop


class TestLostWebhooks:
    """Nobody tells anything, and the client never comes back: the sweep asks the gateway itself."""

    def confirmed(self, shop: Shop) -> list[str]:
        return [one["$id"] for one in shop.rows.all(Table.BOOKINGS) if one["status"] == "confirmed"]

    @pytest.mark.parametrize("now", [PaymentState.AUTHORISED, PaymentState.CAPTURED])
    def test_being_converted_when_the_process_died(self, now: PaymentState) -> None:
        for call in range(12):
            for after in (False, True):
                shop = Shop()
                kept = held(shop)
                pay(shop, kept, state=now)
                shop.world.kill(call, after_effect=after)
                with pytest.raises(BaseException):  # noqa: B017 - the process is gone
                    asyncio.run(convert(shop.desk(), ANN, kept.booking.id, PaymentClaim("pay_1")))
                shop.world.revive()
                shop.settle()
                kept_money = payment_state(shop) is PaymentState.CAPTURED
                assert kept_money == bool(self.confirmed(shop)), (call, after)
                assert shop.audit() == []

    def test_expired(self, shop: Shop) -> None:
        kept = held(shop)
        shop.sweep(901)
        pay(shop, kept)
        shop.settle()
        assert self.confirmed(shop) == [ids.booking_id("pay_1")]
        assert shop.audit() == []

    def test_released(self, shop: Shop) -> None:
        kept = held(shop)
        asyncio.run(release_hold(shop.desk(), "ann", kept.booking.id))
        pay(shop, kept)
        shop.settle()
        assert payment_state(shop) is PaymentState.CAPTURED
        assert self.confirmed(shop) == [ids.booking_id("pay_1")]
        assert shop.audit() == []

"""The gateway's webhooks are lost: the sweep asks it itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from boxoffice.audit.run import Sources, audit
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.domain import ids
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import MOST_LISTED, PaymentState
from boxoffice.schema import Table
from boxoffice.webhooks.untold import LOOKS

from tests.unit.gateway_post import AFTER_GRACE, payment_state
from tests.unit.holding import held, pay
from tests.unit.shop import ANN, PRICE, Shop


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


class TestPaymentsWithoutAnOrder:
    """Nobody but the gateway knows of them, and it tells nothing: they are found in its own list."""

    def returned(self, shop: Shop) -> bool:
        """Whether it is, once the sweep has had its time: until it has seen all, and what it saw then."""
        for age in LOOKS.values():
            shop.sweep(age.total_seconds())
            shop.sweep(AFTER_GRACE)
        assert shop.audit() == []
        return payment_state(shop) is PaymentState.REFUNDED

    def test_refused_before_anything_began(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert shop.failed(promo_code="NONE").error.code is Code.PROMO_INVALID
        assert shop.rows.all(Table.BOOKINGS) == []
        assert self.returned(shop)

    def test_presented_for_what_costs_nothing(self, shop: Shop) -> None:
        shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert shop.booked().booking.payment_id is None
        assert self.returned(shop)

    def test_never_presented(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_event_id="concert")
        assert self.returned(shop)

    def test_not_ours_is_a_case(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE)
        assert not self.returned(shop)
        assert [report["state"] for report in shop.reports()] == ["needs_operator"]
        assert shop.audit() == []

    def test_captured_by_hand_later(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE, state=PaymentState.AUTHORISED, noted_user_id="ann")
        shop.sweep(600)
        payment = shop.gateway.payments["pay_1"]
        shop.gateway.payments["pay_1"] = replace(payment, state=PaymentState.CAPTURED)
        assert self.returned(shop)

    def test_the_client_has_its_time_to_book(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert shop.sweep(360).payments_found == 1
        assert shop.sweep(60).payments_found == 0
        shop.booked()
        shop.settle()
        assert payment_state(shop) is PaymentState.CAPTURED
        assert shop.audit() == []

    @pytest.mark.parametrize("most_pages", [1, 20])
    def test_more_than_a_page(self, shop: Shop, monkeypatch: pytest.MonkeyPatch, most_pages: int) -> None:
        monkeypatch.setattr("boxoffice.webhooks.untold._MOST_PAGES", most_pages)
        for number in range(2 * MOST_LISTED + 1):
            shop.gateway.pay(f"pay_{number}", PRICE, noted_user_id="ann")
            shop.now += timedelta(seconds=number % 2)
        assert shop.sweep(600).payments_found == 2 * MOST_LISTED + 1

    def test_what_was_booked_is_not_told_again(self, shop: Shop) -> None:
        shop.gateway.pay("pay_1", PRICE)
        shop.booked()
        assert shop.sweep(600).payments_found == 0
        assert shop.rows.all(Table.WEBHOOK_EVENTS) == []

    def test_a_clock_that_was_put_back(self, shop: Shop) -> None:
        shop.sweep(100_000)
        shop.now -= timedelta(seconds=100_000)
        shop.sweep()
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        assert self.returned(shop)

    def test_without_reading_the_list_the_money_is_kept_and_the_audit_says_so(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def never(desk: Desk) -> int:
            return 0

        monkeypatch.setattr("boxoffice.recovery.sweep.find_untold", never)
        shop.gateway.pay("pay_1", PRICE, noted_user_id="ann")
        shop.sweep(3_600)
        sources = Sources(shop.rows, shop.files, shop.gateway)
        found = asyncio.run(audit(sources)).violations
        assert [violation.sentence for violation in found] == ["Payment pay_1 was taken for no booking."]

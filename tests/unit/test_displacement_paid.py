"""Who has paid, or is paying, never gives way."""

from __future__ import annotations

import pytest
from boxoffice.bookings.open_holds import release_hold
from boxoffice.bookings.results import Booked, Failed
from boxoffice.domain.codes import Code
from boxoffice.domain.payments import PaymentState
from pytest import MonkeyPatch as Patch

from tests.unit.holding import converted, pay
from tests.unit.rivals import (
    GOLD,
    dying_free_payer,
    held,
    holders,
    is_paid_before_it_gives_way,
    later,
    outcome,
    refusal,
    row,
    with_priority,
)
from tests.unit.running import run
from tests.unit.shop import broken
from tests.unit.world import Killed


class TestPaidUnitsNeverMove:
    def test_a_free_hold_that_is_being_completed(self) -> None:
        shop, weak = dying_free_payer()
        refusal(shop)
        assert outcome(shop, weak) is None

    def test_a_hold_that_is_being_paid(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        shop.world.fail("create tickets", Killed)
        claim = pay(shop, weak)
        with pytest.raises(Killed):
            converted(shop, weak, claim)
        assert refusal(shop).code is Code.INSUFFICIENT_TICKETS
        shop.settle()
        assert row(shop, weak)["status"] == "confirmed"

    @pytest.mark.parametrize("state", [PaymentState.CAPTURED, PaymentState.AUTHORISED])
    def test_a_hold_that_is_paid_at_the_gateway_and_nobody_has_said_so(self, state: PaymentState) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        claim = pay(shop, weak, state=state)
        assert refusal(shop).code is Code.INSUFFICIENT_TICKETS
        assert isinstance(converted(shop, weak, claim), Booked)

    def test_a_payment_that_failed_protects_nobody(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        pay(shop, weak, state=PaymentState.FAILED)
        held(shop, caller=GOLD)

    def test_while_the_gateway_does_not_answer(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        shop.world.fail_always("list payments", broken)
        refusal(shop)
        assert outcome(shop, weak) is None

    def test_a_payment_in_the_very_moment_wins(self, monkeypatch: Patch) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        is_paid_before_it_gives_way(shop, weak, monkeypatch)
        refusal(shop)
        shop.settle()
        assert (outcome(shop, weak), holders(shop)) == ("CONFIRMED", {"ann"})
        assert shop.audit() == []

    def test_whoever_pays_too_late_gets_the_money_back(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        held(shop, caller=GOLD)
        result = converted(shop, weak, pay(shop, weak))
        assert isinstance(result, Failed)
        assert result.error.code is Code.HOLD_DISPLACED
        assert shop.gateway.payments["pay_1"].state is PaymentState.REFUNDED
        shop.settle()
        assert shop.audit() == []

    def test_or_the_same_again_when_it_is_free(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        strong = held(shop, caller=GOLD)
        run(release_hold(shop.desk(), "gold", strong.booking.id))
        assert isinstance(converted(shop, weak, pay(shop, weak)), Booked)
        shop.settle()
        assert shop.audit() == []

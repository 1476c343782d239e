"""Weaker holds give way to stronger requests, unless they are paid or being paid."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked, Failed
from boxoffice.conflicts import displacement
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.payments import PaymentState
from boxoffice.domain.selection import NamedSeats
from boxoffice.domain.status import Outcome
from boxoffice.inventory.claims import Inventory
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table
from pytest import MonkeyPatch as Patch

from tests.unit.fake_rows import FakeRows
from tests.unit.holding import converted, pay, run
from tests.unit.rivals import (
    GOLD,
    SILVER,
    held,
    holders,
    later,
    outcome,
    refusal,
    remembered_as_full,
    row,
    tickets,
    with_priority,
)
from tests.unit.shop import ANN, BOB, Shop, broken
from tests.unit.world import Killed


def is_paid_before_it_gives_way(shop: Shop, weak: Held, patch: Patch) -> None:
    """The owner of `weak` pays in the very moment in which it would be displaced."""
    displace = displacement.displace

    async def paid_before(*args: Any) -> bool:
        claim = pay(shop, weak)
        assert isinstance(await convert(shop.desk(), ANN, weak.booking.id, claim), Booked)
        return await displace(*args)

    patch.setattr("boxoffice.conflicts.settling.displace", paid_before)


class TestPriority:
    def test_a_higher_tier_gets_what_a_lower_one_holds_and_does_not_pay(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        assert held(shop, caller=GOLD).places
        assert holders(shop) == {"gold"}
        assert outcome(shop, weak) == "EXPIRED"
        assert (row(shop, weak)["status"], row(shop, weak)["failureCode"]) == ("expired", "HOLD_DISPLACED")
        shop.settle()
        assert shop.audit() == []

    def test_whoever_gave_way_is_told_once(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop)
        held(shop, caller=GOLD)
        (notice,) = shop.rows.all(Table.OUTBOX)
        assert (notice["userId"], notice["kind"], notice["bookingId"]) == (
            "ann", "hold.displaced", weak.booking.id,
        )  # fmt: skip
        assert json.loads(notice["body"])["reference"] == weak.booking.reference
        assert "gold" not in notice["body"]

    def test_and_learns_it_whatever_is_asked_for(self) -> None:
        shop = with_priority()
        weak = held(shop, request_id="the same again")
        later(shop)
        held(shop, caller=GOLD)
        with pytest.raises(Rejected) as extended:
            run(extend_hold(shop.desk(), "ann", weak.booking.id))
        with pytest.raises(Rejected) as again:
            held(shop, request_id="the same again")
        assert {extended.value.code, again.value.code} == {Code.HOLD_DISPLACED}
        assert run(release_hold(shop.desk(), "ann", weak.booking.id)).status == "expired"

    def test_a_direct_booking_displaces_too(self) -> None:
        shop = with_priority()
        held(shop)
        later(shop)
        shop.gateway.pay("pay_1", 50_000, email="gold@example.com")
        assert shop.booked(caller=GOLD)
        assert holders(shop) == {"gold"}

    def test_seats_of_several_holds_or_none(self) -> None:
        shop = with_priority()
        first, second = (
            held(shop, NamedSeats("friday", ("S-B1",))),
            held(shop, NamedSeats("friday", ("S-B2",))),
        )
        later(shop)
        pay(shop, second)
        assert isinstance(converted(shop, second, PaymentClaim("pay_1")), Booked)
        refused = refusal(shop, NamedSeats("friday", ("S-B1", "S-B2")))
        assert refused.code is Code.SEAT_UNAVAILABLE
        assert outcome(shop, first) is None
        assert held(shop, NamedSeats("friday", ("S-B1", "S-B3")), caller=GOLD).places

    def test_everything_of_one_request_or_nothing(self) -> None:
        """A request that would fail for another reason costs nobody a hold."""
        shop = with_priority()
        weak = held(shop)
        silver = held(
            shop, NamedSeats("friday", ("S-B1",)), caller=Caller("x", Account("x", "", "", ("tier2",)))
        )
        later(shop)
        assert refusal(shop, tickets(), NamedSeats("friday", ("S-B1",))).code is Code.INSUFFICIENT_TICKETS
        assert (outcome(shop, weak), outcome(shop, silver)) == (None, None)

    def test_too_many_holds_of_ones_own_cost_nobody_a_hold(self) -> None:
        shop = with_priority()
        weak = held(shop)
        for label in ("S-B1", "S-B2", "S-B3"):
            held(shop, NamedSeats("friday", (label,)), caller=GOLD)
        later(shop)
        assert refusal(shop).code is Code.HOLD_LIMIT
        assert outcome(shop, weak) is None

    def test_of_many_holds_those_give_way_that_may(self) -> None:
        """Not the first to end: that one is as strong as the request."""
        shop = with_priority(capacity=3)
        strong = held(shop, caller=Caller("equal", Account("equal", "", "", ("tier1",))))
        later(shop, 1)
        old = held(shop, caller=ANN)
        later(shop, 1)
        young = held(shop, caller=BOB)
        later(shop)
        held(shop, caller=SILVER)
        assert [outcome(shop, one) for one in (strong, old, young)] == [None, "EXPIRED", None]

    def test_two_things_of_the_same_kind_need_two_units(self) -> None:
        shop = with_priority(capacity=3)
        kept = [held(shop, caller=caller) for caller in (ANN, BOB)]
        held(shop, caller=Caller("equal", Account("equal", "", "", ("tier2",))))
        later(shop)
        assert refusal(shop, tickets(), tickets(2)).code is Code.INSUFFICIENT_TICKETS
        assert [outcome(shop, one) for one in kept] == [None, None]
        held(shop, tickets(), tickets(), caller=GOLD)
        assert [outcome(shop, one) for one in kept] == ["EXPIRED", "EXPIRED"]

    @pytest.mark.parametrize("caller", [BOB, Caller("server's", None)])
    def test_an_equal_waits(self, caller: Caller) -> None:
        shop = with_priority()
        held(shop)
        later(shop)
        assert refusal(shop, caller=caller).code is Code.INSUFFICIENT_TICKETS

    def test_within_its_grace_a_hold_stays_and_the_answer_says_how_long(self) -> None:
        shop = with_priority()
        weak = held(shop)
        later(shop, 59)
        refused = refusal(shop)
        assert refused.details["possibleAt"] == (shop.now + timedelta(seconds=1)).isoformat()
        assert refused.details["conflict"]["kind"] == "HOLD_CONFLICT"
        assert outcome(shop, weak) is None

    def test_nobody_gives_way_without_the_organisers_rule(self) -> None:
        shop = with_priority(policy="first_come")
        held(shop)
        later(shop)
        assert "possibleAt" not in refusal(shop).details
        assert shop.rows.all(Table.OUTCOMES) == []

    def test_a_repetition_of_what_was_booked_displaces_nobody(self) -> None:
        shop = with_priority(capacity=2)
        shop.gateway.pay("pay_1", 50_000, email="gold@example.com")
        shop.booked(caller=GOLD)
        weak = held(shop)
        later(shop)
        assert shop.booked(caller=GOLD).replayed
        assert outcome(shop, weak) is None

    def test_what_was_released_meanwhile_is_taken_without_displacing(self) -> None:
        shop, kept = remembered_as_full()
        shop.gateway.pay("pay_1", 50_000, email="gold@example.com")
        shop.booked(caller=GOLD)
        assert [outcome(shop, one) for one in kept] == [None, None]

    def test_it_is_counted(self) -> None:
        shop = with_priority()
        held(shop, NamedSeats("friday", ("S-B1",)))
        later(shop)
        held(shop, NamedSeats("friday", ("S-B1",)), caller=GOLD)
        (counted,) = shop.rows.all(Table.CONFLICT_LOG)
        assert (counted["kind"], counted["resolution"], counted["units"]) == (
            "HOLD_CONFLICT", "displaced", '{"S-B1":1}',
        )  # fmt: skip


def dying_free_payer() -> tuple[Shop, Held]:
    """Ann holds what costs nothing, and dies when she has only begun to complete it."""
    shop = with_priority()
    shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
    weak = held(shop)
    later(shop)
    shop.world.fail("update bookings", Killed)
    with pytest.raises(Killed):
        run(convert(shop.desk(), ANN, weak.booking.id, None))
    assert row(shop, weak)["status"] == "held"
    return shop, weak


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


class TestDeaths:
    @pytest.mark.parametrize("after_effect", [False, True])
    def test_wherever_the_displacer_dies_one_of_them_has_it_in_the_end(self, after_effect: bool) -> None:
        for call in range(40):
            shop = with_priority()
            weak = held(shop)
            later(shop)
            shop.world.kill(call, after_effect=after_effect)
            try:
                held(shop, caller=GOLD, request_id="the same")
                assert call > 8
                return
            except Killed:
                shop.world.revive()
            later(shop, 1)
            try:
                assert held(shop, caller=GOLD, request_id="the same").places
            except Rejected as refused:
                assert refused.code is Code.BOOKING_IN_PROGRESS
            else:
                assert holders(shop) == {"gold"}
                told = [one["userId"] for one in shop.rows.all(Table.OUTBOX)]
                assert told == ["ann"]
                assert row(shop, weak)["failureCode"] == "HOLD_DISPLACED"
            shop.settle()
            assert shop.rows.all(Table.CLAIMS) == []
            assert shop.audit() == []
        raise AssertionError("it never came to its end")


class TestNegativeControls:
    def test_without_the_outcome_a_paid_unit_moves(self, monkeypatch: Patch) -> None:
        async def anyway(self: FakeRows, table: Table, rows: Any, owner: str) -> None:
            if table is Table.OUTCOMES:
                return
            if any(one.id.lower() in self.tables[table] for one in rows):
                raise RowsTaken
            for one in rows:
                self._write(table, one)

        monkeypatch.setattr(FakeRows, "create_all", anyway)
        shop = with_priority()
        weak = held(shop)
        later(shop)
        is_paid_before_it_gives_way(shop, weak, monkeypatch)
        held(shop, caller=GOLD)
        assert (outcome(shop, weak), holders(shop)) == (Outcome.CONFIRMED, {"gold"})

    def test_without_the_question_to_the_gateway_somebody_who_paid_gives_way(
        self, monkeypatch: Patch
    ) -> None:
        async def nobody(*args: object) -> bool:
            return False

        monkeypatch.setattr("boxoffice.conflicts.settling.is_any_paid", nobody)
        shop = with_priority()
        weak = held(shop)
        later(shop)
        claim = pay(shop, weak)
        held(shop, caller=GOLD)
        assert isinstance(converted(shop, weak, claim), Failed)

    def test_without_the_lease_somebody_who_completes_a_hold_gives_way(self, monkeypatch: Patch) -> None:
        async def nobody(*args: object) -> frozenset[str]:
            return frozenset()

        monkeypatch.setattr("boxoffice.conflicts.rivals._leased", nobody)
        shop, weak = dying_free_payer()
        held(shop, caller=GOLD)
        assert outcome(shop, weak) == "EXPIRED"

    def test_without_the_second_look_a_hold_is_lost_for_nothing(self, monkeypatch: Patch) -> None:
        monkeypatch.setattr(Inventory, "shortage_now", Inventory.known_shortage)
        shop, kept = remembered_as_full()
        shop.gateway.pay("pay_1", 50_000, email="gold@example.com")
        shop.booked(caller=GOLD)
        assert {outcome(shop, one) for one in kept} == {None, "EXPIRED"}

"""Weaker holds give way to stronger requests."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from boxoffice.bookings.hold import Held
from boxoffice.bookings.open_holds import extend_hold, release_hold
from boxoffice.bookings.proof import PaymentClaim
from boxoffice.bookings.results import Booked
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.selection import NamedSeats
from boxoffice.schema import Table

from tests.unit.holding import converted, pay
from tests.unit.interruptions import deaths
from tests.unit.opera import Opera
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
from tests.unit.running import run
from tests.unit.shop import ANN, BOB


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


class TestDeaths:
    @pytest.mark.parametrize("after_effect", [False, True])
    def test_wherever_the_displacer_dies_one_of_them_has_it_in_the_end(self, after_effect: bool) -> None:
        def holding() -> tuple[Opera, Held]:
            shop = with_priority()
            weak = held(shop)
            later(shop)
            return shop, weak

        def displacing(shop: Opera, weak: Held) -> None:
            held(shop, caller=GOLD, request_id="the same")

        for shop, weak in deaths(holding, displacing, after_effect=after_effect, least_calls=9):
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

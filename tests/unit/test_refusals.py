"""What somebody is told who cannot have something, and whether anybody else is to blame."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.bookings.results import Booked
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.pools import Unit, slot_pool
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection, SomeTime
from boxoffice.domain.status import Outcome
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.halls import section
from tests.unit.holding import converted, pay
from tests.unit.opera import Opera, place, seat
from tests.unit.rivals import held, later, refusal, tickets
from tests.unit.shop import ANN, BOB, PRICE, Shop, answer_of, broken

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


def house(capacity: int = 5) -> Opera:
    """A shop with a hall that has four silver seats, one of them for a wheelchair."""
    shop = Opera(capacity)
    few = section("T", ("A", "1-4"), category="silver", wheelchair=["A4"])
    plan = {"sections": [section("S", ("A", "1-9")), few]}
    shop.rows.tables[Table.VENUES]["opera"]["layout"] = json.dumps(plan)
    return shop


def studio(quantity: int, starts_at: datetime = NINE) -> SomeTime:
    return SomeTime("studio", starts_at, 60, quantity)


class TestMoreThanThereIs:
    """Nobody could have it, if nothing was taken: waiting is no use, and nobody is in the way."""

    @pytest.mark.parametrize(
        ("wanted", "code", "sentence"),
        [
            (tickets(6), Code.INSUFFICIENT_TICKETS, "There are only 5 of these tickets in all."),
            (
                BestSeats("friday", 4, "silver"),
                Code.INSUFFICIENT_TICKETS,
                "There are only 3 of these tickets in all.",
            ),
            (studio(3), Code.SLOT_UNAVAILABLE, "There are only 2 places at any time."),
        ],
    )
    @pytest.mark.parametrize("others", ["nobody", "holds", "sold"])
    def test_alone(self, wanted: Selection, code: Code, sentence: str, others: str) -> None:
        shop = house()
        units = [place(1), seat("t.a1"), Unit(slot_pool("studio", NINE.date()), "0900-1")]
        for unit in units if others != "nobody" else ():
            until = to_text(shop.now + timedelta(minutes=9))
            columns = {"state": "SOLD"} if others == "sold" else {"state": "RESERVED", "reservedUntil": until}
            shop.claim(unit, **columns)
        told = refusal(shop, wanted)
        assert (told.code, told.message, "conflict" in told.details) == (code, sentence, False)
        again = refusal(shop, wanted)
        assert (again.message, "conflict" in again.details) == (sentence, False)
        assert shop.count(Table.BOOKINGS) == [0]

    def test_the_only_one(self) -> None:
        assert refusal(Opera(1), tickets(2)).message == "There is only 1 of these tickets in all."

    def test_none_at_all(self) -> None:
        told = refusal(Opera(0), tickets(1))
        assert (told.message, "conflict" in told.details) == ("The tickets are sold out.", False)

    def test_a_booking_is_refused_for_good_and_gets_its_money_back(self) -> None:
        shop = Shop(capacity=5)
        shop.gateway.pay("pay_1", 6 * PRICE)
        answer = answer_of(shop.failed("pay_1", 6))
        assert answer["error"].startswith("There are only 5 of these tickets in all.")
        assert (answer["retryable"], "conflict" in answer["details"]) == (False, False)

    def test_it_is_no_conflict_that_is_counted(self) -> None:
        shop = Opera(5)
        for _ in range(2):
            refusal(shop, tickets(6))
            later(shop, 6)
        assert shop.rows.all(Table.CONFLICT_LOG) == []


class TestTogether:
    """The things of one request are in each other's way."""

    @pytest.mark.parametrize(
        ("wanted", "code"),
        [
            ((tickets(3), tickets(3)), Code.INSUFFICIENT_TICKETS),
            ((studio(2), studio(1, NINE + timedelta(minutes=30))), Code.SLOT_UNAVAILABLE),
            ((BestSeats("friday", 3, "silver"), NamedSeats("friday", ("T-A1",))), Code.INSUFFICIENT_TICKETS),
        ],
    )
    def test_more_than_there_is(self, wanted: tuple[Selection, ...], code: Code) -> None:
        shop = house()
        for _ in range(2):
            told = refusal(shop, *wanted)
            sentence = "These things together are more than there is in all."
            assert (told.code, told.message, "conflict" in told.details) == (code, sentence, False)
            later(shop, 6)
        assert shop.rows.all(Table.CONFLICT_LOG) == []

    def test_more_than_is_left(self) -> None:
        shop = Opera(10)
        held(shop, tickets(5), caller=BOB)
        told = refusal(shop, tickets(3), tickets(3))
        assert told.message == "These things together are more than is left."
        assert told.details["conflict"]["kind"] == "HOLD_CONFLICT"
        assert "available" not in told.details

    def test_one_of_them_is_gone_anyway(self) -> None:
        shop = Opera(10)
        held(shop, tickets(9), caller=BOB)
        told = refusal(shop, tickets(1), tickets(3))
        assert told.message == "Only 1 ticket is left."

    def test_what_can_never_be_had_is_said_before_what_is_held(self) -> None:
        shop = Opera(5)
        held(shop, NamedSeats("friday", ("S-A1",)), caller=BOB)
        told = refusal(shop, NamedSeats("friday", ("S-A1",)), tickets(6))
        assert (told.message, "conflict" in told.details) == (
            "There are only 5 of these tickets in all.", False,
        )  # fmt: skip


class TestJustSold:
    """It is paid for, and the claims do not say so yet."""

    def sold(self, *wanted: Selection) -> Opera:
        """Somebody has paid in another function, of which this one knows nothing."""
        shop = Opera(2)
        kept = held(shop, *wanted, caller=BOB)
        self.decide(shop, kept.booking.id, Outcome.CONFIRMED)
        later(shop, 6)
        return shop

    def decide(self, shop: Shop, booking_id: str, outcome: Outcome) -> None:
        shop.rows.seed(Table.OUTCOMES, booking_id, outcome=outcome, attempt="x", by=None)

    def kind(self, told: BoxofficeError) -> tuple[Any, ...]:
        conflict = told.details["conflict"]
        return conflict["kind"], conflict["retryAfter"], conflict["holdEndsAt"]

    @pytest.mark.parametrize(
        "wanted", [tickets(2), NamedSeats("friday", ("S-A1",)), BestSeats("friday", 10, "silver"), studio(2)]
    )
    def test_it_is_not_worth_waiting_for(self, wanted: Selection) -> None:
        shop = self.sold(wanted)
        assert self.kind(refusal(shop, wanted)) == ("BOOKING_CONFLICT", None, None)
        assert self.kind(refusal(shop, wanted)) == ("BOOKING_CONFLICT", None, None)

    def test_nor_when_the_reservation_has_lapsed_meanwhile(self) -> None:
        shop = self.sold(tickets(2))
        later(shop, 901)
        assert self.kind(refusal(shop, tickets(1))) == ("BOOKING_CONFLICT", None, None)

    def test_a_held_seat_beside_it_changes_nothing(self) -> None:
        shop = self.sold(NamedSeats("friday", ("S-A1",)))
        held(shop, NamedSeats("friday", ("S-A2",)), caller=BOB)
        told = refusal(shop, NamedSeats("friday", ("S-A1", "S-A2")))
        assert self.kind(told) == ("BOOKING_CONFLICT", None, None)

    def test_what_is_only_held_is_worth_it(self) -> None:
        shop = self.sold(tickets(1))
        held(shop, tickets(1), caller=BOB)
        assert refusal(shop, tickets(1)).details["conflict"]["kind"] == "HOLD_CONFLICT"
        assert refusal(shop, tickets(2)).details["conflict"]["kind"] == "BOOKING_CONFLICT"

    def test_a_crowd_in_front_of_holds_costs_one_small_call_in_a_second(self) -> None:
        shop = Opera(2)
        held(shop, tickets(2), caller=BOB)
        later(shop, 6)
        refusal(shop, tickets(1))
        shop.world.calls.clear()
        for _ in range(20):
            refusal(shop, tickets(1))
        assert shop.world.calls == []
        later(shop, 1)
        for _ in range(20):
            refusal(shop, tickets(1))
        assert sorted(shop.world.calls) == ["count claims", "find outcomes"]

    def test_an_outcome_that_cannot_be_read_is_no_reason_not_to_refuse(self) -> None:
        shop = self.sold(tickets(2))
        shop.world.fail("find outcomes", broken)
        assert refusal(shop, tickets(1)).details["conflict"]["kind"] == "HOLD_CONFLICT"

    def test_paying_in_the_same_function(self) -> None:
        shop = Opera(1)
        kept = held(shop, tickets(1))
        assert isinstance(converted(shop, kept, pay(shop, kept), ANN), Booked)
        assert self.kind(refusal(shop, tickets(1))) == ("BOOKING_CONFLICT", None, None)

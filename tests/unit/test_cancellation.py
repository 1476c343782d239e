from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.domain.cancellation import (
    CancellationPolicy,
    IssuedTicket,
    Refund,
    RefundStep,
    TicketState,
    read_steps,
    refund_due,
    refund_in_full,
)
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pricing.charges import NO_TAX, Charges, Fee, FeePer, Tax
from boxoffice.domain.pricing.lines import Quote
from boxoffice.domain.pricing.quotes import quote
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.baskets import inr, item, quotes

START = datetime(2030, 1, 31, 20, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
POLICY = CancellationPolicy(read_steps("168:100 24:50"), cut_off=2 * HOUR, fees_refundable=False)
PAID = quote([item(10_000, 3)], Charges(Fee(0, 600, FeePer.ORDER), NO_TAX, Tax(1_800, included=False)))


def valid(numbers: Iterable[int]) -> list[IssuedTicket]:
    return [IssuedTicket(number, TicketState.VALID) for number in numbers]


def all_of(paid: Quote) -> list[IssuedTicket]:
    return valid(range(1, paid.quantity + 1))


def due(before: timedelta, policy: CancellationPolicy | None = POLICY, paid: Quote = PAID) -> Refund:
    return refund_due(policy, paid, all_of(paid), START - before, START)


@pytest.mark.parametrize(
    ("before", "amount"),
    [
        (1_000 * HOUR, 30_000),
        (168 * HOUR, 30_000),
        (168 * HOUR - SECOND, 15_000),
        (24 * HOUR, 15_000),
        (24 * HOUR - SECOND, 0),
        (2 * HOUR, 0),
    ],
)
def test_the_later_the_less(before: timedelta, amount: int) -> None:
    assert due(before).total.amount == inr(amount)


@pytest.mark.parametrize("before", [2 * HOUR - SECOND, timedelta(), -HOUR])
def test_not_at_the_last_minute(before: timedelta) -> None:
    with pytest.raises(Rejected) as refused:
        due(before)
    assert refused.value.code is Code.NOT_CANCELLABLE
    assert refused.value.details == {"cancellableUntil": "2030-01-31T18:00:00+00:00"}


def test_nobody_cancels_once_it_has_begun() -> None:
    always = CancellationPolicy(read_steps("0:100"), cut_off=timedelta(), fees_refundable=True)
    assert due(SECOND, always).total.amount == PAID.total
    with pytest.raises(Rejected):
        due(timedelta(), always)


def test_without_a_policy_only_the_organiser_cancels() -> None:
    with pytest.raises(Rejected) as refused:
        due(1_000 * HOUR, None)
    assert refused.value.code is Code.NOT_CANCELLABLE
    assert refund_in_full(PAID, all_of(PAID)).total.amount == PAID.total


def test_refundable_fees_follow_the_tickets() -> None:
    policy = CancellationPolicy(POLICY.steps, cut_off=timedelta(), fees_refundable=True)
    assert due(168 * HOUR, policy).total.amount == inr(30_708)
    half = due(24 * HOUR, policy)
    assert half.total.amount == inr(15_354)
    assert half.total.tax == inr(54)
    assert half.basis_points == 5_000


def test_each_ticket_says_what_it_cost_and_what_comes_back() -> None:
    refund = refund_due(POLICY, PAID, valid([3, 1]), START - 24 * HOUR, START)
    assert [(ticket.number, ticket.paid, ticket.refund.amount) for ticket in refund.tickets] == [
        (1, inr(10_236), inr(5_000)),
        (3, inr(10_236), inr(5_000)),
    ]


@given(quotes)
def test_the_organiser_gives_everything_back(paid: Quote) -> None:
    refund = refund_in_full(paid, all_of(paid))
    assert (refund.total.amount, refund.total.tax) == (paid.total, paid.tax)


@given(quotes, st.integers(0, 10_000), st.booleans(), st.data())
def test_in_however_many_steps_the_same_comes_back_and_never_more_than_was_paid(
    paid: Quote, rate: int, fees: bool, data: st.DataObject
) -> None:
    policy = CancellationPolicy((RefundStep(HOUR, rate),), timedelta(), fees)
    when = data.draw(st.lists(st.integers(0, 2), min_size=paid.quantity, max_size=paid.quantity))
    total = tax = 0
    for turn in set(when):
        chosen = valid(number for number, at in enumerate(when, start=1) if at == turn)
        part = refund_due(policy, paid, chosen, START - HOUR, START)
        assert 0 <= part.total.tax.amount <= part.total.amount.amount
        for ticket in part.tickets:
            assert ticket.refund.amount.amount <= ticket.paid.amount
        total += part.total.amount.amount
        tax += part.total.tax.amount
    whole = refund_due(policy, paid, all_of(paid), START - HOUR, START)
    assert (total, tax) == (whole.total.amount.amount, whole.total.tax.amount)
    assert total <= paid.total.amount
    if rate == 10_000 and fees:
        assert total == paid.total.amount


@given(quotes, st.data())
def test_the_organiser_returns_the_rest_of_what_an_owner_has_cancelled(
    paid: Quote, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, paid.quantity))
    free = CancellationPolicy((RefundStep(HOUR, 10_000),), timedelta(), fees_refundable=True)
    back = 0
    if first:
        own = refund_due(free, paid, valid(range(1, first + 1)), START - HOUR, START)
        back += own.total.amount.amount
    if first < paid.quantity:
        back += refund_in_full(paid, valid(range(first + 1, paid.quantity + 1))).total.amount.amount
    assert back == paid.total.amount


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (TicketState.CHECKED_IN, "A ticket that has been used cannot be cancelled."),
        (TicketState.CANCELLED, "A ticket has been cancelled already."),
    ],
)
def test_only_valid_tickets(state: TicketState, sentence: str) -> None:
    tickets = [*valid([1, 3]), IssuedTicket(2, state)]
    with pytest.raises(Rejected) as by_owner:
        refund_due(POLICY, PAID, tickets, START - 200 * HOUR, START)
    with pytest.raises(Rejected) as by_organiser:
        refund_in_full(PAID, tickets)
    for refused in (by_owner.value, by_organiser.value):
        assert refused.code is Code.NOT_CANCELLABLE
        assert refused.message == sentence
        assert refused.details == {"tickets": [2]}


@pytest.mark.parametrize("numbers", [[], [0], [4], [1, 1]])
def test_only_tickets_of_the_booking(numbers: list[int]) -> None:
    with pytest.raises(Rejected) as refused:
        refund_in_full(PAID, valid(numbers))
    assert refused.value.code is Code.VALIDATION_ERROR
    assert refused.value.details["allowed"] == "numbers from 1 to 3"


def test_steps_as_they_are_stored() -> None:
    assert read_steps("168:100 24:50") == (RefundStep(168 * HOUR, 10_000), RefundStep(24 * HOUR, 5_000))
    assert read_steps("") == ()


@pytest.mark.parametrize("text", ["168", "168:", ":50", "24:50,12:10", "-1:50", "24:50.5", "1e1:50", "२४:५०"])
def test_other_texts_are_no_steps(text: str) -> None:
    with pytest.raises(ValueError, match="hours and per cent"):
        read_steps(text)


@pytest.mark.parametrize(
    ("steps", "cut_off"),
    [
        ("24:50 168:100", timedelta()),
        ("24:50 24:40", timedelta()),
        ("168:50 24:100", timedelta()),
        ("24:101", timedelta()),
        ("24:50", -SECOND),
    ],
)
def test_a_policy_makes_sense(steps: str, cut_off: timedelta) -> None:
    with pytest.raises(ValueError, match=r"refund|negative"):
        CancellationPolicy(read_steps(steps), cut_off, fees_refundable=False)

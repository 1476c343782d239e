from __future__ import annotations

from collections.abc import Iterable

import pytest
from boxoffice.domain.pricing.charges import NO_CHARGES, NO_TAX, Charges, Fee, FeePer, Tax
from boxoffice.domain.pricing.lines import LineKind, Quote, from_stored, to_stored
from boxoffice.domain.pricing.quotes import quote
from boxoffice.domain.pricing.shares import Share, shares
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.baskets import inr, item, quotes


def paid(tickets: Iterable[Share]) -> int:
    return sum(share.total.amount.amount for share in tickets)


@given(quotes)
def test_the_shares_of_all_tickets_are_what_was_paid(made: Quote) -> None:
    found = shares(made)
    assert [share.number for share in found] == list(range(1, made.quantity + 1))
    assert paid(found) == made.total.amount
    assert sum(share.total.tax.amount for share in found) == made.tax.amount
    for share in found:
        assert share.ticket.tax.amount <= share.ticket.amount.amount
        assert share.fees.tax.amount <= share.fees.amount.amount


@given(quotes, st.data())
def test_however_the_tickets_are_divided_the_parts_and_the_rest_are_the_whole(
    made: Quote, data: st.DataObject
) -> None:
    when = data.draw(st.lists(st.integers(0, 3), min_size=made.quantity, max_size=made.quantity))
    parts = [
        [share for share, turn in zip(shares(made), when, strict=True) if turn == now] for now in range(4)
    ]
    assert sum(paid(part) for part in parts) == made.total.amount


@given(quotes)
def test_shares_come_from_the_stored_lines_alone(made: Quote) -> None:
    assert shares(from_stored(to_stored(made), made.currency)) == shares(made)


@given(quotes)
def test_tickets_of_one_line_have_equal_shares_but_for_rounding(made: Quote) -> None:
    found = list(shares(made))
    for line in made.ticket_lines:
        own = [share.ticket.amount.amount for share in found[: line.quantity]]
        del found[: line.quantity]
        assert max(own) - min(own) <= 2


@given(quotes)
def test_fees_are_told_apart_from_tickets(made: Quote) -> None:
    fees = sum(line.amount.amount for line in made.lines if line.kind in (LineKind.FEE, LineKind.FEE_TAX))
    assert sum(share.fees.amount.amount for share in shares(made)) == fees


def test_a_ticket_that_costs_more_carries_more_of_the_orders_fee() -> None:
    made = quote(
        [item(300, 1), item(100, 2), item(0, 1)],
        Charges(Fee(0, 50, FeePer.ORDER), NO_TAX, Tax(1_800, included=False)),
    )
    assert [share.fees.amount.amount for share in shares(made)] == [35, 12, 12, 0]
    assert [share.fees.tax.amount for share in shares(made)] == [5, 2, 2, 0]


def test_three_tickets_for_a_hundred() -> None:
    made = quote([item(0, 3)], NO_CHARGES)
    assert [share.total.amount for share in shares(made)] == [inr(0)] * 3
    stored = to_stored(quote([item(100, 3)]))
    stored.append(
        {"kind": "discount", "label": "", "quantity": 1, "unitPrice": -200, "amount": -200, "item": 1}
    )
    assert [share.total.amount for share in shares(from_stored(stored, "INR"))] == [
        inr(33),
        inr(34),
        inr(33),
    ]


def test_tax_that_is_more_than_the_ticket_is_refused() -> None:
    stored = [line | {"tax": 101} for line in to_stored(quote([item(100)]))]
    with pytest.raises(ValueError, match="less than their tax"):
        shares(from_stored(stored, "INR"))

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import NO_CHARGES, NO_FEE, NO_TAX, Charges, Fee, FeePer, Tax
from boxoffice.domain.pricing.lines import Line, LineKind, Quote, from_stored, to_stored
from boxoffice.domain.pricing.quotes import AmountOff, Discount, Item, PercentOff, quote
from boxoffice.domain.pricing.rounding import half_up, percent_text, spread
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.baskets import baskets, charges, discounts, inr, item, prices, quotes, rates

GST = 1_800


def amounts(made: Quote) -> list[tuple[str, int, int, int]]:
    """Kind, signed amount, signed tax and item of each line."""
    return [
        (line.kind.value, line.sign * line.amount.amount, line.sign * line.tax.amount, line.item)
        for line in made.lines
    ]


def of_kind(made: Quote, kind: LineKind) -> list[Line]:
    return [line for line in made.lines if line.kind is kind]


@given(quotes)
def test_the_lines_add_up_and_are_never_less_than_nothing(made: Quote) -> None:
    stored = to_stored(made)
    assert made.total.amount == sum(line["amount"] for line in stored) >= 0
    assert made.tax.amount == sum(line["tax"] for line in stored)
    assert 0 <= made.tax.amount <= made.total.amount
    for line in made.lines:
        assert line.amount == line.unit_price.times(line.quantity)
        assert 0 <= line.tax.amount <= line.amount.amount


@given(quotes)
def test_what_is_stored_is_read_again(made: Quote) -> None:
    assert from_stored(to_stored(made), made.currency) == made


@given(baskets)
def test_without_charges_the_price_is_the_catalogues(basket: list[Item]) -> None:
    made = quote(basket)
    assert [(line.label, line.quantity, line.unit_price) for line in made.lines] == [
        (item.label, item.quantity, item.unit_price) for item in basket
    ]
    assert made.total.amount == sum(item.unit_price.amount * item.quantity for item in basket)
    assert made.tax.amount == 0
    assert made.quantity == sum(item.quantity for item in basket)


@given(baskets, discounts)
def test_a_discount_is_never_more_than_the_tickets_that_it_covers(
    basket: list[Item], discount: Discount
) -> None:
    made = quote(basket, NO_CHARGES, discount)
    saved = {line.item: line.amount.amount for line in of_kind(made, LineKind.DISCOUNT)}
    for number, bought in enumerate(basket, start=1):
        assert saved.get(number, 0) <= (bought.amount.amount if discount.covers(bought) else 0)
    if isinstance(discount.off, AmountOff):
        covered = sum(bought.amount.amount for bought in basket if discount.covers(bought))
        assert sum(saved.values()) == min(discount.off.amount.amount, covered)


@given(baskets, rates, st.none() | discounts)
def test_included_tax_changes_no_price(basket: list[Item], rate: int, discount: Discount | None) -> None:
    taxed = quote(basket, Charges(NO_FEE, Tax(rate, included=True), NO_TAX), discount)
    assert taxed.total == quote(basket, NO_CHARGES, discount).total


@given(prices, st.integers(1, 6), st.integers(1, 10_000))
def test_included_tax_is_the_tax_that_would_have_come_on_top(price: int, quantity: int, rate: int) -> None:
    on_top = quote([item(price, quantity)], Charges(NO_FEE, Tax(rate, included=False), NO_TAX))
    included = quote([item(on_top.total.amount)], Charges(NO_FEE, Tax(rate, included=True), NO_TAX))
    assert included.total == on_top.total
    assert included.tax == on_top.tax


@given(baskets, rates, discounts)
def test_tax_is_of_what_is_left_after_the_discount(basket: list[Item], rate: int, discount: Discount) -> None:
    made = quote(basket, Charges(NO_FEE, Tax(rate, included=True), NO_TAX), discount)
    for number in range(1, len(basket) + 1):
        own = [line for line in made.lines if line.item == number]
        left = sum(line.sign * line.amount.amount for line in own)
        alone = quote([item(left)], Charges(NO_FEE, Tax(rate, included=True), NO_TAX))
        assert sum(line.sign * line.tax.amount for line in own) == alone.tax.amount


@given(baskets, charges)
def test_free_tickets_cost_nothing_whatever_the_event_charges(basket: list[Item], added: Charges) -> None:
    made = quote(basket, added, Discount("Promo code FREE", PercentOff(10_000)))
    assert made.total.amount == 0
    assert {line.kind for line in made.lines} <= {LineKind.TICKETS, LineKind.DISCOUNT}


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_half_up(numerator: int, denominator: int) -> None:
    quotient = Decimal(numerator) / Decimal(denominator)
    assert half_up(numerator, denominator) == int(quotient.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("price", "tax"), [(0, 0), (24, 1), (25, 1), (50, 3), (49, 2), (70, 4), (30, 2)])
def test_halves_are_rounded_upwards_per_line(price: int, tax: int) -> None:
    rate = Tax(500, included=False)
    made = quote([item(price), item(price)], Charges(NO_FEE, rate, NO_TAX))
    assert made.tax.amount == 2 * tax


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_shares_add_up_and_follow_their_weights(amount: int, weights: list[int]) -> None:
    shares = spread(amount, weights)
    assert sum(shares) == amount
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        if total:
            assert abs(share * total - amount * weight) <= total
            assert share == 0 or weight > 0
            assert share <= weight or amount > total
        else:
            assert abs(share * len(weights) - amount) <= len(weights)


def test_everything_in_one_quote() -> None:
    made = quote(
        [item(50_000, 2, "gold"), item(10_000, 3, "silver"), item(0, 1, "child")],
        Charges(Fee(200, 1_500, FeePer.TICKET), Tax(GST, included=True), Tax(GST, included=False)),
        Discount("Promo code SPRING", PercentOff(1_000), frozenset({"gold"})),
    )
    assert amounts(made) == [
        ("tickets", 100_000, 15_254, 1),
        ("discount", -10_000, -1_525, 1),
        ("tickets", 30_000, 4_576, 2),
        ("tickets", 0, 0, 3),
        ("fee", 2_400, 0, 0),
        ("fee_tax", 432, 432, 0),
        ("fee", 3_000, 0, 1),
        ("fee_tax", 540, 540, 1),
        ("fee", 4_500, 0, 2),
        ("fee_tax", 810, 810, 2),
    ]
    assert made.total == inr(131_682)
    assert of_kind(made, LineKind.FEE_TAX)[0].label == "GST 18%: Convenience fee"


def test_a_fee_per_order_is_one_line() -> None:
    made = quote([item(999, 2), item(500)], Charges(Fee(250, 1_000, FeePer.ORDER), NO_TAX, NO_TAX))
    assert amounts(made)[2:] == [("fee", 1_000 + 62, 0, 0)]


def test_tax_on_top_is_a_line_of_its_own() -> None:
    made = quote([item(333, 3)], Charges(NO_FEE, Tax(GST, included=False), NO_TAX))
    assert amounts(made) == [("tickets", 999, 0, 1), ("ticket_tax", 180, 180, 1)]


def test_an_amount_off_is_taken_once_and_shared() -> None:
    made = quote([item(100, 2), item(50, 1)], NO_CHARGES, Discount("Ten", AmountOff(inr(10))))
    assert amounts(made) == [
        ("tickets", 200, 0, 1),
        ("discount", -8, 0, 1),
        ("tickets", 50, 0, 2),
        ("discount", -2, 0, 2),
    ]


@pytest.mark.parametrize(
    ("basket", "discount"),
    [
        ([item(1), Item("gold", "Gold", Money(1, "USD"), 1)], None),
        ([item(1)], Discount("Ten", AmountOff(Money(1, "USD")))),
    ],
)
def test_one_currency(basket: Sequence[Item], discount: Discount | None) -> None:
    with pytest.raises(Rejected) as refused:
        quote(basket, NO_CHARGES, discount)
    assert refused.value.code is Code.VALIDATION_ERROR


@pytest.mark.parametrize("rate", [-1, 10_001])
def test_rates_are_at_most_all_of_it(rate: int) -> None:
    with pytest.raises(ValueError, match="basis points"):
        Tax(rate, included=True)
    with pytest.raises(ValueError, match="basis points"):
        Fee(rate, 0, FeePer.ORDER)
    with pytest.raises(ValueError, match="basis points"):
        PercentOff(rate)


def test_a_fee_is_not_negative() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Fee(0, -1, FeePer.ORDER)


def test_an_order_from_before_there_were_charges() -> None:
    stored = {"kind": "tickets", "label": "Standing", "quantity": 2, "unitPrice": 500, "amount": 1_000}
    assert from_stored([stored], "INR") == quote([Item("standing", "Standing", inr(500), 2)])


SOUND = to_stored(quote([item(100, 2)], NO_CHARGES, Discount("Ten", AmountOff(inr(10)))))


@pytest.mark.parametrize(
    ("index", "change", "sentence"),
    [
        (0, {"amount": 199}, "unit price times its quantity"),
        (0, {"item": 2}, "numbered from 1"),
        (0, {"kind": "gift"}, "gift"),
        (0, {"quantity": 0, "amount": 0}, "is about something"),
        (1, {"item": 2}, "belongs to a ticket line"),
        (1, {"item": -1}, "belongs to a ticket line"),
        (1, {"amount": 10}, "unit price times its quantity"),
        (1, {"unitPrice": -300, "amount": -300}, "at least 0"),
    ],
)
def test_lines_that_cannot_be_are_refused(index: int, change: dict[str, object], sentence: str) -> None:
    lines = [dict(line) for line in SOUND]
    lines[index] |= change
    with pytest.raises(ValueError, match=sentence):
        from_stored(lines, "INR")


def test_no_lines_are_no_quote() -> None:
    with pytest.raises(ValueError, match="ticket lines"):
        from_stored([], "INR")


@pytest.mark.parametrize(
    ("basis_points", "text"), [(1_800, "18%"), (250, "2.5%"), (5, "0.05%"), (10_000, "100%"), (0, "0%")]
)
def test_percentages_for_people(basis_points: int, text: str) -> None:
    assert percent_text(basis_points) == text

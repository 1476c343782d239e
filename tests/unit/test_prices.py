from __future__ import annotations

import pytest
from boxoffice.domain.money import Money
from boxoffice.domain.pricing import quote
from hypothesis import given
from hypothesis import strategies as st

amounts = st.integers(min_value=0, max_value=10**12)
quantities = st.integers(min_value=1, max_value=10)


@given(amounts, quantities)
def test_the_lines_add_up_to_the_total(price: int, quantity: int) -> None:
    made = quote("Standing", Money(price, "INR"), quantity)
    assert made.total == Money(sum(line.amount.amount for line in made.lines), "INR")
    assert made.total.amount == price * quantity


@pytest.mark.parametrize("amount", [-1, 1.0, True, "1", None])
def test_an_amount_is_a_whole_number_of_minor_units(amount: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Money(amount, "INR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "inr", "INRS", "IN1", "INR\n"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="capital"):
        Money(1, currency)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="currencies"):
        Money(1, "INR") + Money(1, "USD")

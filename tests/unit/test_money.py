from __future__ import annotations

import pytest
from boxoffice.domain.money import Money, decimals
from hypothesis import given
from hypothesis import strategies as st

amounts = st.integers(min_value=0, max_value=9 * 10**12)
currencies = st.sampled_from(["INR", "JPY", "KWD"])


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


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (49_950, "INR", "499.50"),
        (5, "USD", "0.05"),
        (0, "EUR", "0.00"),
        (500, "JPY", "500"),
        (1_500, "KWD", "1.500"),
        (7, "BHD", "0.007"),
    ],
)
def test_a_text_has_the_decimals_of_the_currency(amount: int, currency: str, text: str) -> None:
    assert Money(amount, currency).text == text
    assert str(Money(amount, currency)) == f"{currency} {text}"


@given(amounts, currencies)
def test_what_is_written_is_read_again(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert Money.parse(money.text, currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("499", "INR", 49_900), ("499.5", "INR", 49_950), ("007.00", "INR", 700), ("3", "JPY", 3)],
)
def test_fewer_decimals_than_the_currency_has(text: str, currency: str, amount: int) -> None:
    assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "INR"),
        (".5", "INR"),
        ("5.", "INR"),
        ("-5", "INR"),
        ("+5", "INR"),
        ("1,000", "INR"),
        ("1e3", "INR"),
        ("5\n", "INR"),
        (" 5", "INR"),
        ("५", "INR"),
        ("0x10", "INR"),
        ("1.234", "INR"),
        ("1.0", "JPY"),
        ("1.2345", "KWD"),
        ("9" * 16, "INR"),
    ],
)
def test_everything_else_is_not_an_amount(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=f"an amount of {currency}"):
        Money.parse(text, currency)


def test_minor_units() -> None:
    assert [decimals(currency) for currency in ("JPY", "INR", "EUR", "KWD")] == [0, 2, 2, 3]

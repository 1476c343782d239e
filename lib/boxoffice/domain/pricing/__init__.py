"""What tickets cost: quotes, made of lines, and the share of each ticket in them."""

from boxoffice.domain.money import Money
from boxoffice.domain.pricing import quotes
from boxoffice.domain.pricing.lines import Quote

__all__ = ["Quote", "quote"]


def quote(label: str, unit_price: Money, quantity: int) -> Quote:
    """The price of `quantity` tickets of the type called `label`, without charges."""
    return quotes.quote([quotes.Item("", label, unit_price, quantity)])

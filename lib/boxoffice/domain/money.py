"""Amounts of money: whole minor units (paise, cents) of one currency, never floating point."""

import re
from dataclasses import dataclass

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units of `currency` (ISO 4217).

    Raises `ValueError` for a negative amount, an amount that is not a whole number, or a malformed currency.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int or self.amount < 0:
            raise ValueError("an amount is a whole number of minor units, at least 0")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError("a currency is three capital letters")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError("amounts of different currencies cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def times(self, quantity: int) -> "Money":
        """This amount `quantity` times."""
        return Money(self.amount * quantity, self.currency)

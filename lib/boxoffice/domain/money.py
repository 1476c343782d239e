"""Amounts of money: whole minor units (paise, cents) of one currency, never floating point."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_CURRENCY = re.compile(r"[A-Z]{3}")
_DECIMAL = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,3}))?")

# ISO 4217. The other currencies have two.
_DECIMALS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
        **dict.fromkeys(("UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
        **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    }
)


def decimals(currency: str) -> int:
    """How many decimals amounts of `currency` have: the minor unit is one tenth to the power of that."""
    return _DECIMALS.get(currency, 2)


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

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """The amount written as `text`, such as `499`, `499.5` or `499.50`: digits and a point, nothing else.

        Raises `ValueError` for everything else, also for more decimals than the currency has.
        """
        found = _DECIMAL.fullmatch(text)
        whole, fraction = (found[1], found[2] or "") if found else ("", "")
        places = decimals(currency)
        if not whole or len(fraction) > places:
            raise ValueError(f"an amount of {currency} is digits with at most {places} decimals")
        return cls(int(whole + fraction.ljust(places, "0")), currency)

    @property
    def text(self) -> str:
        """The amount in major units with all the decimals of its currency, such as `499.50`."""
        places = decimals(self.currency)
        digits = str(self.amount).rjust(places + 1, "0")
        return f"{digits[:-places]}.{digits[-places:]}" if places else digits

    def __str__(self) -> str:
        return f"{self.currency} {self.text}"

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError("amounts of different currencies cannot be added")
        return Money(self.amount + other.amount, self.currency)

    def times(self, quantity: int) -> "Money":
        """This amount `quantity` times."""
        return Money(self.amount * quantity, self.currency)

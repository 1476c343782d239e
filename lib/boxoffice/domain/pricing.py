"""What tickets cost.

One function makes every quote, so that a hold, a booking and a refund can never disagree about a price.
A quote is a list of lines, because what is charged has to be explained line by line.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add

from boxoffice.domain.money import Money


class LineKind(StrEnum):
    """What a line of a quote charges for."""

    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Line:
    """One charge: `quantity` of something at `unit_price`."""

    kind: LineKind
    label: str
    quantity: int
    unit_price: Money

    @property
    def amount(self) -> Money:
        """What the line adds to the total."""
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a booking, itemised. Has at least one line, all in one currency."""

    lines: tuple[Line, ...]

    @property
    def total(self) -> Money:
        """What the client has to pay: exactly the sum of the lines."""
        return reduce(add, (line.amount for line in self.lines))


def quote(label: str, unit_price: Money, quantity: int) -> Quote:
    """The price of `quantity` tickets of the type called `label`."""
    return Quote((Line(LineKind.TICKETS, label, quantity, unit_price),))

"""A price, line by line: what is charged has to be explained, and what was paid has to be given back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from boxoffice.domain.money import Money


class LineKind(StrEnum):
    """What a line of a quote stands for. A discount is taken off, everything else is charged."""

    TICKETS = "tickets"
    DISCOUNT = "discount"
    TICKET_TAX = "ticket_tax"
    FEE = "fee"
    FEE_TAX = "fee_tax"


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` of something at `unit_price`. `tax` is how much of the line's amount is tax.

    `item` is the number of the ticket line, counted from 1, to which the line belongs; a ticket line belongs
    to itself, and a line with 0 to all tickets together.
    """

    kind: LineKind
    label: str
    quantity: int
    unit_price: Money
    tax: Money
    item: int

    @property
    def amount(self) -> Money:
        """What is charged or, on a discount, taken off."""
        return self.unit_price.times(self.quantity)

    @property
    def sign(self) -> int:
        """1, or -1 when the line's amount and tax are taken off."""
        return -1 if self.kind is LineKind.DISCOUNT else 1


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a booking. The lines are in one currency.

    Tickets are numbered from 1 in the order of the ticket lines: with 2 standing and 1 seated, ticket 3 is
    the seat. Raises `ValueError` when there are no tickets, when currencies are mixed, when a line belongs to
    a ticket line that is not there, or when less than nothing would have to be paid.
    """

    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        items = [line.item for line in self.lines if line.kind is LineKind.TICKETS]
        if not items or items != list(range(1, len(items) + 1)):
            raise ValueError("a quote has ticket lines, numbered from 1")
        if any(not 0 <= line.item <= len(items) or line.quantity < 1 for line in self.lines):
            raise ValueError("a line is about something, and belongs to a ticket line or to all of them")
        amounts = [money for line in self.lines for money in (line.unit_price, line.tax)]
        if any(money.currency != self.currency for money in amounts):
            raise ValueError("a quote is in one currency")
        _ = self.total, self.tax

    @property
    def currency(self) -> str:
        """The currency of all lines."""
        return self.lines[0].unit_price.currency

    @property
    def total(self) -> Money:
        """What the client has to pay: exactly the sum of the lines."""
        return Money(sum(line.sign * line.amount.amount for line in self.lines), self.currency)

    @property
    def tax(self) -> Money:
        """How much of the total is tax."""
        return Money(sum(line.sign * line.tax.amount for line in self.lines), self.currency)

    @property
    def ticket_lines(self) -> tuple[Line, ...]:
        """The lines of the tickets themselves, in the order of the tickets."""
        return tuple(line for line in self.lines if line.kind is LineKind.TICKETS)

    @property
    def quantity(self) -> int:
        """The number of tickets."""
        return sum(line.quantity for line in self.ticket_lines)


def to_stored(quote: Quote) -> list[dict[str, Any]]:
    """The lines as they are stored and shown: amounts in minor units, negative where they are taken off."""
    return [
        {
            "kind": line.kind.value,
            "label": line.label,
            "quantity": line.quantity,
            "unitPrice": line.sign * line.unit_price.amount,
            "amount": line.sign * line.amount.amount,
            "tax": line.sign * line.tax.amount,
            "item": line.item,
        }
        for line in quote.lines
    ]


def from_stored(lines: Iterable[Mapping[str, Any]], currency: str) -> Quote:
    """The quote whose lines were stored.

    Orders from before there were fees and taxes have one line, without `tax` and `item`. Raises `ValueError`,
    `KeyError` or `TypeError` when the lines are not what `to_stored` makes.
    """
    return Quote(tuple(_line(line, currency) for line in lines))


def _line(stored: Mapping[str, Any], currency: str) -> Line:
    kind = LineKind(stored["kind"])
    sign = -1 if kind is LineKind.DISCOUNT else 1
    line = Line(
        kind=kind,
        label=stored["label"],
        quantity=stored["quantity"],
        unit_price=Money(sign * stored["unitPrice"], currency),
        tax=Money(sign * stored.get("tax", 0), currency),
        item=stored.get("item", 1),
    )
    if sign * stored["amount"] != line.amount.amount:
        raise ValueError("the amount of a line is its unit price times its quantity")
    return line

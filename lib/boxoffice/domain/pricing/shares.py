"""What each ticket of a booking has cost, so that tickets can be given back one by one.

The shares only depend on the stored lines, not on who asks first: however a booking's tickets are divided
into cancellations, the shares add up to what was paid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from boxoffice.domain.money import Money
from boxoffice.domain.pricing.lines import Line, LineKind, Quote
from boxoffice.domain.pricing.rounding import percentage, spread

_FEES = frozenset({LineKind.FEE, LineKind.FEE_TAX})


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of money. `tax` is how much of it is tax."""

    amount: Money
    tax: Money

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.amount + other.amount, self.tax + other.tax)

    def part(self, basis_points: int) -> "Sum":
        """`basis_points` of it."""
        return Sum(_part(self.amount, basis_points), _part(self.tax, basis_points))


@dataclass(frozen=True, slots=True)
class Share:
    """What the ticket `number` has cost: itself, with discount and tax, and the fees, with their tax."""

    number: int
    ticket: Sum
    fees: Sum

    @property
    def total(self) -> Sum:
        """Both together."""
        return self.ticket + self.fees


def shares(quote: Quote) -> tuple[Share, ...]:
    """One share for each ticket, in their order. All `total`s together are the quote's total and tax.

    Tickets of one line have equal shares, but for rounding. Fees of the whole order are shared in proportion
    to what the tickets cost. Raises `ValueError` when the lines are inconsistent.
    """
    tickets: list[Sum] = []
    fees: list[Sum] = []
    for line in quote.ticket_lines:
        own = [other for other in quote.lines if other.item == line.item]
        equal = [1] * line.quantity
        tickets += _split([other for other in own if other.kind not in _FEES], equal, quote.currency)
        fees += _split([other for other in own if other.kind in _FEES], equal, quote.currency)
    common = _split(
        [line for line in quote.lines if not line.item],
        [ticket.amount.amount for ticket in tickets],
        quote.currency,
    )
    return tuple(
        Share(number, ticket, own + shared)
        for number, (ticket, own, shared) in enumerate(zip(tickets, fees, common, strict=True), start=1)
    )


def _split(lines: Iterable[Line], weights: Sequence[int], currency: str) -> list[Sum]:
    """The sum of `lines` in shares. Tax and the rest are shared separately: no share is less than its tax."""
    amount = tax = 0
    for line in lines:
        amount += line.sign * line.amount.amount
        tax += line.sign * line.tax.amount
    if not 0 <= tax <= amount:
        raise ValueError("the lines of a ticket are less than their tax")
    return [
        Sum(Money(net + taxed, currency), Money(taxed, currency))
        for net, taxed in zip(spread(amount - tax, weights), spread(tax, weights), strict=True)
    ]


def _part(money: Money, basis_points: int) -> Money:
    return Money(percentage(money.amount, basis_points), money.currency)

"""The one function that makes quotes, so that a hold and a booking can never disagree about a price."""

from collections.abc import Sequence
from dataclasses import dataclass

from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import NO_CHARGES, Charges, Fee, FeePer, Tax
from boxoffice.domain.pricing.lines import Line, LineKind, Quote
from boxoffice.domain.pricing.rounding import WHOLE, percent_text, percentage, spread

TAX_NAME = "GST"
FEE_NAME = "Convenience fee"


@dataclass(frozen=True, slots=True)
class Item:
    """`quantity` tickets, at least 1, of one type and one price.

    Seats of one type in categories with different prices are different items. `label` is for people.
    """

    ticket_type_id: str
    label: str
    unit_price: Money
    quantity: int

    @property
    def amount(self) -> Money:
        """The price of all of them, without anything added or taken off."""
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True)
class PercentOff:
    """`basis_points` of the price, at most all of it. Raises `ValueError` for more, and below 0."""

    basis_points: int

    def __post_init__(self) -> None:
        if not 0 <= self.basis_points <= WHOLE:
            raise ValueError(f"a discount is 0 to {WHOLE} basis points")


@dataclass(frozen=True, slots=True)
class AmountOff:
    """`amount` once per order, at most what the tickets cost."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Discount:
    """A reduction of the price of the tickets of some types; of all types when `ticket_type_ids` is empty."""

    label: str
    off: PercentOff | AmountOff
    ticket_type_ids: frozenset[str] = frozenset()

    def covers(self, item: Item) -> bool:
        """Whether the item becomes cheaper."""
        return not self.ticket_type_ids or item.ticket_type_id in self.ticket_type_ids


def quote(items: Sequence[Item], charges: Charges = NO_CHARGES, discount: Discount | None = None) -> Quote:
    """The price of `items`, at least one, with the event's charges.

    Discounts come first: fee and tax are of what is left. Raises `Rejected` with `VALIDATION_ERROR` when the
    items, or an amount to take off, are in different currencies.
    """
    currency = _currency(items, discount)
    savings = _savings(items, discount)
    lines = _Lines(currency)
    for number, (item, saving) in enumerate(zip(items, savings, strict=True), start=1):
        _add_tickets(lines, number, item, saving, charges.ticket_tax, discount)
    remaining = [item.amount.amount - saving for item, saving in zip(items, savings, strict=True)]
    _add_fees(lines, items, remaining, charges.fee, charges.fee_tax)
    return Quote(tuple(lines.found))


class _Lines:
    """Collects lines in one currency, and leaves out those that add nothing."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self.found: list[Line] = []

    def add(
        self, kind: LineKind, label: str, unit_price: int, *, item: int, tax: int, quantity: int = 1
    ) -> None:
        if unit_price or kind is LineKind.TICKETS:
            price, contained = Money(unit_price, self._currency), Money(tax, self._currency)
            self.found.append(Line(kind, label, quantity, price, contained, item))


def _add_tickets(
    lines: _Lines, number: int, item: Item, saving: int, tax: Tax, discount: Discount | None
) -> None:
    price = item.amount.amount
    lines.add(
        LineKind.TICKETS,
        item.label,
        item.unit_price.amount,
        quantity=item.quantity,
        item=number,
        tax=tax.within(price),
    )
    if discount is not None:
        # What both lines together contain is exactly the tax within what is left to pay.
        saved_tax = tax.within(price) - tax.within(price - saving)
        lines.add(LineKind.DISCOUNT, discount.label, saving, item=number, tax=saved_tax)
    _add_tax(lines, LineKind.TICKET_TAX, item.label, tax, price - saving, number)


def _add_fees(lines: _Lines, items: Sequence[Item], remaining: Sequence[int], fee: Fee, tax: Tax) -> None:
    def add(amount: int, item: int, quantity: int = 1) -> None:
        due = amount * quantity
        lines.add(LineKind.FEE, FEE_NAME, amount, quantity=quantity, item=item, tax=tax.within(due))
        _add_tax(lines, LineKind.FEE_TAX, FEE_NAME, tax, due, item)

    total = sum(remaining)
    if not total:
        return
    per_order = fee.fixed if fee.per is FeePer.ORDER else 0
    add(percentage(total, fee.basis_points) + per_order, item=0)
    if fee.per is FeePer.TICKET:
        for number, (item, amount) in enumerate(zip(items, remaining, strict=True), start=1):
            if amount:
                add(fee.fixed, item=number, quantity=item.quantity)


def _add_tax(lines: _Lines, kind: LineKind, label: str, tax: Tax, amount: int, item: int) -> None:
    due = tax.on_top_of(amount)
    lines.add(kind, f"{TAX_NAME} {percent_text(tax.basis_points)}: {label}", due, item=item, tax=due)


def _savings(items: Sequence[Item], discount: Discount | None) -> tuple[int, ...]:
    """What is taken off each item."""
    if discount is None:
        return (0,) * len(items)
    covered = [item.amount.amount if discount.covers(item) else 0 for item in items]
    if isinstance(discount.off, AmountOff):
        return spread(min(discount.off.amount.amount, sum(covered)), covered)
    return tuple(percentage(amount, discount.off.basis_points) for amount in covered)


def _currency(items: Sequence[Item], discount: Discount | None) -> str:
    currencies = {item.unit_price.currency for item in items}
    if discount is not None and isinstance(discount.off, AmountOff):
        currencies.add(discount.off.amount.currency)
    if len(currencies) > 1:
        raise Rejected(Code.VALIDATION_ERROR, "One booking is paid in one currency.")
    return items[0].unit_price.currency

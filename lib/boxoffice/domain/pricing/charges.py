"""What is added to the price of tickets: a convenience fee, and tax on both. Rates are in basis points."""

from dataclasses import dataclass
from enum import StrEnum

from boxoffice.domain.pricing.rounding import WHOLE, half_up, percentage


def _check_rate(basis_points: int) -> None:
    if not 0 <= basis_points <= WHOLE:
        raise ValueError(f"a rate is 0 to {WHOLE} basis points")


class FeePer(StrEnum):
    """How often the fixed part of the fee is due."""

    ORDER = "order"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Fee:
    """A percentage of what the tickets cost after discounts, and `fixed` minor units per order or ticket.

    Free tickets carry no fee. Raises `ValueError` when a number is out of range.
    """

    basis_points: int
    fixed: int
    per: FeePer

    def __post_init__(self) -> None:
        _check_rate(self.basis_points)
        if self.fixed < 0:
            raise ValueError("a fee is at least 0")


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate, and whether prices include the tax or it comes on top of them.

    Raises `ValueError` when the rate is out of range.
    """

    basis_points: int
    included: bool

    def __post_init__(self) -> None:
        _check_rate(self.basis_points)

    def within(self, amount: int) -> int:
        """How much of `amount` is tax; 0 when the tax comes on top."""
        return half_up(amount * self.basis_points, WHOLE + self.basis_points) if self.included else 0

    def on_top_of(self, amount: int) -> int:
        """How much tax comes on top of `amount`; 0 when it is included."""
        return 0 if self.included else percentage(amount, self.basis_points)


@dataclass(frozen=True, slots=True)
class Charges:
    """What an event adds to the price of its tickets."""

    fee: Fee
    ticket_tax: Tax
    fee_tax: Tax


NO_FEE = Fee(0, 0, FeePer.ORDER)
NO_TAX = Tax(0, included=True)
NO_CHARGES = Charges(NO_FEE, NO_TAX, NO_TAX)

"""Random baskets, charges and discounts, for the tests of prices and refunds."""

from __future__ import annotations

from boxoffice.domain.money import Money
from boxoffice.domain.pricing.charges import Charges, Fee, FeePer, Tax
from boxoffice.domain.pricing.lines import Quote
from boxoffice.domain.pricing.quotes import AmountOff, Discount, Item, PercentOff, quote
from hypothesis import strategies as st

TYPES = ("gold", "silver", "standing")

# Small amounts, where rounding shows, as often as large ones.
prices = st.one_of(st.integers(0, 20), st.integers(0, 10**9))
rates = st.one_of(st.sampled_from([0, 500, 1_800, 10_000]), st.integers(0, 10_000))
taxes = st.builds(Tax, rates, st.booleans())
charges = st.builds(Charges, st.builds(Fee, rates, prices, st.sampled_from(FeePer)), taxes, taxes)


def inr(amount: int) -> Money:
    return Money(amount, "INR")


def item(price: int, quantity: int = 1, ticket_type_id: str = "gold") -> Item:
    return Item(ticket_type_id, ticket_type_id.title(), inr(price), quantity)


items = st.builds(item, prices, st.integers(1, 6), st.sampled_from(TYPES))
baskets = st.lists(items, min_size=1, max_size=4)
discounts = st.builds(
    Discount,
    st.just("Promo code SPRING"),
    st.one_of(st.builds(PercentOff, rates), st.builds(AmountOff, st.builds(inr, prices))),
    st.frozensets(st.sampled_from(TYPES), max_size=2),
)
quotes: st.SearchStrategy[Quote] = st.builds(quote, baskets, charges, st.none() | discounts)

"""Whoever holds whatever, and whoever wants whatever: nobody loses a hold for nothing."""

from __future__ import annotations

from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import Rejected
from boxoffice.domain.selection import BestSeats, NamedSeats, Selection
from boxoffice.schema import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rivals import held, later, tickets, with_priority
from tests.unit.shop import Shop

_PLACES = 4

# The category of 10 seats, of which holds and requests can want nearly all.
_labels = st.lists(
    st.sampled_from([f"T-A{number}" for number in range(1, 11)]), min_size=1, max_size=6, unique=True
)
things: st.SearchStrategy[Selection] = st.one_of(
    st.builds(tickets, st.integers(1, 3)),
    st.builds(lambda labels: NamedSeats("friday", tuple(labels)), _labels),
    st.builds(lambda quantity: BestSeats("friday", quantity, "silver"), st.integers(1, 6)),
)
holds = st.lists(st.tuples(st.integers(0, 2), things, st.booleans()), max_size=7)


def somebody(number: int, tier: int) -> Caller:
    labels = (f"tier{tier}",) if tier else ()
    return Caller(f"user-{number}", Account(f"user-{number}", "", "", labels))


def units(shop: Shop) -> dict[str, set[str]]:
    """The units of tickets, by booking."""
    found: dict[str, set[str]] = {}
    for claim in shop.rows.all(Table.CLAIMS):
        if claim["ticket"]:
            found.setdefault(claim["bookingId"], set()).add(claim["$id"])
    return found


@settings(max_examples=150, deadline=None)
@given(holds, st.integers(0, 3), st.lists(things, min_size=1, max_size=3))
def test_displacing(kept: list[tuple[int, Selection, bool]], tier: int, wanted: list[Selection]) -> None:
    shop = with_priority(capacity=_PLACES)
    tiers: dict[str, int] = {}
    paid: set[str] = set()
    for number, (its_tier, thing, is_paid) in enumerate(kept):
        try:
            made = held(shop, thing, caller=somebody(number, its_tier)).booking
        except Rejected:
            continue
        tiers[made.id] = its_tier
        if is_paid:
            paid.add(made.id)
            shop.gateway.pay(f"pay_{number}", made.total.amount, order_id=made.gateway_order_id or "")
    later(shop)
    before = units(shop)
    try:
        mine = held(shop, *wanted, caller=somebody(99, tier)).booking.id
    except Rejected:
        assert units(shop) == before
        assert shop.rows.all(Table.OUTCOMES) == []
        return
    after = units(shop)
    gone = before.keys() - after.keys()
    assert {row["$id"] for row in shop.rows.all(Table.OUTCOMES)} == gone
    assert all(tiers[booking] < tier for booking in gone)
    assert not gone & paid
    # Of what is held by others, nothing is held twice, and what stays is whole.
    assert all(after[booking] == before[booking] for booking in before.keys() - gone)
    everything = [unit for of_booking in after.values() for unit in of_booking]
    assert len(everything) == len(set(everything))
    assert len(after[mine]) == sum(thing_size(thing) for thing in wanted)


def thing_size(thing: Selection) -> int:
    """How many units a selection takes."""
    return len(thing.labels) if isinstance(thing, NamedSeats) else getattr(thing, "quantity", 0)

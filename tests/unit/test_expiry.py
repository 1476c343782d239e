"""Who ends holds that have lapsed, and which of them are nobody's to end."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from boxoffice.bookings.stored_hold import Lease, lease_row
from boxoffice.domain.callers import Caller
from boxoffice.domain.errors import Ambiguous
from boxoffice.domain.pools import Claim
from boxoffice.inventory.expiry import end_lapsed_holds
from boxoffice.inventory.reading import read_claims
from boxoffice.schema import Table

from tests.unit.holding import held
from tests.unit.shop import ANN, NOW, POOL, Shop
from tests.unit.world import lost_answer

UNTIL_THE_END = timedelta(minutes=15)


def lapsed(shop: Shop) -> list[Claim]:
    """The claims, once the holds have ended."""
    shop.now = NOW + UNTIL_THE_END
    return asyncio.run(read_claims(shop.rows, [POOL]))


def ended(shop: Shop) -> frozenset[str]:
    return asyncio.run(end_lapsed_holds(shop.rows, lapsed(shop)))


def leased(shop: Shop, booking_id: str, user_id: str) -> None:
    lease = Lease("attempt", "pay_1", NOW)
    asyncio.run(shop.rows.put_once(Table.LEASES, lease_row(booking_id, user_id, lease, "execution")))


def test_all_that_has_lapsed_is_ended_in_four_calls() -> None:
    shop = Shop()
    kept = [held(shop).booking.id for _ in range(3)]
    found = lapsed(shop)
    shop.world.calls.clear()
    assert asyncio.run(end_lapsed_holds(shop.rows, found)) == set(kept)
    assert shop.rows.all(Table.CLAIMS) == []
    assert shop.world.calls == ["find bookings", "find leases", *["put outcomes"] * 3, "delete claims"]


def test_what_is_still_held_costs_no_call_and_stays() -> None:
    shop = Shop()
    held(shop)
    claims = asyncio.run(read_claims(shop.rows, [POOL]))
    shop.world.calls.clear()
    shop.now = NOW + UNTIL_THE_END - timedelta(seconds=1)
    assert asyncio.run(end_lapsed_holds(shop.rows, claims)) == frozenset()
    assert shop.world.calls == []


def test_one_that_is_being_paid_is_nobodys_to_end() -> None:
    shop = Shop()
    kept = held(shop)
    leased(shop, kept.booking.id, ANN.user_id)
    assert ended(shop) == frozenset()
    assert len(shop.rows.all(Table.CLAIMS)) == 2


def test_a_strangers_lease_keeps_nothing() -> None:
    shop = Shop()
    kept = held(shop)
    leased(shop, kept.booking.id, "mallory")
    assert ended(shop) == {kept.booking.id}


def test_one_that_was_paid_in_the_last_moment_stays() -> None:
    shop = Shop()
    kept = held(shop)
    shop.rows.seed(Table.OUTCOMES, kept.booking.id, outcome="CONFIRMED", attempt="attempt")
    assert ended(shop) == frozenset()
    assert len(shop.rows.all(Table.CLAIMS)) == 2


def test_a_booking_that_is_just_being_made_stays_however_long_it_takes() -> None:
    shop = Shop()
    kept = held(shop)
    shop.rows.tables[Table.BOOKINGS][kept.booking.id]["status"] = "pending"
    assert ended(shop) == frozenset()
    assert len(shop.rows.all(Table.CLAIMS)) == 2


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_the_units_of_one_that_somebody_else_has_ended_are_free(status: str) -> None:
    shop = Shop()
    kept = held(shop)
    shop.rows.seed(Table.OUTCOMES, kept.booking.id, outcome="EXPIRED", attempt="expiry")
    shop.rows.tables[Table.BOOKINGS][kept.booking.id]["status"] = status
    assert ended(shop) == {kept.booking.id}
    assert shop.rows.all(Table.CLAIMS) == []


def test_many_are_decided_a_few_at_a_time_and_none_twice() -> None:
    shop = Shop(capacity=60)
    for number in range(50):
        held(shop, caller=Caller(f"user-{number}", None))
    found = lapsed(shop)
    assert len(asyncio.run(end_lapsed_holds(shop.rows, found))) == 50
    assert len(shop.rows.all(Table.OUTCOMES)) == 50
    assert {row["outcome"] for row in shop.rows.all(Table.OUTCOMES)} == {"EXPIRED"}
    assert shop.rows.all(Table.CLAIMS) == []


def test_a_lost_answer_frees_nothing_that_is_not_decided() -> None:
    shop = Shop()
    kept = held(shop)
    found = lapsed(shop)
    shop.world.fail("put outcomes", lost_answer)
    with pytest.raises(Ambiguous):
        asyncio.run(end_lapsed_holds(shop.rows, found))
    assert len(shop.rows.all(Table.CLAIMS)) == 2
    assert ended(shop) == {kept.booking.id}

"""People who want what others hold, in a shop whose organiser has rules about that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.conversion import convert
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.results import Booked
from boxoffice.conflicts import displacement
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.errors import BoxofficeError
from boxoffice.domain.selection import Selection, SomeTickets
from boxoffice.schema import Table
from pytest import MonkeyPatch as Patch

from tests.unit.holding import pay
from tests.unit.opera import Opera
from tests.unit.running import run
from tests.unit.shop import ANN, BOB, Shop
from tests.unit.world import Killed

GOLD = Caller("gold", Account("gold", "gold@example.com", "", ("tier2",)))
SILVER = Caller("silver", Account("silver", "silver@example.com", "", ("tier1",)))


def with_priority(capacity: int = 1, policy: str = "priority") -> Opera:
    """An event in which a higher tier displaces holds that are a minute old."""
    shop = Opera(capacity)
    shop.rows.tables[Table.EVENTS]["concert"].update(conflictPolicy=policy, displaceAfterSeconds=60)
    return shop


def tickets(quantity: int = 1) -> SomeTickets:
    return SomeTickets("concert", "standing", None, quantity)


def held(shop: Shop, *wanted: Selection, caller: Caller = ANN, request_id: str | None = None) -> Held:
    result: Held = run(hold(shop.desk(), caller, HoldWish(wanted or (tickets(),), None, request_id)))
    return result


def refusal(shop: Shop, *wanted: Selection, caller: Caller = GOLD) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as refused:
        held(shop, *wanted, caller=caller)
    return refused.value


def later(shop: Shop, seconds: float = 60) -> None:
    shop.now += timedelta(seconds=seconds)
    shop.time.seconds += seconds


def row(shop: Shop, kept: Held) -> dict[str, Any]:
    return shop.rows.tables[Table.BOOKINGS][kept.booking.id]


def outcome(shop: Shop, kept: Held) -> str | None:
    found = shop.rows.tables[Table.OUTCOMES].get(kept.booking.id)
    return found["outcome"] if found else None


def holders(shop: Shop) -> set[str]:
    """The users who have tickets or hold them."""
    owner = {one["$id"]: one["userId"] for one in shop.rows.all(Table.BOOKINGS)}
    return {owner[claim["bookingId"]] for claim in shop.rows.all(Table.CLAIMS) if claim["ticket"]}


def remembered_as_full() -> tuple[Shop, tuple[Held, Held]]:
    """Two holds fill the house as far as is remembered; in truth, the units of one are free again."""
    shop = with_priority(capacity=2)
    kept = held(shop), held(shop, caller=BOB)
    later(shop)
    refusal(shop, caller=Caller("equal", None))
    run(shop.rows.delete_where(Table.CLAIMS, {"bookingId": kept[1].booking.id}))
    return shop, kept


def is_paid_before_it_gives_way(shop: Shop, weak: Held, patch: Patch) -> None:
    """The owner of `weak` pays in the very moment in which it would be displaced."""
    displace = displacement.displace

    async def paid_before(*args: Any) -> bool:
        claim = pay(shop, weak)
        assert isinstance(await convert(shop.desk(), ANN, weak.booking.id, claim), Booked)
        return await displace(*args)

    patch.setattr("boxoffice.conflicts.settling.displace", paid_before)


def dying_free_payer() -> tuple[Shop, Held]:
    """Ann holds what costs nothing, and dies when she has only begun to complete it."""
    shop = with_priority()
    shop.rows.tables[Table.TICKET_TYPES]["standing"]["price"] = 0
    weak = held(shop)
    later(shop)
    shop.world.fail("update bookings", Killed)
    with pytest.raises(Killed):
        run(convert(shop.desk(), ANN, weak.booking.id, None))
    assert row(shop, weak)["status"] == "held"
    return shop, weak

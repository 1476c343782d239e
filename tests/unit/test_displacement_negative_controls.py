"""What guards a hold that gives way, switched off: what it prevents does happen then."""

from __future__ import annotations

from typing import Any

from boxoffice.bookings.results import Failed
from boxoffice.domain.status import Outcome
from boxoffice.inventory.claims import Inventory
from boxoffice.ports import RowsTaken
from boxoffice.schema import Table
from pytest import MonkeyPatch as Patch

from tests.unit.fake_rows import FakeRows
from tests.unit.holding import converted, pay
from tests.unit.rivals import (
    GOLD,
    dying_free_payer,
    held,
    holders,
    is_paid_before_it_gives_way,
    later,
    outcome,
    remembered_as_full,
    with_priority,
)


class TestNegativeControls:
    def test_without_the_outcome_a_paid_unit_moves(self, monkeypatch: Patch) -> None:
        async def anyway(self: FakeRows, table: Table, rows: Any, owner: str) -> None:
            if table is Table.OUTCOMES:
                return
            if any(one.id.lower() in self.tables[table] for one in rows):
                raise RowsTaken
            for one in rows:
                self._write(table, one)

        monkeypatch.setattr(FakeRows, "create_all", anyway)
        shop = with_priority()
        weak = held(shop)
        later(shop)
        is_paid_before_it_gives_way(shop, weak, monkeypatch)
        held(shop, caller=GOLD)
        assert (outcome(shop, weak), holders(shop)) == (Outcome.CONFIRMED, {"gold"})

    def test_without_the_question_to_the_gateway_somebody_who_paid_gives_way(
        self, monkeypatch: Patch
    ) -> None:
        async def nobody(*args: object) -> bool:
            return False

        monkeypatch.setattr("boxoffice.conflicts.settling.is_any_paid", nobody)
        shop = with_priority()
        weak = held(shop)
        later(shop)
        claim = pay(shop, weak)
        held(shop, caller=GOLD)
        assert isinstance(converted(shop, weak, claim), Failed)

    def test_without_the_lease_somebody_who_completes_a_hold_gives_way(self, monkeypatch: Patch) -> None:
        async def nobody(*args: object) -> frozenset[str]:
            return frozenset()

        monkeypatch.setattr("boxoffice.conflicts.rivals._leased", nobody)
        shop, weak = dying_free_payer()
        held(shop, caller=GOLD)
        assert outcome(shop, weak) == "EXPIRED"

    def test_without_the_second_look_a_hold_is_lost_for_nothing(self, monkeypatch: Patch) -> None:
        monkeypatch.setattr(Inventory, "shortage_now", Inventory.known_shortage)
        shop, kept = remembered_as_full()
        shop.gateway.pay("pay_1", 50_000, email="gold@example.com")
        shop.booked(caller=GOLD)
        assert {outcome(shop, one) for one in kept} == {None, "EXPIRED"}

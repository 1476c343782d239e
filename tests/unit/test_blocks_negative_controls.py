"""What guards a block, switched off: what it prevents does happen then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from boxoffice.domain.errors import BoxofficeError, Rejected
from boxoffice.domain.pools import Claim, ClaimState
from boxoffice.inventory.reading import read_claims
from boxoffice.managing import blocks, taking
from boxoffice.ports import NewRow, Rows
from boxoffice.schema import Table

from tests.unit.fake_rows import FakeRows
from tests.unit.opera import Opera, seat, seats
from tests.unit.seat_blocks import half_made, settle
from tests.unit.shop import broken


class TestNegativeControls:
    def test_without_the_outcome_a_lifted_block_comes_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def undecided(*args: object) -> None:
            return None

        def block_that_is_lifted_on_the_way() -> Opera:
            opera = Opera()
            take = taking.take

            async def slow(desk: object, block_id: str, plan: object) -> None:
                opera.rows.tables[Table.UNIT_CHANGES][block_id].update(state="removed")
                opera.rows.seed(Table.OUTCOMES, block_id, outcome="ROLLED_BACK", attempt="unblock")
                await take(desk, block_id, plan)  # type: ignore[arg-type]

            monkeypatch.setattr(blocks, "take", slow)
            with pytest.raises(Rejected):
                opera.block(seats("S-A1"))
            return opera

        assert block_that_is_lifted_on_the_way().blocked() == []
        monkeypatch.setattr(blocks, "_abandon", undecided)
        assert block_that_is_lifted_on_the_way().blocked() != []

    def test_without_all_or_nothing_a_sold_seat_is_blocked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def create_anyway(self: FakeRows, table: Table, rows: Sequence[NewRow], owner: str) -> None:
            for row in rows:
                self._write(table, row)

        def block_what_is_sold_meanwhile() -> Opera:
            opera = Opera()
            opera.world.fail("put unit_changes", lambda: sold(opera), after_effect=True)
            with pytest.raises(BoxofficeError):
                opera.block(seats("S-A1"))
            return opera

        def sold(opera: Opera) -> Exception:
            opera.claim(seat("s.a1"))
            return broken()

        async def unseen(rows: Rows, pools: Sequence[str]) -> list[Claim]:
            return [claim for claim in await read_claims(rows, pools) if claim.state is ClaimState.BLOCKED]

        opera = block_what_is_sold_meanwhile()
        settle(opera)
        assert opera.blocked() == []
        monkeypatch.setattr(FakeRows, "create_all", create_anyway)
        monkeypatch.setattr(taking, "read_claims", unseen)
        opera = block_what_is_sold_meanwhile()
        settle(opera)
        assert opera.blocked() == [seat("s.a1").claim_id]

    def test_without_the_sweep_half_a_block_stays(self) -> None:
        opera = half_made()
        assert len(opera.blocked()) == 100
        opera.now = opera.now.replace(hour=13)
        assert asyncio.run(blocks.list_blocks(opera.desk(), None, "", 25))[0].units == 100
        assert opera.finish_due() == 1
        assert len(opera.blocked()) == 120

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from boxoffice.domain import ids
from boxoffice.domain.pools import (
    Claim,
    ClaimState,
    Numbered,
    Standing,
    Unit,
    in_pool,
    lapsed_bookings,
    seat_pool,
    slot_pool,
    standing,
    standings,
)

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
UNIT = Unit(seat_pool("tonight"), "s.a5")
SECOND = timedelta(seconds=1)


def reserved(seconds: int, booking: str = "b", unit: Unit = UNIT) -> Claim:
    return Claim(unit, booking, ClaimState.RESERVED, NOW + seconds * SECOND)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (reserved(1), Standing.HELD),
        (reserved(0), Standing.FREE),
        (reserved(-1), Standing.FREE),
        (Claim(UNIT, "b", ClaimState.RESERVED, None), Standing.HELD),
        (Claim(UNIT, "b", ClaimState.SOLD, NOW - SECOND), Standing.SOLD),
        (Claim(UNIT, "b", ClaimState.BLOCKED, None), Standing.BLOCKED),
    ],
)
def test_what_a_claim_makes_of_its_unit(claim: Claim, expected: Standing) -> None:
    assert standing(claim, NOW) is expected


def test_a_sale_whose_claim_has_not_heard_of_it_yet_is_not_free() -> None:
    assert standing(reserved(-1), NOW, confirmed={"b"}) is Standing.SOLD
    assert standing(reserved(-1), NOW, confirmed={"another"}) is Standing.FREE


def test_only_what_is_not_free_is_listed_and_the_rest_can_be_reclaimed() -> None:
    other = Unit(seat_pool("tomorrow"), "s.a5")
    claims = [reserved(-1, "late"), reserved(5, "early", other)]
    found = standings(claims, NOW)
    assert found == {other: Standing.HELD}
    assert in_pool(found, other.pool) == {"s.a5": Standing.HELD}
    assert in_pool(found, UNIT.pool) == {}
    assert lapsed_bookings(claims, NOW) == {"late"}


def test_numbered_units() -> None:
    units = Numbered(3)
    assert list(units) == ["1", "2", "3"]
    assert len(units) == 3
    assert "3" in units
    for name in ("0", "4", "01", "", "-1", "²", "a", 1):
        assert name not in units


def test_pools_are_kept_apart() -> None:
    day = date(2030, 1, 1)
    pools = {ids.pool_id("x"), seat_pool("x"), slot_pool("x", day), slot_pool("x", day + timedelta(days=1))}
    assert len(pools) == 4


def test_a_unit_knows_the_row_that_claims_it() -> None:
    assert UNIT.claim_id == ids.claim_id(UNIT.pool, "s.a5")
    assert len(UNIT.claim_id) <= ids.MAX_ID_LENGTH
    assert Unit.of_claim(UNIT.claim_id) == UNIT

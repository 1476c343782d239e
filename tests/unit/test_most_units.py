"""As much as one booking can have: what can be booked can be held, and more is refused at once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.bookings.hold import Held, HoldWish, hold
from boxoffice.bookings.results import Booked
from boxoffice.domain import holds
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.promos import pools_of
from boxoffice.domain.selection import SomeTime
from boxoffice.domain.units import MOST_UNITS
from boxoffice.ports import MOST_VALUES
from boxoffice.schema import Table

from tests.unit.opera import Opera
from tests.unit.shop import ANN

NINE = datetime(2030, 1, 7, 9, tzinfo=UTC)


def studio(duration: int) -> Opera:
    """A studio whose time is counted in parts of five minutes."""
    opera = Opera()
    opera.rows.tables[Table.SERVICES]["studio"].update(
        granularity=5, durations=[duration], step=60, capacity=10, prices=json.dumps({duration: 100}),
        hours='{"mon": ["09:00-24:00"]}',
    )  # fmt: skip
    opera.rows.tables[Table.EVENTS]["concert"]["holdsPerEvent"] = 5
    opera.rows.tables[Table.SERVICES]["studio"]["eventId"] = "concert"
    opera.rows.seed(
        Table.PROMO_CODES, "spring", code="SPRING", currency="INR", basisPoints=1_000,
        uses=100, usesPerUser=5,
    )  # fmt: skip
    return opera


def times(duration: int, *quantities: int) -> tuple[SomeTime, ...]:
    return tuple(
        SomeTime("studio", NINE + timedelta(hours=4 * at), duration, quantity)
        for at, quantity in enumerate(quantities)
    )


def keep(opera: Opera, wanted: tuple[SomeTime, ...], promo_code: str | None = None) -> Held:
    return asyncio.run(hold(opera.desk(), ANN, HoldWish(wanted, promo_code)))


def test_all_that_a_booking_can_claim_fits_into_one_call() -> None:
    policy = holds.HoldPolicy(per_event=1)
    beside = len(holds.open_hold_pools(policy, "concert", "ann")) + len(pools_of("spring", "ann"))
    assert MOST_UNITS + beside == MOST_VALUES


def test_as_much_as_is_allowed_can_be_held_with_every_limit_and_code_and_booked() -> None:
    opera = studio(240)
    kept = keep(opera, times(240, 2), "SPRING")
    assert sum(len(place.units) for place in kept.places) == MOST_UNITS
    assert len(opera.rows.all(Table.CLAIMS)) == MOST_VALUES
    other = studio(240)
    other.gateway.pay("pay_1", 180)
    assert isinstance(other.book(selections=times(240, 2), promo_code="SPRING"), Booked)


@pytest.mark.parametrize("wanted", [times(60, 5, 5), times(60, 9), times(485, 1)])
def test_more_is_refused_before_anything_is_written_or_paid_back(wanted: tuple[SomeTime, ...]) -> None:
    opera = studio(wanted[0].duration)
    opera.gateway.pay("pay_1", 1_000)
    before = opera.snapshot()
    with pytest.raises(Rejected) as held:
        keep(opera, wanted)
    booked = opera.failed(selections=wanted).error
    for refusal in (held.value, booked):
        assert refusal.code is Code.INVALID_QUANTITY
        assert refusal.details["field"] == ("duration" if wanted[0].duration == 485 else "quantity")
        assert refusal.details["allowed"]
    assert opera.snapshot() == before

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.catalogue import Catalogue
from boxoffice.domain.cancellation import CancellationPolicy, RefundStep
from boxoffice.domain.catalogue import Event
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Fatal
from boxoffice.domain.pricing.charges import NO_CHARGES, Charges, Fee, FeePer, Tax
from boxoffice.schema import Table

from tests.unit.shop import Shop

COLUMNS = (
    "feeBasisPoints",
    "feeFixed",
    "feePer",
    "ticketTaxBasisPoints",
    "ticketTaxIncluded",
    "feeTaxBasisPoints",
    "feeTaxIncluded",
    "refundSteps",
    "refundFees",
    "cancellationCutOffMinutes",
)


def event_of(shop: Shop) -> Event:
    catalogue = Catalogue(shop.rows, shop.listings, shop.time.timing)
    return asyncio.run(catalogue.event("concert"))


def event_with(**columns: Any) -> Event:
    shop = Shop()
    shop.rows.tables[Table.EVENTS]["concert"].update(columns)
    return event_of(shop)


def test_an_event_charges_nothing_and_has_no_policy_unless_it_says_so() -> None:
    event = event_with()
    assert event.charges == NO_CHARGES
    assert event.cancellation is None


def test_events_from_before_the_columns_existed() -> None:
    shop = Shop()
    for column in COLUMNS:
        del shop.rows.tables[Table.EVENTS]["concert"][column]
    assert event_of(shop) == event_with()


def test_a_rate_alone_changes_no_price() -> None:
    charges = event_with(ticketTaxBasisPoints=1_800, feeTaxBasisPoints=500).charges
    assert charges.ticket_tax == Tax(1_800, included=True)
    assert charges.fee_tax == Tax(500, included=True)


def test_everything_that_an_organiser_can_set() -> None:
    event = event_with(
        feeBasisPoints=250,
        feeFixed=1_000,
        feePer="ticket",
        ticketTaxBasisPoints=1_800,
        ticketTaxIncluded=True,
        feeTaxBasisPoints=1_800,
        feeTaxIncluded=False,
        refundSteps="168:100 24:50",
        refundFees=True,
        cancellationCutOffMinutes=90,
    )
    assert event.charges == Charges(
        Fee(250, 1_000, FeePer.TICKET), Tax(1_800, included=True), Tax(1_800, included=False)
    )
    assert event.cancellation == CancellationPolicy(
        (RefundStep(timedelta(hours=168), 10_000), RefundStep(timedelta(hours=24), 5_000)),
        timedelta(minutes=90),
        fees_refundable=True,
    )


@pytest.mark.parametrize(
    "columns",
    [{"feeBasisPoints": 10_001}, {"feePer": "seat"}, {"refundSteps": "soon"}, {"refundSteps": "1:50 2:60"}],
)
def test_an_event_that_makes_no_sense_is_not_sold(columns: dict[str, Any]) -> None:
    with pytest.raises(Fatal) as broken:
        event_with(**columns)
    assert broken.value.code is Code.SERVICE_UNAVAILABLE

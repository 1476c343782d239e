"""The audit of tickets that were given back: silent while the books balance, and each rule broken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table

from tests.unit.counter import BOOKING, Counter
from tests.unit.shop import PRICE


def one_of(shop: Counter, table: Table, **wanted: Any) -> dict[str, Any]:
    """The first row with these columns."""
    return next(row for row in shop.rows.all(table) if all(row[name] == wanted[name] for name in wanted))


def drop(shop: Counter, table: Table, **wanted: Any) -> None:
    del shop.rows.tables[table][one_of(shop, table, **wanted)["$id"]]


def repay(shop: Counter, refunded: int) -> None:
    shop.gateway.payments["pay_1"] = replace(shop.gateway.payments["pay_1"], refunded=refunded)


def claim_again(shop: Counter) -> None:
    unit = one_of(shop, Table.TICKETS, number=2)["unit"]
    claim = shop.rows.all(Table.CLAIMS)[0]
    name = ids.claim_id(claim["poolId"], unit)
    shop.rows.tables[Table.CLAIMS][name] = {**claim, "$id": name, "unit": unit, "ticket": 2}


BREAKS: dict[str, tuple[str, Callable[[Counter], object]]] = {
    "a cancelled ticket that is shown as valid": (
        "cancellations",
        lambda s: one_of(s, Table.TICKETS, number=2).update(status="valid"),
    ),
    "a valid ticket that is shown as cancelled": (
        "cancellations",
        lambda s: one_of(s, Table.TICKETS, number=1).update(status="cancelled"),
    ),
    "a place that was not returned": ("units", claim_again),
    "a fate that is gone": ("cancellations", lambda s: drop(s, Table.CHECKINS)),
    "a cancellation that is gone": ("cancellations", lambda s: drop(s, Table.CANCELLATIONS)),
    "a fate by nothing": (
        "cancellations",
        lambda s: one_of(s, Table.CHECKINS).update(by="cn-unknown"),
    ),
    "a refund that is not in the books": (
        "cancellations",
        lambda s: drop(s, Table.TRANSACTIONS, kind="refund"),
    ),
    "a refund of another amount": (
        "cancellations",
        lambda s: one_of(s, Table.TRANSACTIONS, kind="refund").update(amount=1),
    ),
    "an order that knows of nothing": (
        "cancellations",
        lambda s: one_of(s, Table.ORDERS).update(status=None, refunded=None),
    ),
    "a booking that is shown as cancelled": (
        "cancellations",
        lambda s: s.rows.tables[Table.BOOKINGS][BOOKING].update(status="cancelled"),
    ),
    "a payment that is shown as captured": (
        "money",
        lambda s: s.rows.tables[Table.BOOKINGS][BOOKING].update(paymentStatus="captured"),
    ),
    "money that did not leave": ("money", lambda s: repay(s, 0)),
    "money that left twice": ("money", lambda s: repay(s, 2 * PRICE)),
    "money that left altogether": (
        "money",
        lambda s: s.gateway.pay("pay_1", 3 * PRICE, state=PaymentState.REFUNDED, refunded=3 * PRICE),
    ),
    "a cancellation that nobody goes on with": (
        "final",
        lambda s: one_of(s, Table.CANCELLATIONS).update(checkAfter="2029-12-31T00:00:00.000+00:00"),
    ),
}


def given_back() -> Counter:
    """One of three tickets was given back, long ago."""
    shop = Counter()
    shop.cancelled(2)
    shop.settle()
    return shop


def test_silent_while_the_books_balance() -> None:
    shop = given_back()
    assert shop.audit() == []
    shop.cancelled()
    assert shop.audit() == []
    shop.settle()
    assert shop.audit() == []


@pytest.mark.parametrize("what", BREAKS)
def test_each_rule_broken_once(what: str) -> None:
    shop = given_back()
    rule, spoil = BREAKS[what]
    spoil(shop)
    assert rule in {violation.rule for violation in shop.audit()}

"""The audit: silent while the books balance, and each rule broken once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.audit import books
from boxoffice.audit.run import Sources, audit, audit_for
from boxoffice.domain import ids
from boxoffice.domain.payments import PaymentState
from boxoffice.schema import Table
from boxoffice.times import to_text

from tests.unit.opera import Opera, seats
from tests.unit.shop import NOW, POOL, PRICE, Shop, broken
from tests.unit.world import Killed

BOOKED, RETURNED = ids.booking_id("pay_1"), ids.booking_id("pay_2")


def shop_with_history() -> Shop:
    """One booking of two that stands and one that was rolled back, both long ago."""
    shop = Shop()
    shop.gateway.pay("pay_1", 2 * PRICE)
    shop.booked("pay_1", 2)
    shop.gateway.pay("pay_2", PRICE)
    shop.world.fail("put orders", broken)
    shop.failed("pay_2")
    shop.settle()
    return shop


def row(shop: Shop, table: Table, row_id: str) -> dict[str, Any]:
    return shop.rows.tables[table][row_id]


def first(shop: Shop, table: Table) -> dict[str, Any]:
    return shop.rows.all(table)[0]


def seed(shop: Shop, table: Table, row_id: str, **data: Any) -> None:
    shop.rows.tables[table][row_id] = {**first(shop, table), "$id": row_id, **data}


def lose(shop: Shop, table: Table) -> None:
    del shop.rows.tables[table][first(shop, table)["$id"]]


def pay(shop: Shop, payment_id: str, **other: Any) -> None:
    shop.gateway.pay(payment_id, 2 * PRICE, **other)


def lose_file(shop: Shop) -> None:
    shop.files.files.popitem()


def store_file(shop: Shop) -> None:
    asyncio.run(shop.files.store("qr-orphan", "x.png", b"", "ann"))
    shop.now += timedelta(minutes=20)


BREAKS: dict[str, tuple[str, Callable[[Shop], object]]] = {
    "a claim is missing": ("units", lambda s: lose(s, Table.CLAIMS)),
    "a claim too many": (
        "units",
        lambda s: seed(s, Table.CLAIMS, f"{POOL}.9", unit="9", poolId=POOL, ticket=9),
    ),
    "a unit that there is not": (
        "units",
        lambda s: seed(s, Table.CLAIMS, f"{POOL}.11", unit="11"),
    ),
    "a unit of another pool": ("units", lambda s: seed(s, Table.CLAIMS, "other.1", unit="1")),
    "a claim of another unit": (
        "units",
        lambda s: first(s, Table.TICKETS).update(unit="999"),
    ),
    "a ticket is missing": ("tickets", lambda s: lose(s, Table.TICKETS)),
    "a ticket of somebody else": (
        "tickets",
        lambda s: first(s, Table.TICKETS).update(userId="bob"),
    ),
    "no transaction": ("papers", lambda s: lose(s, Table.TRANSACTIONS)),
    "two transactions": ("papers", lambda s: seed(s, Table.TRANSACTIONS, "tx-2")),
    "an order of another price": (
        "papers",
        lambda s: first(s, Table.ORDERS).update(total=1),
    ),
    "no order": ("papers", lambda s: lose(s, Table.ORDERS)),
    "no outcome": ("outcome", lambda s: s.rows.tables[Table.OUTCOMES].pop(BOOKED)),
    "another outcome": (
        "outcome",
        lambda s: row(s, Table.OUTCOMES, BOOKED).update(outcome="ROLLED_BACK"),
    ),
    "rolled back, and confirmed": (
        "outcome",
        lambda s: row(s, Table.OUTCOMES, RETURNED).update(outcome="CONFIRMED"),
    ),
    "undecided for ever": (
        "final",
        lambda s: row(s, Table.BOOKINGS, BOOKED).update(status="pending"),
    ),
    "something is left": (
        "leftovers",
        lambda s: seed(s, Table.ORDERS, "or-left", bookingId=RETURNED),
    ),
    "a unit is still held": (
        "leftovers",
        lambda s: seed(s, Table.CLAIMS, f"{POOL}.8", unit="8", bookingId=RETURNED),
    ),
    "stands unpaid": (
        "money",
        lambda s: pay(s, "pay_1", state=PaymentState.AUTHORISED),
    ),
    "stands and was refunded": ("money", lambda s: pay(s, "pay_1", state=PaymentState.REFUNDED)),
    "stands and was partly refunded": ("money", lambda s: pay(s, "pay_1", refunded=1)),
    "another amount": ("money", lambda s: s.gateway.pay("pay_1", PRICE)),
    "kept after a rollback": ("money", lambda s: s.gateway.pay("pay_2", PRICE)),
    "a refund that was not made": (
        "money",
        lambda s: s.gateway.pay("pay_2", PRICE, state=PaymentState.AUTHORISED),
    ),
    "no such payment": ("money", lambda s: s.gateway.payments.pop("pay_1")),
    "money for no booking": ("money", lambda s: s.gateway.pay("pay_3", PRICE)),
    "a ticket of no booking": (
        "orphan",
        lambda s: seed(s, Table.TICKETS, "tk-x", bookingId="bk-nobody"),
    ),
    "a claim of no booking": (
        "orphan",
        lambda s: seed(s, Table.CLAIMS, f"{POOL}.7", unit="7", bookingId="zz-nobody"),
    ),
    "a booking is missing": ("orphan", lambda s: s.rows.tables[Table.BOOKINGS].pop(BOOKED)),
    "nobody can say how it ended": (
        "log",
        lambda s: s.rows.tables[Table.AUDIT_LOG].pop(ids.audit_entry_id(BOOKED, "booking.confirmed", "")),
    ),
    "money that came in without a word": (
        "log",
        lambda s: s.rows.tables[Table.AUDIT_LOG].pop(
            ids.audit_entry_id(ids.transaction_id(BOOKED), "payment.captured", "")
        ),
    ),
    "money that went out without a word": (
        "log",
        lambda s: s.rows.tables[Table.AUDIT_LOG].pop(
            ids.audit_entry_id(ids.transaction_id(RETURNED), "payment.refunded", "")
        ),
    ),
    "another amount than was taken": (
        "log",
        lambda s: s.rows.tables[Table.AUDIT_LOG][
            ids.audit_entry_id(ids.transaction_id(BOOKED), "payment.captured", "")
        ].update(amount=1),
    ),
    "an image is missing": ("files", lose_file),
    "an image too many": ("files", store_file),
}


def test_balanced_books_are_balanced() -> None:
    shop = shop_with_history()
    assert shop.audit() == []


@pytest.mark.parametrize("name", BREAKS)
@pytest.mark.parametrize("bookings_at_once", [500, 1])
def test_each_rule_is_seen_when_it_is_broken(
    name: str, bookings_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "BOOKINGS_AT_ONCE", bookings_at_once)
    shop = shop_with_history()
    rule, break_it = BREAKS[name]
    break_it(shop)
    found = shop.audit()
    assert rule in {violation.rule for violation in found}
    assert all(violation.rows and violation.sentence for violation in found)


def test_an_open_case_is_not_a_violation() -> None:
    shop = shop_with_history()
    shop.gateway.pay("pay_2", PRICE)
    row(shop, Table.BOOKINGS, RETURNED)["paymentStatus"] = "captured"
    first(shop, Table.ROLLBACK_REPORTS)["state"] = "needs_operator"
    assert [violation.rule for violation in shop.audit()] == ["log"], "that it has failed is a change too"
    entry = {"action": "refund.failed", "actor": "gateway", "amount": PRICE, "currency": "INR"}
    subject = ids.transaction_id(RETURNED)
    shop.rows.seed(Table.AUDIT_LOG, "al-1", **entry, subject=subject, bookingId=RETURNED, at=to_text(NOW))
    assert shop.audit() == []


def test_who_is_at_work_is_left_in_peace_until_the_sweep_should_have_come() -> None:
    shop = Shop()
    shop.gateway.pay("pay_1", PRICE)
    shop.world.fail("create tickets", Killed, last=10**9)
    with pytest.raises(Killed):
        shop.book()
    shop.world.faults.clear()
    assert shop.audit() == []
    shop.now += timedelta(minutes=7)
    assert [violation.rule for violation in shop.audit()] == ["final"]


def test_blocked_units_are_nobodys() -> None:
    shop = shop_with_history()
    taken = {claim["unit"] for claim in shop.rows.all(Table.CLAIMS)}
    free = next(str(unit) for unit in range(1, 11) if str(unit) not in taken)
    seed(shop, Table.CLAIMS, f"{POOL}.{free}", unit=free, bookingId="blocked-by-ann", state="BLOCKED")
    assert shop.audit() == []


def test_without_a_gateway_nobody_is_asked_about_money() -> None:
    shop = shop_with_history()
    shop.gateway.payments.clear()
    shop.world.calls.clear()
    found = asyncio.run(audit(Sources(shop.rows, shop.files, None)))
    assert (found.violations, found.bookings) == ([], 2)
    assert "fetch payment" not in shop.world.calls


def test_without_a_ledger_the_gateway_is_asked() -> None:
    shop = shop_with_history()
    shop.gateway.pay("pay_1", 2 * PRICE, state=PaymentState.AUTHORISED)
    found = asyncio.run(audit(Sources(shop.rows, shop.files, shop.gateway)))
    assert [violation.rule for violation in found.violations] == ["money"]


def test_an_audit_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "BOOKINGS_AT_ONCE", 1)
    shop = shop_with_history()
    for name in ("something is left", "no transaction", "an image too many"):
        BREAKS[name][1](shop)
    whole = asyncio.run(audit(Sources(shop.rows, shop.files, shop.gateway)))
    sources, cursor, found, parts = Sources(shop.rows, shop.files, shop.gateway), "", [], 0
    while True:
        part = asyncio.run(audit(sources, cursor, lambda result: False))
        found += part.violations
        parts += 1
        if not part.cursor:
            break
        cursor = part.cursor
    assert found == whole.violations
    assert parts > 2


def test_an_administrators_audit_is_the_same() -> None:
    shop = shop_with_history()
    BREAKS["no order"][1](shop)
    result = asyncio.run(audit_for(shop.desk(), ""))
    assert [violation.rule for violation in result.violations] == ["papers"]
    assert result.cursor == ""


class TestBlocks:
    def blocked(self) -> tuple[Opera, str]:
        """A block long ago."""
        opera = Opera()
        block_id = opera.block(seats("S-A1", "S-A2")).change.id
        opera.settle()
        return opera, block_id

    def test_a_block_is_no_orphan(self) -> None:
        opera, block_id = self.blocked()
        assert opera.audit() == []
        opera.unblock(block_id)
        opera.settle()
        assert opera.audit() == []

    def test_units_that_a_lifted_block_has(self) -> None:
        opera, block_id = self.blocked()
        row(opera, Table.UNIT_CHANGES, block_id)["state"] = "removed"
        assert [violation.rule for violation in opera.audit()] == ["leftovers"]

    def test_a_block_without_its_outcome(self) -> None:
        opera, block_id = self.blocked()
        del opera.rows.tables[Table.OUTCOMES][block_id]
        assert [violation.rule for violation in opera.audit()] == ["outcome"]

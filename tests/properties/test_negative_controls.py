"""Each guard switched off: the sequences that it is there for do fail then, so they prove something."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.bookings import draft, sale
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.results import Failed
from boxoffice.domain import ids
from boxoffice.domain.errors import BoxofficeError
from boxoffice.inventory import expiry
from boxoffice.ports import NewRow, Row
from boxoffice.recovery.results import Swept
from boxoffice.schema import Table

from scripts.project.config import load_project
from scripts.project.provision import provision
from scripts.project.shop import DATABASE
from tests.properties import world as world_module
from tests.properties.ending import conclusion
from tests.properties.hold_schedules import (
    HOLD_IS_OVER,
    HOLD_SCHEDULES,
    buys,
    hold_problems,
    paid,
    stops,
)
from tests.properties.schedules import SCHEDULES, SITUATIONS, problems_of
from tests.properties.world import World
from tests.support.local_server import ok

pytestmark = pytest.mark.local_only

Patch = pytest.MonkeyPatch


def fails(world: World, schedule: str, situation: str = "paid") -> bool:
    """Whether a sequence finds something wrong; it is over with the first."""
    return any(problems_of(world, SCHEDULES[schedule], SITUATIONS[situation]))


@contextmanager
def without_indexes(world: World, table: str, *keys: str) -> Iterator[None]:
    """The unique indexes of these names are gone while the block runs."""
    http = world.arena.http
    for key in keys:
        ok(http.delete(f"/tablesdb/{DATABASE}/tables/{table}/indexes/{key}"))
    try:
        yield
    finally:
        world.arena.clear()
        provision(http, load_project(), lambda line: None)


def hold_fails(world: World, schedule: str) -> bool:
    """Whether a sequence about holds finds something wrong; it is over with the first."""
    return any(hold_problems(world, HOLD_SCHEDULES[schedule]))


def everybody_wins(monkeypatch: Patch, contested: Table) -> None:
    """Whoever writes a row of this table is told that theirs is there, whatever is."""
    put_once = AppwriteRows.put_once

    async def put_anyway(self: AppwriteRows, table: Table, row: NewRow) -> Row:
        stored = await put_once(self, table, row)
        return {"$id": row.id, **row.data} if table is contested else stored

    monkeypatch.setattr(AppwriteRows, "put_once", put_anyway)


def test_without_the_outcome_row_a_zombie_sells_what_was_given_up(world: World, monkeypatch: Patch) -> None:
    everybody_wins(monkeypatch, Table.OUTCOMES)
    assert fails(world, "a zombie wakes")


def test_without_the_lease_of_a_hold_two_payments_pay_for_it(world: World, monkeypatch: Patch) -> None:
    everybody_wins(monkeypatch, Table.LEASES)
    assert hold_fails(world, "two payments meet")


def test_without_the_outcome_row_a_hold_is_paid_and_sold(world: World, monkeypatch: Patch) -> None:
    everybody_wins(monkeypatch, Table.OUTCOMES)
    assert hold_fails(world, "paid in the last moment")


def test_who_takes_over_without_an_outcome_takes_what_is_paid(world: World, monkeypatch: Patch) -> None:
    async def none_needed(rows: AppwriteRows, booking_ids: Sequence[str], execution_id: str) -> list[str]:
        return list(booking_ids)

    monkeypatch.setattr(expiry, "decide_expired", none_needed)
    assert hold_fails(world, "paid in the last moment")


def test_without_the_lease_a_hold_is_lost_that_is_just_being_paid(world: World, monkeypatch: Patch) -> None:
    async def nobody_pays(rows: AppwriteRows, booking_ids: Sequence[str]) -> list[str]:
        return list(booking_ids)

    monkeypatch.setattr(expiry, "_unpaid", nobody_pays)
    world.begin(capacity=2)
    payer = stops(world.book(paid(world)), 7)
    world.pass_time(HOLD_IS_OVER)
    buys(world).finish()
    payer.finish()
    assert isinstance(payer.result, Failed)
    assert conclusion(world) == []


def test_without_the_lease_a_sweep_disturbs_who_is_at_work(world: World, monkeypatch: Patch) -> None:
    monkeypatch.setattr(draft, "LEASE", timedelta(minutes=-5))
    assert fails(world, "a sweep comes early")


def test_without_one_row_for_each_payment_a_repetition_books_again(world: World, monkeypatch: Patch) -> None:
    monkeypatch.setattr(ids, "booking_id", lambda payment_id: f"bk-{secrets.token_hex(8)}")
    with without_indexes(world, "bookings", "payment", "reference"):
        assert fails(world, "a call is carried out, and the process dies")


def test_without_deterministic_ids_of_papers_there_are_two_of_each(world: World, monkeypatch: Patch) -> None:
    monkeypatch.setattr(ids, "order_id", lambda booking: f"or-{secrets.token_hex(8)}")
    assert fails(world, "a sweep meets a zombie")


def test_without_the_lookup_a_lost_answer_costs_the_booking(world: World, monkeypatch: Patch) -> None:
    async def none(self: AppwriteRows, table: Table, row_id: str, cause: BoxofficeError) -> None:
        return None

    async def nothing(self: AppwriteRows, table: Table, rows: Sequence[NewRow], owner: str) -> bool:
        return False

    monkeypatch.setattr(AppwriteRows, "_lookup", none)
    monkeypatch.setattr(AppwriteRows, "_all_written", nothing)
    assert fails(world, "a call is carried out, and its answer lost")


def test_without_repeating_an_undo_a_hiccup_makes_an_incomplete_rollback(
    world: World, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(sale, "_UNDO_POLICY", replace(sale._UNDO_POLICY, attempts=1))
    assert fails(world, "a call is refused with 503", "undone")


@pytest.mark.parametrize("schedule", ["everything dies", "a call is carried out, and the process dies"])
def test_without_the_sweep_a_death_leaves_half_a_booking(
    world: World, monkeypatch: Patch, schedule: str
) -> None:
    async def rest(desk: Desk, *rest: Any) -> Swept:
        return Swept()

    monkeypatch.setattr(world_module, "sweep", rest)
    assert fails(world, schedule)

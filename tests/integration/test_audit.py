"""`scripts/audit` against a live database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.project.shop import Customer, Event, execute
from tests.support.arena import Arena
from tests.support.audit import audit
from tests.support.local_server import ok

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with nothing sold."""
    return arena.shop.create_event({"Standing": (PRICE, 10)})


def test_balanced_books_exit_with_0(arena: Arena, customer: Customer, event: Event) -> None:
    for quantity in (1, 2):
        assert arena.shop.book(customer, event, "Standing", quantity).status == 200
    done = audit(arena)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 bookings" in done.stdout
    assert "the books balance" in done.stdout
    assert "units\t0" in done.stdout


def test_what_was_given_back_is_in_the_books(arena: Arena) -> None:
    customer, event = arena.shop.create_customer(), arena.shop.create_event({"Standing": (PRICE, 10)})
    booked = [arena.shop.book(customer, event, "Standing", 3).data for _ in range(2)]
    for booking, numbers in zip(booked, ([2], [1, 2, 3]), strict=True):
        body = {"bookingId": booking["bookingId"], "tickets": numbers}
        assert execute(arena.http, "cancel_booking", body).status == 200
    arena.settle()
    result = audit(arena)
    assert result.returncode == 0, result.stdout
    (refund, *_) = arena.shop.rows("transactions", kind="refund")
    ok(arena.http.delete(f"/tablesdb/boxoffice/tables/transactions/rows/{refund['$id']}"))
    result = audit(arena)
    assert result.returncode == 1
    assert "cancellations\t2" in result.stdout
    assert f"Booking {refund['bookingId']} has refunds of []" in result.stdout


def test_a_violation_exits_with_1_and_names_its_row(arena: Arena, customer: Customer, event: Event) -> None:
    assert arena.shop.book(customer, event, "Standing").status == 200
    (claim,) = arena.shop.rows("claims")
    ok(arena.http.delete(f"/tablesdb/boxoffice/tables/claims/rows/{claim['$id']}"))
    done = audit(arena)
    assert done.returncode == 1
    assert claim["bookingId"] in done.stdout
    assert "units\t1" in done.stdout


def test_money_is_asked_of_the_gateway_unless_told_otherwise(
    arena: Arena, customer: Customer, event: Event
) -> None:
    payment = arena.shop.pay(customer, PRICE)
    assert arena.shop.book(customer, event, "Standing", 1, payment).status == 200
    since = arena.last_request()
    assert audit(arena, "--no-payments").returncode == 0
    assert not [e for e in arena.requests(since=since) if e["path"].startswith("/razorpay")]
    assert audit(arena).returncode == 0
    assert [e["path"] for e in arena.requests(since=since) if e["path"].startswith("/razorpay")] == [
        f"/razorpay/v1/payments/{payment}",
        "/razorpay/v1/payments",
    ]


def test_the_gateways_list_shows_money_that_nobody_has_told_of(arena: Arena, customer: Customer) -> None:
    forgotten = arena.shop.pay(customer, PRICE)
    assert audit(arena).returncode == 0, "it may still be told"
    with arena.clock(3_600):
        done = audit(arena)
    assert done.returncode == 1
    assert f"Payment {forgotten} was taken for no booking." in done.stdout


def test_a_ledger_shows_money_that_was_taken_for_no_booking(
    arena: Arena, customer: Customer, event: Event, tmp_path: Path
) -> None:
    booked, forgotten = arena.shop.pay(customer, PRICE), arena.shop.pay(customer, PRICE)
    assert arena.shop.book(customer, event, "Standing", 1, booked).status == 200
    listed = [
        {"id": payment, "status": "captured", "amount": PRICE, "currency": "INR"}
        for payment in (booked, forgotten)
    ]
    ledger = tmp_path / "payments.json"
    ledger.write_text(json.dumps({"items": listed}))
    done = audit(arena, "--ledger", str(ledger))
    assert done.returncode == 1
    assert forgotten in done.stdout
    assert booked not in done.stdout
    ledger.write_text(json.dumps(listed[:1]))
    assert audit(arena, "--ledger", str(ledger)).returncode == 0


@pytest.mark.parametrize("options", [(), ("--ledger", "/nowhere.json")])
def test_books_that_cannot_be_read_exit_with_2(arena: Arena, options: tuple[str, ...]) -> None:
    done = audit(arena, *options, key="" if options else "standard_wrong")
    assert done.returncode == 2
    assert "could not be read" in done.stderr
    assert "Traceback" not in done.stderr

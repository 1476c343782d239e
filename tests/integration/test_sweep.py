"""The deployed sweep: what it makes of executions that died, who may start it, how much it gets through."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.domain import ids

from scripts.appwrite_http import RefusedError
from scripts.project.shop import DATABASE, Answer, Customer, Event, execute
from tests.support.arena import Arena
from tests.support.audit import audit
from tests.support.local_server import Http, ok

pytestmark = [pytest.mark.local_only, pytest.mark.usefixtures("clean")]

PRICE = 50_000
ROWS = "/v1/tablesdb/boxoffice/tables/{}/rows"
AFTER_THE_LEASE = 125.0


@pytest.fixture
def event(arena: Arena) -> Event:
    """An event with nothing sold."""
    return arena.shop.create_event({"Standing": (PRICE, 10)})


@pytest.fixture(scope="module")
def customer(arena: Arena) -> Customer:
    """Somebody who books."""
    return arena.shop.create_customer()


def dies(arena: Arena, customer: Customer, event: Event, table: str, when: str = "after", **pay: Any) -> str:
    """A payment whose booking's process died at its write to a table."""
    payment = arena.shop.pay(customer, PRICE, **pay)
    fault = {"kind": f"kill_function_{when}", "method": "POST", "path": ROWS.format(table)}
    with arena.faults({**fault, "fromFunctions": True, "nth": 1}):
        assert arena.shop.book(customer, event, "Standing", 1, payment).body == {}
    return payment


def swept(arena: Arena, seconds: float | None = None) -> dict[str, int]:
    """What one run did; only what it did."""
    if seconds is not None:
        arena.set_clock(seconds)
    answer = arena.sweep()
    assert answer.status == 200, answer
    return {name: count for name, count in answer.data.items() if count}


def movements(arena: Arena, payment: str) -> list[str]:
    """What became of a payment's money."""
    return [entry["movement"] for entry in arena.ledger() if entry["paymentId"] == payment]


@pytest.mark.parametrize("is_free", [False, True], ids=["refused", "for nothing"])
def test_a_payment_that_nobody_has_told_of_goes_back(arena: Arena, customer: Customer, is_free: bool) -> None:
    event = arena.shop.create_event({"Standing": (0 if is_free else PRICE, 10)})
    payment = arena.shop.pay(customer, PRICE, notes={"userId": customer.user_id})
    wrong = {} if is_free else {"promoCode": "MISSPELT"}
    answer = arena.shop.book(customer, event, "Standing", 1, payment, **wrong)
    assert answer.code == ("" if is_free else "PROMO_INVALID")
    assert swept(arena, 900)["paymentsFound"] == 1
    assert swept(arena, 3_600)["webhooksFinished"] == 1
    assert movements(arena, payment) == ["captured", "refunded"]
    assert audit(arena).returncode == 0


def test_a_paid_booking_that_died_is_finished_and_its_client_learns_it(
    arena: Arena, customer: Customer, event: Event
) -> None:
    payment = dies(arena, customer, event, "claims")
    assert arena.shop.book(customer, event, "Standing", 1, payment).code == "BOOKING_IN_PROGRESS"
    found = swept(arena, AFTER_THE_LEASE)
    assert (found["finished"], found["projected"], found["eventsRefreshed"]) == (1, 1, 1)
    arena.set_clock(0)
    answer = arena.shop.book(customer, event, "Standing", 1, payment)
    assert (answer.status, answer.body["replayed"]) == (200, True)
    assert arena.shop.rows("claims")[0]["state"] == "SOLD"
    assert arena.shop.rows("events")[0]["ticketsLeft"] == 9
    assert arena.books().violations([payment]) == []


def test_an_authorised_booking_that_died_is_undone_and_nothing_is_charged(
    arena: Arena, customer: Customer, event: Event
) -> None:
    payment = dies(arena, customer, event, "tickets", status="authorized")
    assert swept(arena, AFTER_THE_LEASE)["undone"] == 1
    assert movements(arena, payment) == []
    assert arena.books().violations([payment]) == []
    (report,) = arena.shop.rows("rollback_reports")
    assert (report["state"], report["failedStep"]) == ("complete", None)


def test_money_is_returned_when_its_owner_is_proven_by_the_account(
    arena: Arena, customer: Customer, event: Event
) -> None:
    payment = dies(arena, customer, event, "bookings")
    assert swept(arena, AFTER_THE_LEASE)["undone"] == 1
    assert movements(arena, payment) == ["captured", "refunded"]
    assert arena.books().violations([payment]) == []


def test_a_strangers_payment_stays_its_owners(arena: Arena, customer: Customer, event: Event) -> None:
    thief = arena.shop.create_customer("Mallory")
    payment = arena.shop.pay(customer, PRICE)
    with arena.faults(
        {"kind": "kill_function_after", "method": "POST", "path": ROWS.format("bookings"), "nth": 1},
    ):
        assert arena.shop.book(thief, event, "Standing", 1, payment).body == {}
    assert swept(arena, AFTER_THE_LEASE)["voided"] == 1
    assert movements(arena, payment) == ["captured"]
    arena.set_clock(0)
    assert arena.shop.book(customer, event, "Standing", 1, payment).status == 200


def test_clocks_that_are_half_a_minute_apart_take_nothing_from_an_execution(
    arena: Arena, customer: Customer, event: Event
) -> None:
    dies(arena, customer, event, "claims")
    assert swept(arena, 90 + 28) == {"remaining": 1, "waiting": 1, "eventsRefreshed": 1}
    assert swept(arena, 90 + 32)["finished"] == 1


def test_running_it_again_at_once_changes_nothing(arena: Arena, customer: Customer, event: Event) -> None:
    for table in ("bookings", "claims", "outcomes"):
        dies(arena, customer, event, table)
    dies(arena, customer, event, "tickets", status="authorized")
    assert arena.shop.book(customer, event, "Standing").status == 200
    swept(arena, AFTER_THE_LEASE)
    before = arena.stamps()
    assert len(before) > 10
    assert set(swept(arena)) <= {"remaining", "waiting"}
    assert arena.stamps() == before


def test_many_at_the_same_time_are_like_one(arena: Arena, customer: Customer, event: Event) -> None:
    payments = [dies(arena, customer, event, table) for table in ("bookings", "claims", "orders", "outcomes")]
    arena.set_clock(AFTER_THE_LEASE)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: arena.sweep(), range(6)))
    assert all(answer.status == 200 for answer in answers), answers
    arena.settle()
    assert arena.books().violations(payments) == []
    refunds = [movement for payment in payments for movement in movements(arena, payment)]
    assert refunds.count("refunded") == 1
    assert len(arena.shop.rows("rollback_reports")) == 1


def test_while_the_gateway_is_down_nothing_is_given_up(
    arena: Arena, customer: Customer, event: Event
) -> None:
    payment = dies(arena, customer, event, "claims")
    with arena.faults({"kind": "refuse", "status": 503, "path": f"/razorpay/v1/payments/{payment}"}):
        assert swept(arena, AFTER_THE_LEASE)["postponed"] == 1
        assert len(arena.shop.rows("claims")) == 1
        assert arena.shop.rows("outcomes") == []
    assert swept(arena, 10 * AFTER_THE_LEASE)["finished"] == 1


class TestWhoMayStartIt:
    def test_an_administrator(self, arena: Arena) -> None:
        admin = administrator(arena)
        assert execute(admin.http, "sweep", {}).status == 200

    def test_nobody_else(self, arena: Arena, customer: Customer) -> None:
        with pytest.raises(RefusedError) as refused:
            execute(customer.http, "sweep", {})
        assert refused.value.status == 401
        with pytest.raises(RefusedError):
            execute(Http.guest(arena.http.endpoint, arena.shop.project_id), "sweep", {})

    def test_a_session_that_was_taken_out_of_the_team(self, arena: Arena) -> None:
        admin = administrator(arena)
        for membership in ok(arena.http.get("/teams/admins/memberships"))["memberships"]:
            ok(arena.http.delete(f"/teams/admins/memberships/{membership['$id']}"))
        with pytest.raises(RefusedError):
            execute(admin.http, "sweep", {})


def test_a_long_backlog_drains_over_runs_that_each_end_in_time(
    arena: Arena, customer: Customer, event: Event
) -> None:
    assert arena.shop.book(customer, event, "Standing").status == 200
    (model,) = arena.shop.rows("bookings")
    count = 1_500
    for start in range(0, count, 100):
        rows = [interrupted(model, number) for number in range(start, start + 100)]
        ok(arena.http.post(f"/tablesdb/{DATABASE}/tables/bookings/rows", {"rows": rows}))
    answers: list[Answer] = []
    while not answers or answers[-1].data["remaining"]:
        answers.append(arena.sweep())
        assert answers[-1].execution["duration"] < 25
        assert answers[-1].data["examined"] > 0
    assert sum(answer.data["voided"] for answer in answers) == count
    assert [row["$id"] for row in arena.shop.rows("bookings")] == [model["$id"]]


def test_counters_of_windows_that_are_over_go_and_the_others_stay(arena: Arena) -> None:
    path = f"/tablesdb/{DATABASE}/tables/rate_limits/rows"
    for minutes, count in ((-60, 100), (-15, 50), (-5, 2), (1, 3)):
        ends = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        counters = [{"$id": f"rl{minutes}-{at}", "count": 6, "windowEnds": ends} for at in range(count)]
        ok(arena.http.post(path, {"rows": counters}))
    assert swept(arena) == {"limitsRemoved": 150}
    assert len(arena.shop.rows("rate_limits")) == 5
    assert swept(arena) == {}


def administrator(arena: Arena) -> Customer:
    """Somebody who has joined the team of administrators."""
    admin = arena.shop.create_customer("Ada")
    body = {"userId": admin.user_id, "roles": []}
    ok(arena.http.post("/teams/admins/memberships", body))
    return admin


def interrupted(model: dict[str, Any], number: int) -> dict[str, Any]:
    """A booking like `model`, whose execution died an hour ago before anything else was written."""
    payment = f"pay_never_{number}"
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="milliseconds")
    columns = {name: value for name, value in model.items() if not name.startswith("$")}
    return {
        **columns,
        "$id": ids.booking_id(payment),
        "reference": ids.reference(payment),
        "paymentId": payment,
        "paymentStatus": "none",
        "status": "pending",
        "attempt": str(number),
        "leaseUntil": past,
        "checkAfter": past,
    }

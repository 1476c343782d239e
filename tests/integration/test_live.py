"""Seats go before everybody's eyes: the claims of one event, told through Realtime to guests who listen."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from boxoffice.domain import ids

from scripts.project.shop import BOOK, DATABASE, HOLD, Customer, Event, Shop, execute
from tests.support.arena import Arena
from tests.support.local_server import ok
from tests.support.sockets import Listener, listening_at
from tests.support.target import Target
from tests.support.tools import CLIENTS, node_clients, tool

PLAN = {"sections": [{"id": "S", "rows": [{"rows": "A-O", "seats": "1-4", "category": "gold"}]}]}
CHANNEL = f"databases.{DATABASE}.tables.claims.rows"
COUNTS = f"databases.{DATABASE}.tables.availability.rows"
OF_EVENT = '{{"method":"equal","attribute":"eventId","values":["{}"]}}'
COLUMNS = {"poolId", "unit", "eventId", "bookingId", "state", "reservedUntil", "ticket", "label"}
COUNT_COLUMNS = {"eventId", "kind", "subjectId", "ticketsLeft"}
SUBSCRIBERS, BOOKINGS = 10, 15
MEDIAN_SECONDS = 0.05

Heard = tuple[float, dict[str, Any]]


@contextmanager
def guests_listen(
    target: Target, event: Event, guests: int, channel: str = CHANNEL
) -> Iterator[list[Listener]]:
    """Guests who want to hear of one event only."""
    wanted = json.dumps({"method": "equal", "attribute": "eventId", "values": [event.id]})
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(listening_at(target.endpoint, target.project_id)) for _ in range(guests)
        ]
        for listener in listeners:
            answer = listener.ask("subscribe", [{"channels": [channel], "queries": [wanted]}])
            assert answer["type"] == "response", answer
        yield listeners


def hear(listener: Listener, created: int) -> list[Heard]:
    """The next rows that are created, each with the moment at which it was heard of."""
    heard: list[Heard] = []
    while len(heard) < created:
        event = listener.event()
        if any(name.endswith(".create") for name in event["events"]):
            heard.append((time.monotonic(), event["payload"]))
    return heard


def test_every_booking_is_shown_to_everybody_who_listens_to_its_event(target: Target, shop: Shop) -> None:
    event, other = (shop.create_event({"Standing": (50_000, 100)}) for _ in range(2))
    customer = shop.create_customer()
    payments = [shop.pay(customer, 50_000) for _ in range(BOOKINGS)]
    answered: dict[str, float] = {}
    with (
        guests_listen(target, event, SUBSCRIBERS) as listeners,
        ThreadPoolExecutor(SUBSCRIBERS) as pool,
    ):
        hearing: list[Future[list[Heard]]] = [pool.submit(hear, each, BOOKINGS) for each in listeners]
        for payment in payments:
            shop.book(customer, other, "Standing")
            booked = shop.book(customer, event, "Standing", payment_id=payment)
            answered[booked.data["bookingId"]] = time.monotonic()
        heard = [each.result() for each in hearing]
    delays = []
    for told in heard:
        assert {row["bookingId"] for _, row in told} == set(answered)
        delays += [max(0.0, at - answered[row["bookingId"]]) for at, row in told]
        for _, row in told:
            assert {name for name in row if not name.startswith("$")} == COLUMNS
            assert row["poolId"] == ids.pool_id(event.kinds["Standing"].id)
            assert customer.user_id not in json.dumps(row)
    assert statistics.median(delays) < MEDIAN_SECONDS, sorted(delays)


def test_nobody_hears_of_what_says_something_about_a_person(target: Target, shop: Shop) -> None:
    event = shop.create_event({"Standing": (50_000, 100)})
    code = shop.create_promo_code(uses=5, usesPerUser=1)
    wanted = {"eventId": event.id, "ticketTypeName": "Standing", "quantity": 2, "promoCode": code}
    with guests_listen(target, event, 1) as (listener,):
        held = shop.hold(shop.create_customer(), wanted)
        shop.hold(shop.create_customer(), {**wanted, "quantity": 1, "promoCode": ""})
        heard = [row for _, row in hear(listener, 3)]
    # Two uses of the code, and a place among the user's holds, are claimed with the tickets.
    claims = shop.rows("claims", bookingId=held.data["bookingId"])
    assert sorted(row["ticket"] for row in claims) == [0, 0, 0, 1, 2]
    assert {row["poolId"] for row in heard} == {ids.pool_id(event.kinds["Standing"].id)}
    path = f"/tablesdb/{DATABASE}/tables/claims/rows"
    shown = ok(target.guest().get(path, params={"queries[0]": OF_EVENT.format(event.id)}))["rows"]
    assert sorted(row["ticket"] for row in shown) == [1, 1, 2]
    for row in claims:
        seen = target.guest().get(f"{path}/{row['$id']}").status_code
        assert seen == (200 if row["ticket"] else 404)


def test_what_is_given_back_is_shown_too(target: Target, shop: Shop) -> None:
    event = shop.create_event({"Standing": (50_000, 100)})
    assert shop.book(shop.create_customer(), event, "Standing", 3).status == 200
    claims = sorted(row["$id"] for row in shop.rows("claims", eventId=event.id))
    with guests_listen(target, event, 1) as (listener,):
        queries = [json.dumps({"method": "equal", "attribute": "eventId", "values": [event.id]})]
        ok(shop.http.delete(f"/tablesdb/{DATABASE}/tables/claims/rows", {"queries": queries}))
        told = [listener.event() for _ in claims]
    assert all(any(name.endswith(".delete") for name in each["events"]) for each in told)
    assert sorted(each["payload"]["$id"] for each in told) == claims


def counts_of(target: Target, event: Event) -> dict[tuple[str, str], int]:
    """What a guest reads to be left of an event, by kind and id."""
    path = f"/tablesdb/{DATABASE}/tables/availability/rows"
    rows = ok(target.guest().get(path, params={"queries[0]": OF_EVENT.format(event.id)}))["rows"]
    for row in rows:
        assert {name for name in row if not name.startswith("$")} == COUNT_COLUMNS
    return {(row["kind"], row["subjectId"]): row["ticketsLeft"] for row in rows}


@pytest.fixture
def quiet(arena: Arena, clean: None) -> Target:
    """A server with so few events that the sweep counts again what is left of all of them."""
    ready = arena.server.ready
    return Target(ready.endpoint, ready.project_id, ready.api_key, {})


def count_again(shop: Shop) -> None:
    assert execute(shop.http, "sweep", {}).status == 200


def change(shop: Shop, table: str, row_id: str, **columns: Any) -> None:
    ok(shop.http.patch(f"/tablesdb/{DATABASE}/tables/{table}/rows/{row_id}", {"data": columns}))


@pytest.mark.local_only
def test_what_is_left_of_an_event_is_shown_to_everybody_and_told_when_it_changes(
    quiet: Target, arena: Arena
) -> None:
    target, shop = quiet, arena.shop
    event = shop.create_event({"Standing": (50_000, 100), "Off": (50_000, 100)})
    change(shop, "ticket_types", event.kinds["Off"].id, onSale=False)
    showtime = shop.create_showtime(event.id, PLAN, {"gold": 50_000})
    standing, off = ("ticketType", event.kinds["Standing"].id), ("ticketType", event.kinds["Off"].id)
    whole, seats = ("event", event.id), ("showtime", showtime)
    with guests_listen(target, event, 1, COUNTS) as (listener,):
        count_again(shop)
        appeared = [listener.event()["payload"] for _ in range(4)]
        assert {row["subjectId"]: row["ticketsLeft"] for row in appeared} == {
            event.id: 160, event.kinds["Standing"].id: 100, event.kinds["Off"].id: 0, showtime: 60,
        }  # fmt: skip
        assert counts_of(target, event) == {whole: 160, standing: 100, off: 0, seats: 60}
        customers = [shop.create_customer() for _ in range(2)]
        for customer in customers:
            assert shop.book(customer, event, "Standing", 2).status == 200
        count_again(shop)
        # Two bookings, and one change of each row that shows them.
        told = [listener.event() for _ in range(2)]
        assert all(any(name.endswith(".update") for name in each["events"]) for each in told)
        after = {each["payload"]["subjectId"]: each["payload"]["ticketsLeft"] for each in told}
        assert after == {event.id: 156, event.kinds["Standing"].id: 96}
        assert not any(customer.user_id in json.dumps(told) for customer in customers)
        count_again(shop)
        assert listener.hears_nothing()
    # The permission is still there after the change.
    assert counts_of(target, event) == {whole: 156, standing: 96, off: 0, seats: 60}
    change(shop, "showtimes", showtime, status="draft")
    count_again(shop)
    assert counts_of(target, event) == {whole: 96, standing: 96, off: 0}
    change(shop, "events", event.id, status="cancelled")
    count_again(shop)
    assert counts_of(target, event) == {}


@pytest.mark.local_only
def test_nobody_reads_what_an_organiser_writes_and_nobody_writes_what_is_left(
    quiet: Target, arena: Arena
) -> None:
    target, shop = quiet, arena.shop
    event = shop.create_event({"Standing": (50_000, 100)}, conflictPolicy="priority")
    draft = shop.create_event({"Standing": (50_000, 100)}, status="draft")
    count_again(shop)
    assert counts_of(target, draft) == {}
    customer, path = shop.create_customer(), f"/tablesdb/{DATABASE}/tables"
    for http in (target.guest(), customer.http):
        of_event = ok(http.get(f"{path}/availability/rows/{event.id}"))
        assert (of_event["kind"], of_event["ticketsLeft"]) == ("event", 100)
        for table, row_id in (("events", event.id), ("ticket_types", event.kinds["Standing"].id)):
            assert http.get(f"{path}/{table}/rows/{row_id}").status_code == 404
        changed = http.patch(f"{path}/availability/rows/{event.id}", {"data": {"ticketsLeft": 1}})
        assert changed.status_code == 401
        assert http.delete(f"{path}/availability/rows/{event.id}").status_code == 401


@pytest.mark.local_only
def test_what_is_left_in_the_official_web_sdk(quiet: Target, arena: Arena) -> None:
    target, shop = quiet, arena.shop
    event = shop.create_event({"Standing": (50_000, 100)})
    count_again(shop)
    customer = shop.create_customer()
    request = {"eventId": event.id, "ticketTypeName": "Standing", "quantity": 3}
    wanted = {
        "chromium": tool("chromium", "chromium-browser", "google-chrome"), "endpoint": target.endpoint,
        "project": target.project_id, "key": target.api_key, "channel": COUNTS, "email": customer.email,
        "password": customer.password, "eventId": event.id,
        "body": {**request, "paymentId": shop.pay(customer, 150_000)},
    }  # fmt: skip
    done = subprocess.run(
        [tool("node"), CLIENTS / "counts.cjs"], input=json.dumps(wanted), capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "NODE_PATH": str(node_clients() / "node_modules")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    kinds = {event.id: 100, event.kinds["Standing"].id: 100}
    assert seen["read"] == kinds
    assert seen["heard"] == dict.fromkeys(kinds, 97)


def requests_of(shop: Shop, customer: Customer, event: Event, showtime: str) -> list[dict[str, Any]]:
    """In turn a booking of a ticket, a booking of two seats, and a hold of two seats."""
    requests: list[dict[str, Any]] = []
    for number in range(BOOKINGS):
        row = "ABCDEFGHIJKLMNO"[number]
        ticket = {"eventId": event.id, "ticketTypeName": "Standing", "quantity": 1}
        booked, held = ({"showtimeId": showtime, "seats": [f"{row}{n}", f"{row}{n + 1}"]} for n in (1, 3))
        requests += [
            {"functionId": BOOK, "body": {**ticket, "paymentId": shop.pay(customer, 50_000)}},
            {"functionId": BOOK, "body": {**booked, "paymentId": shop.pay(customer, 100_000)}},
            {"functionId": HOLD, "body": held},
        ]
    return requests


def test_in_the_official_web_sdk(target: Target, shop: Shop) -> None:
    chromium = tool("chromium", "chromium-browser", "google-chrome")
    modules = str(node_clients() / "node_modules")
    event = shop.create_event({"Standing": (50_000, 100)}, holdsPerUser=BOOKINGS)
    showtime = shop.create_showtime(event.id, PLAN, {"gold": 50_000})
    customer = shop.create_customer()
    wanted = {
        "chromium": chromium, "endpoint": target.endpoint, "project": target.project_id, "channel": CHANNEL,
        "email": customer.email, "password": customer.password, "eventId": event.id,
        "requests": requests_of(shop, customer, event, showtime),
    }  # fmt: skip
    done = subprocess.run(
        [tool("node"), CLIENTS / "live.cjs"], input=json.dumps(wanted), capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "NODE_PATH": modules},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["complaints"] == []
    assert len(seen["delays"]) == 3 * BOOKINGS
    for at, what in enumerate(("a booking", "a booking of seats", "a hold of seats")):
        delays = seen["delays"][at::3]
        print(f"{what} is seen after {statistics.median(delays):.0f} ms (median)")
        assert statistics.median(delays) < MEDIAN_SECONDS * 1000, (what, delays)

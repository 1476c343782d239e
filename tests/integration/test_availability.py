"""What is left, asked by guests through executions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boxoffice.domain import ids
from boxoffice.domain.pools import Unit, seat_pool, slot_pool

from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.shop import AVAILABILITY, DATABASE, Answer, Shop, execute
from tests.support.calls import entries_of
from tests.support.local_server import Http, ok, wait_until
from tests.support.published import as_published
from tests.support.target import Target

CACHE_SECONDS = 2.0
PLAN = {
    "sections": [
        {
            "id": "S", "rows": [{"rows": "A", "seats": "1-2 _ 3", "category": "gold"},
                                {"rows": "B", "seats": "1-4", "category": "side"}],
            "wheelchair": ["A1"], "disabled": ["B4"],
        }
    ]
}  # fmt: skip

Look = Callable[..., Answer]


@pytest.fixture
def look(target: Target) -> Look:
    """What a guest is told."""
    guest = target.guest()

    def ask(http: Http = guest, **query: Any) -> Answer:
        return as_published(execute(http, AVAILABILITY, query), "AvailabilitySuccess")

    return ask


def only(answer: Answer) -> dict[str, Any]:
    """The one thing that was asked about."""
    assert answer.status == 200, answer.body
    (pool,) = answer.data["pools"]
    found: dict[str, Any] = pool
    return found


def claim(shop: Shop, unit: Unit, event_id: str, state: str, until: datetime | None = None) -> None:
    shop.create_row("claims", unit.claim_id, {
        "poolId": unit.pool, "unit": unit.name, "eventId": event_id, "bookingId": f"bk-{unit.name}",
        "state": state, "reservedUntil": until.isoformat(timespec="milliseconds") if until else None,
    })  # fmt: skip


def fresh(look: Look, since: float, **query: Any) -> dict[str, Any]:
    """An answer that is not older than the moment `since` of the monotonic clock."""

    def younger() -> dict[str, Any] | None:
        asked = time.monotonic()
        found = only(look(**query))
        return found if found["ageMs"] / 1000 < asked - since else None

    found = wait_until(younger, seconds=3 * CACHE_SECONDS)
    assert found is not None
    return found


def test_guests_see_what_is_left_and_what_a_booking_has_taken(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 10), "Balcony": (90_000, 4)})
    found = only(look(eventId=event.id))
    assert {one["name"]: one["free"] for one in found["ticketTypes"]} == {"Standing": 10, "Balcony": 4}
    assert (found["kind"], found["free"], found["showtimes"]) == ("event", 14, [])
    assert shop.book(shop.create_customer(), event, "Standing", 3).status == 200
    booked = time.monotonic()
    later = fresh(look, booked, eventId=event.id)
    standing = next(one for one in later["ticketTypes"] if one["name"] == "Standing")
    assert (standing["free"], standing["held"] + standing["sold"], standing["blocked"]) == (7, 3, 0)
    assert (standing["price"], standing["currency"]) == (50_000, "INR")
    assert standing["poolId"] == ids.pool_id(event.kinds["Standing"].id)
    assert later["version"] != found["version"]


def test_an_answer_is_never_older_than_it_is_remembered_and_says_when_it_was_so(
    shop: Shop, look: Look
) -> None:
    event = shop.create_event({"Standing": (50_000, 10)})
    first = only(look(eventId=event.id))
    again = only(look(eventId=event.id))
    assert again["asOf"] == first["asOf"] or again["ageMs"] < first["ageMs"]
    for answer in (first, again):
        assert 0 <= answer["ageMs"] < CACHE_SECONDS * 1000
        age = datetime.now(UTC) - datetime.fromisoformat(answer["asOf"])
        assert timedelta(seconds=-31) < age < timedelta(seconds=60)


@pytest.mark.local_only
def test_a_warm_answer_costs_no_call_to_appwrite(shop: Shop, look: Look, local: Http) -> None:
    event = shop.create_event({"Standing": (50_000, 10)})

    def warm() -> Answer | None:
        answer = look(eventId=event.id)
        asked = entries_of(local, answer.execution["$id"], "none")
        return answer if not asked and only(answer)["ageMs"] > 0 else None

    assert wait_until(warm, seconds=3 * CACHE_SECONDS)


def test_a_crowd_costs_one_read(shop: Shop, look: Look, target: Target) -> None:
    event = shop.create_event({"Standing": (50_000, 10)})
    guests = [target.guest() for _ in range(16)]
    with ThreadPoolExecutor(len(guests)) as pool:
        answers = list(pool.map(lambda guest: only(look(guest, eventId=event.id)), guests))
    assert {answer["free"] for answer in answers} == {10}
    assert len({answer["version"] for answer in answers}) == 1


def test_the_map_of_a_hall(shop: Shop, look: Look) -> None:
    event = shop.create_event({})
    showtime = shop.create_showtime(event.id, PLAN, {"gold": 90_000})
    shop.create_kind(event.id, "Behind the stage", 10_000, 5, showtimeId=showtime)
    pool = seat_pool(showtime)
    soon = datetime.now(UTC) + timedelta(minutes=10)
    claim(shop, Unit(pool, "s.a1"), event.id, "SOLD")
    claim(shop, Unit(pool, "s.a3"), event.id, "RESERVED", soon)
    claim(shop, Unit(pool, "s.b2"), event.id, "BLOCKED")
    found = only(look(showtimeId=showtime, layout=True))
    assert [(row["section"], row["row"], row["states"]) for row in found["map"]] == [
        ("S", "A", "sfh"), ("S", "B", "xbxx"),
    ]  # fmt: skip
    assert found["layout"][0] == {
        "seats": ["A1", "A2", "A3"], "columns": [0, 1, 3], "categories": ["gold"] * 3, "wheelchair": ["A1"],
    }  # fmt: skip
    assert found["seats"]["poolId"] == pool
    assert {one["category"]: (one["free"], one["price"]) for one in found["seats"]["categories"]} == {
        "gold": (1, 90_000), "side": (0, None),
    }  # fmt: skip
    assert [one["name"] for one in found["ticketTypes"]] == ["Behind the stage"]
    assert (found["free"], found["seats"]["onSale"]) == (1 + 5, True)
    (of_event,) = only(look(eventId=event.id))["showtimes"]
    assert (of_event["showtimeId"], of_event["free"], of_event["total"]) == (showtime, 1, 6)


def test_what_a_hold_would_refuse_is_not_free(shop: Shop, look: Look) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="milliseconds")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds")
    over = shop.create_event({"Standing": (50_000, 5)}, startsAt=yesterday)
    showtime = shop.create_showtime(over.id, PLAN, {"gold": 90_000, "side": 1}, startsAt=yesterday)
    event = shop.create_event({"Standing": (50_000, 5)})
    shop.create_kind(event.id, "Ended", 100, 9, salesEnd=yesterday)
    shop.create_kind(event.id, "Later", 100, 9, salesStart=tomorrow)
    shop.create_kind(event.id, "Off", 100, 9, onSale=False)
    customer = shop.create_customer()
    for wanted, code in (
        ({"eventId": over.id, "ticketTypeName": "Standing"}, "EVENT_PAST"),
        ({"showtimeId": showtime}, "EVENT_PAST"),
        ({"eventId": event.id, "ticketTypeName": "Ended"}, "SALES_CLOSED"),
        ({"eventId": event.id, "ticketTypeName": "Later"}, "SALES_CLOSED"),
        ({"eventId": event.id, "ticketTypeName": "Off"}, "TICKET_TYPE_UNAVAILABLE"),
    ):
        seats = {"seats": ["A1"]} if "showtimeId" in wanted else {"quantity": 1}
        assert shop.hold(customer, {**wanted, **seats}).code == code
    past = only(look(eventId=over.id))
    assert (past["free"], [one["onSale"] for one in past["ticketTypes"]]) == (0, [False])
    found = only(look(showtimeId=showtime))
    assert (found["free"], found["seats"]["onSale"]) == (0, False)
    assert [row["states"] for row in found["map"]] == ["xxx", "xxxx"]
    now = only(look(eventId=event.id))
    assert {one["name"]: (one["onSale"], one["free"]) for one in now["ticketTypes"]} == {
        "Standing": (True, 5), "Ended": (False, 0), "Later": (False, 0), "Off": (False, 0),
    }  # fmt: skip
    assert now["free"] == 5


@pytest.mark.local_only
def test_a_sale_ends_in_what_is_remembered_too(shop: Shop, look: Look, local: Http) -> None:
    def ended_while_remembered() -> bool:
        ends = datetime.now(UTC) + timedelta(seconds=1.2)
        event = shop.create_event({})
        shop.create_kind(event.id, "Early", 1, 5, salesEnd=ends.isoformat(timespec="milliseconds"))
        before = only(look(eventId=event.id))
        wait_until(lambda: datetime.now(UTC) >= ends)
        answer = look(eventId=event.id)
        after = only(answer)
        assert (after["free"], after["ticketTypes"][0]["onSale"]) == (0, False)
        if after["asOf"] != before["asOf"]:
            return False
        assert (before["free"], before["ticketTypes"][0]["onSale"]) == (5, True)
        assert after["version"] != before["version"]
        return entries_of(local, answer.execution["$id"], "none") == []

    # On a slow machine the picture may have been read again.
    assert wait_until(ended_while_remembered)


def test_one_wrong_showtime_takes_nothing_else_off_the_market(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 5)})
    for status in ("draft", "published"):
        shop.create_showtime(event.id, {"sections": []}, {"gold": 1}, status=status)
    found = only(look(eventId=event.id))
    assert (found["free"], found["showtimes"]) == (5, [])


def test_the_open_slots_of_a_day(shop: Shop, look: Look) -> None:
    service, day = shop.create_service(), (datetime.now(UTC) + timedelta(days=7)).date()
    claim(shop, Unit(slot_pool(service, day), "1015-1"), service, "SOLD")
    found = only(look(serviceId=service, day=day.isoformat(), duration="60"))
    starts = [datetime.fromisoformat(slot["startsAt"]) for slot in found["slots"]]
    assert [(at.date(), at.hour, at.minute) for at in starts] == [(day, 9, 0), (day, 11, 0)]
    assert (found["price"], found["poolIds"], found["zone"]) == (100_000, [slot_pool(service, day)], "UTC")
    refused = look(serviceId=service, day=day.isoformat(), duration=45)
    assert (refused.code, refused.body["details"]["field"]) == ("VALIDATION_ERROR", "duration")


def test_many_things_in_one_call_in_their_order(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 10)})
    service = shop.create_service()
    day = (datetime.now(UTC) + timedelta(days=7)).date()
    answer = look(
        pools=[{"serviceId": service, "day": day.isoformat(), "duration": 60}, {"eventId": event.id}]
    )
    assert [pool["kind"] for pool in answer.data["pools"]] == ["service", "event"]


def test_a_reservation_that_has_ended_is_free_unless_it_was_paid(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 3)})
    pool = ids.pool_id(event.kinds["Standing"].id)
    over = datetime.now(UTC) - timedelta(minutes=5)
    paid = f"bk-{event.id}"
    for number, booking in (("1", paid), ("2", f"{paid}-x")):
        row = {"poolId": pool, "unit": number, "eventId": event.id, "bookingId": booking, "state": "RESERVED"}
        at = over.isoformat(timespec="milliseconds")
        shop.create_row("claims", f"{pool}.{number}", {**row, "reservedUntil": at})
    shop.create_row("outcomes", paid, {"outcome": "CONFIRMED", "attempt": "x"})
    (standing,) = only(look(eventId=event.id))["ticketTypes"]
    assert (standing["free"], standing["sold"], standing["held"]) == (2, 1, 0)


def test_a_version_that_is_not_current_any_more_is_refused(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 3)})
    version = only(look(eventId=event.id))["version"]
    assert only(look(eventId=event.id, version=version))["version"] == version
    claim(shop, Unit(ids.pool_id(event.kinds["Standing"].id), "1"), event.id, "BLOCKED")
    now = fresh(look, time.monotonic(), eventId=event.id)["version"]
    refused = look(pools=[{"eventId": event.id, "version": version}])
    assert (refused.status, refused.code) == (409, "CONFLICT_ERROR")
    details = refused.body["details"]
    assert (details["conflict"]["kind"], details["version"]) == ("VERSION_CONFLICT", now)
    assert details["field"] == "pools.0.version"
    for advice in (refused.body, details["conflict"]):
        assert (advice["retryable"], advice["retryAfter"]) == (False, None)
        assert advice["suggestedAction"] == "Read the availability again and choose from it."


def test_a_version_notices_what_the_organiser_changes(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 5)})
    kind = event.kinds["Standing"].id
    version = only(look(eventId=event.id))["version"]
    changed = {"capacity": 2, "price": 99_900, "onSale": False}
    ok(shop.http.patch(f"/tablesdb/{DATABASE}/tables/ticket_types/rows/{kind}", {"data": changed}))

    def refused() -> Answer | None:
        answer = look(eventId=event.id, version=version)
        return answer if answer.status != 200 else None

    # A warm function hears of it within ten seconds.
    refusal = wait_until(refused, seconds=20)
    assert refusal is not None
    assert refusal.body["details"]["conflict"]["kind"] == "VERSION_CONFLICT"


def test_a_thing_is_asked_about_once_and_its_version_with_it(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 5)})
    version = only(look(eventId=event.id))["version"]
    for query, field in (
        ({"pools": [{"eventId": event.id}], "version": version}, "version"),
        ({"pools": [{"eventId": event.id}] * 2}, "pools.1"),
    ):
        refused = look(**query)
        assert (refused.code, refused.body["details"]["field"]) == ("VALIDATION_ERROR", field)


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_what_is_not_published_is_refused(shop: Shop, look: Look, status: str) -> None:
    event = shop.create_event({"Standing": (50_000, 3)}, status=status)
    refused = look(eventId=event.id)
    assert (refused.status, refused.code) == (409, "EVENT_NOT_PUBLISHED")
    published = shop.create_event({})
    showtime = shop.create_showtime(published.id, PLAN, {}, status=status)
    assert look(showtimeId=showtime).code == "EVENT_NOT_PUBLISHED"
    assert only(look(eventId=published.id))["showtimes"] == []


@pytest.mark.parametrize("field", ["eventId", "showtimeId"])
def test_what_does_not_exist_is_named(look: Look, field: str) -> None:
    refused = look(**{field: "nothing"})
    assert (refused.status, refused.code, refused.body["details"]["field"]) == (404, "NOT_FOUND_ERROR", field)


def test_signed_in_users_and_servers_may_ask_too(shop: Shop, look: Look) -> None:
    event = shop.create_event({"Standing": (50_000, 3)})
    for http in (shop.create_customer().http, shop.http):
        assert only(look(http, eventId=event.id))["free"] == 3


def test_claims_can_be_read_by_anybody_and_written_by_nobody(shop: Shop, target: Target) -> None:
    event = shop.create_event({"Standing": (50_000, 3)})
    customer = shop.create_customer()
    assert shop.book(customer, event, "Standing").status == 200
    guest, path = target.guest(), f"/tablesdb/{DATABASE}/tables/claims/rows"
    mine = json.dumps({"method": "equal", "attribute": "eventId", "values": [event.id]})
    (row,) = ok(guest.get(path, params={"queries[0]": mine}))["rows"]
    columns = {name for name in row if not name.startswith("$")}
    assert columns == {
        *("poolId", "unit", "eventId", "bookingId", "state", "reservedUntil", "ticket", "label")
    }
    said = json.dumps(row)
    assert customer.user_id not in said
    assert customer.email not in said
    assert guest.delete(f"{path}/{row['$id']}").status_code == 401
    assert customer.http.patch(f"{path}/{row['$id']}", {"data": {"state": "SOLD"}}).status_code == 401
    for table in ("bookings", "outcomes", "tickets", "orders", "transactions"):
        refused = guest.get(f"/tablesdb/{DATABASE}/tables/{table}/rows")
        assert refused.status_code == 401 or ok(refused)["rows"] == []


@contextmanager
def deployed_with(target: Target, **variables: str) -> Iterator[None]:
    """The function with other variables for a while."""
    project = load_project()
    functions = tuple(each for each in project.functions if each["$id"] == AVAILABILITY)
    alone = replace(project, functions=functions)
    deploy_functions(target.http(), alone, {**target.variables, **variables}, lambda line: None)
    try:
        yield
    finally:
        back = dict.fromkeys(variables, "")
        deploy_functions(target.http(), alone, {**target.variables, **back}, lambda line: None)


@pytest.mark.local_only
def test_named_events_are_looked_at_every_minute(shop: Shop, look: Look, local: Http, target: Target) -> None:
    event = shop.create_event({"Standing": (50_000, 3)})
    with deployed_with(target, AVAILABILITY_WARM_EVENTS=event.id, AVAILABILITY_CACHE_SECONDS="60"):
        execute(target.guest(), AVAILABILITY, "", headers={"X-Appwrite-Trigger": "schedule"})
        answer = look(eventId=event.id)
        assert entries_of(local, answer.execution["$id"], "none") == []

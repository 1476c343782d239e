"""What a re-implementer of rows gets wrong, one test each; the contract's transcripts have the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.local_server import Http, ok
from tests.support.tables import Rows, table

COLUMNS: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "size": 40},
    "qty": {"type": "integer", "min": 0, "max": 10},
    "price": {"type": "float"},
    "tags": {"type": "string", "size": 10, "array": True},
}


@pytest.fixture
def rows(http: Http) -> Iterator[Rows]:
    with table(http, COLUMNS, unique="name") as made:
        yield made


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


def query(method: str, attribute: str = "", *values: Any) -> str:
    return json.dumps({"method": method, "attribute": attribute, "values": list(values)})


def ids(rows: Rows, *queries: str) -> list[str]:
    return [row["$id"] for row in ok(rows.http.get(rows.path, params={"queries[]": queries}))["rows"]]


def test_a_counter_answers_with_the_old_time_so_that_the_next_swap_fails(rows: Rows) -> None:
    made = ok(rows.create("r", qty=1))
    counted = ok(rows.add("r", "qty"))
    assert counted["$updatedAt"] == made["$updatedAt"] < ok(rows.get("r"))["$updatedAt"]
    assert refusal(rows.update("r", since=counted["$updatedAt"], qty=5)) == (409, "row_update_conflict")


def test_every_change_has_a_later_time_than_the_one_before(rows: Rows) -> None:
    times = [ok(rows.create("r", qty=0))["$updatedAt"]]
    times += [ok(rows.update("r", qty=number))["$updatedAt"] for number in range(1, 9)]
    assert times == sorted(set(times))


def test_a_counter_ignores_the_columns_range_and_then_blocks_ordinary_updates(rows: Rows) -> None:
    ok(rows.create("r", qty=10))
    assert ok(rows.add("r", "qty"))["qty"] == 11
    assert refusal(rows.update("r", name="x")) == (400, "row_invalid_structure")


def test_a_null_counter_is_answered_as_a_number_and_stays_null(rows: Rows) -> None:
    ok(rows.create("r", name="x"))
    assert ok(rows.add("r", "qty", 3))["qty"] == 3
    assert ok(rows.get("r"))["qty"] is None


def test_an_update_through_another_spelling_renames_the_id(rows: Rows) -> None:
    ok(rows.create("Row", qty=1))
    assert ok(rows.update("ROW", qty=2))["$id"] == "ROW"
    assert ids(rows) == ["ROW"]


def test_an_upsert_that_collides_with_a_unique_value_overwrites_the_other_row(rows: Rows) -> None:
    ok(rows.create("one", name="taken", qty=1))
    answer = rows.http.put(f"{rows.path}/two", {"data": {"name": "Taken", "qty": 9}})
    assert (answer.status_code, answer.json()["$id"]) == (200, "two")
    assert [(row["$id"], row["qty"]) for row in rows.all()] == [("one", 9)]


def test_a_bulk_update_into_a_unique_violation_fails_and_changes_nothing(rows: Rows) -> None:
    ok(rows.create_many([{"$id": "a", "name": "a"}, {"$id": "b", "name": "b"}]))
    assert rows.http.patch(rows.path, {"data": {"name": "same"}}).status_code == 500
    assert [row["name"] for row in rows.all()] == ["a", "b"]


def test_a_list_that_was_never_set_is_null_until_the_row_is_updated(rows: Rows) -> None:
    ok(rows.create("r", qty=1))
    assert ids(rows, query("isNull", "tags")) == ["r"]
    ok(rows.update("r", qty=2))
    assert ids(rows, query("isNull", "tags")) == []


def test_bulk_changes_are_refused_to_users(rows: Rows, guest: Http) -> None:
    mine = rows.by(guest)
    assert refusal(mine.create_many([{"name": "x"}])) == (401, "general_unauthorized_scope")
    assert refusal(guest.patch(rows.path, {"data": {"qty": 1}})) == (404, "database_not_found")
    assert refusal(guest.put(rows.path, {"rows": []})) == (404, "database_not_found")
    assert refusal(guest.delete(rows.path)) == (404, "database_not_found")


def test_a_cursor_at_a_null_of_the_order_is_refused(rows: Rows) -> None:
    ok(rows.create_many([{"$id": "a"}, {"$id": "b", "qty": 1}]))
    answer = rows.http.get(
        rows.path, params={"queries[]": [query("orderAsc", "qty"), query("cursorAfter", "", "a")]}
    )
    assert refusal(answer) == (400, "database_query_order_null")


def test_searches_know_words_their_beginnings_and_phrases(rows: Rows) -> None:
    ok(rows.http.post(f"{rows.path.removesuffix('/rows')}/indexes",
                      {"key": "words", "type": "fulltext", "columns": ["name"]}))  # fmt: skip
    ok(rows.create_many([
        {"$id": "a", "name": "Grüne Äpfel vom Baum"},
        {"$id": "b", "name": "the apple tree"},
        {"$id": "c", "name": "tree of apples"},
        {"$id": "d"},
    ]))  # fmt: skip
    assert ids(rows, query("search", "name", "appl")) == ["b", "c"]
    assert ids(rows, query("search", "name", "apfel tree")) == ["a", "b", "c"]
    assert ids(rows, query("search", "name", '"apple tree"')) == ["b"]
    assert ids(rows, query("search", "name", "the")) == []
    assert ids(rows, query("notSearch", "name", "tree")) == ["a", "d"]


@pytest.mark.parametrize(
    "body", [b'{"data":{"price":NaN}}', b'{"data":{"name":"\\ud800"}}', b'\xff{"data":1}']
)
def test_a_body_that_is_not_quite_json_counts_as_empty(rows: Rows, body: bytes) -> None:
    ok(rows.create("r", qty=1))
    answer = rows.http.session.patch(
        f"{rows.http.endpoint}{rows.path}/r", data=body, headers={"content-type": "application/json"}
    )
    assert refusal(answer) == (400, "row_missing_payload")


def test_transactions_and_operators_say_that_they_are_not_emulated(rows: Rows) -> None:
    ok(rows.create("r", qty=1))
    staged = rows.http.post(rows.path, {"rowId": "s", "data": {"qty": 1}, "transactionId": "t"})
    operated = rows.update("r", qty='{"method":"increment","attribute":"","values":[1]}')
    assert refusal(staged) == refusal(operated) == (501, "general_route_not_emulated")


def test_a_cursor_may_name_a_row_that_the_caller_cannot_read(rows: Rows, guest: Http) -> None:
    table_path = rows.path.removesuffix("/rows")
    ok(rows.http.put(table_path, {"name": "t", "rowSecurity": True}))
    ok(rows.create("hidden", qty=1))
    ok(rows.http.post(rows.path, {"rowId": "seen", "data": {"qty": 2}, "permissions": ['read("any")']}))
    assert ids(rows.by(guest), query("cursorAfter", "", "hidden")) == ["seen"]


def test_an_empty_object_is_an_empty_list(rows: Rows) -> None:
    assert ok(rows.create("r", tags={}))["tags"] == []
    assert refusal(rows.update("r", tags={"a": "b"})) == (400, "row_invalid_structure")


def test_an_upsert_with_the_same_permissions_in_another_order_changes_nothing(rows: Rows) -> None:
    given = ['read("any")', 'update("users")']
    data = {"name": "a", "qty": 1, "price": 2, "tags": []}
    first = ok(rows.http.put(f"{rows.path}/r", {"data": data, "permissions": given}))
    again = ok(rows.http.put(f"{rows.path}/r", {"data": data, "permissions": given[::-1]}))
    assert again == first


def test_the_header_of_compare_and_swap_is_read_before_the_body(rows: Rows) -> None:
    wrong = {"x-appwrite-timestamp": "some day"}
    for send in (rows.http.patch, rows.http.put):
        assert refusal(send(f"{rows.path}/r", {}, headers=wrong)) == (400, "general_argument_invalid")

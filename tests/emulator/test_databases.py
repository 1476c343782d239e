"""Definitions beyond the transcripts: values of every type, changes under rows, and what a refusal leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.local_server import Http, LocalServer, ok
from tests.support.tables import table

DATABASE = "definitions"
TABLES = f"/tablesdb/{DATABASE}/tables"


@pytest.fixture
def tables(http: Http) -> Iterator[Http]:
    """A caller with an empty database under `TABLES`."""
    ok(http.post("/tablesdb", {"databaseId": DATABASE, "name": "Definitions"}))
    yield http
    ok(http.delete(f"/tablesdb/{DATABASE}"))


@pytest.fixture
def people(tables: Http) -> str:
    """The path of an empty table with a text `name` of 40 and a number `age`."""
    ok(tables.post(TABLES, {"tableId": "people", "name": "People"}))
    path = f"{TABLES}/people"
    ok(tables.post(f"{path}/columns/string", {"key": "name", "size": 40, "required": False}))
    ok(tables.post(f"{path}/columns/integer", {"key": "age", "required": False}))
    return path


def refusal(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("type", "")


def add(http: Http, path: str, row_id: str, **data: Any) -> requests.Response:
    return http.post(f"{path}/rows", {"rowId": row_id, "data": data or {"name": None}})


KEPT = [
    ("string", {"size": 3}, "ß😀é"),
    ("longtext", {}, "x" * 100_000),
    ("integer", {"max": 2_147_483_648}, 2_147_483_648),
    ("bigint", {}, -9_223_372_036_854_775_808),
    ("float", {}, 1e300),
    ("boolean", {}, True),
    ("email", {}, '"odd name"@sub.example.co'),
    ("email", {}, "a.b+c@xn--bcher-kva.example"),
    ("ip", {}, "::ffff:192.0.2.1"),
    ("url", {}, "http://localhost:8080/a?b=%20#c"),
    ("url", {}, "mailto:a@example.com"),
    ("enum", {"elements": ["a b", "ä"]}, "ä"),
    ("integer", {"array": True}, [1, None, -1]),
    ("datetime", {"array": True}, ["2030-01-02T03:04:05.678+00:00", None]),
]
CHANGED = [
    ("bigint", {}, "007", 7),
    ("float", {}, 10.0, 10),
    ("float", {"array": True}, [1.0, 1.5], [1, 1.5]),
    ("datetime", {}, "2030-02-30", "2030-03-02T00:00:00.000+00:00"),
    ("datetime", {}, "2030-05-06T24:00:00Z", "2030-05-07T00:00:00.000+00:00"),
    ("datetime", {}, "20300506T070809-0130", "2030-05-06T08:38:09.000+00:00"),
    ("datetime", {}, "2030-05-06 07:08:09.98765", "2030-05-06T07:08:09.987+00:00"),
    ("datetime", {}, "@1900000000", "2030-03-17T17:46:40.000+00:00"),
]
REFUSED = [
    ("string", {"size": 3}, "abcd"),
    ("string", {"size": 3}, ["a"]),
    ("string", {"size": 3, "array": True}, {"0": "a"}),
    ("varchar", {"size": 2}, "abc"),
    ("integer", {"max": 10}, True),
    ("integer", {"max": 2_147_483_647, "min": -9_000_000_000}, -3_000_000_000),
    ("integer", {}, -9_223_372_036_854_775_808),
    ("bigint", {}, 9_223_372_036_854_775_808),
    ("bigint", {}, "1.0"),
    ("bigint", {"max": 5}, "6"),
    ("float", {"min": 0.5}, 0.25),
    ("float", {}, False),
    ("boolean", {}, 0),
    ("datetime", {}, "2030-13-01"),
    ("datetime", {}, "0999-12-31"),
    ("datetime", {}, "9999-12-31T23:59:59.5Z"),
    ("datetime", {}, ""),
    ("email", {}, "a@b"),
    ("email", {}, "a..b@example.com"),
    ("email", {}, "a@-example.com"),
    ("email", {}, ""),
    ("ip", {}, "fe80::1%eth0"),
    ("ip", {}, "01.2.3.4"),
    ("url", {}, "http://"),
    ("url", {}, "http://under_score.example"),
    ("url", {}, "http://example.com/ä"),
    ("url", {}, "//example.com"),
    ("enum", {"elements": ["a"], "array": True}, ["a", "b"]),
]


@pytest.mark.parametrize(("kind", "options", "value"), KEPT)
def test_a_value_comes_back_as_it_was(http: Http, kind: str, options: dict[str, Any], value: Any) -> None:
    with table(http, {"v": {"type": kind, **options}}) as rows:
        assert ok(rows.create("r", v=value))["v"] == value
        assert ok(rows.get("r"))["v"] == value


@pytest.mark.parametrize(("kind", "options", "value", "normal"), CHANGED)
def test_a_value_comes_back_in_its_normal_form(
    http: Http, kind: str, options: dict[str, Any], value: Any, normal: Any
) -> None:
    with table(http, {"v": {"type": kind, **options}}) as rows:
        made = ok(rows.create("r", v=value))["v"]
        assert (json.dumps(made), json.dumps(ok(rows.get("r"))["v"])) == (json.dumps(normal),) * 2


@pytest.mark.parametrize(("kind", "options", "value"), REFUSED)
def test_a_value_is_refused_on_create_and_on_update(
    http: Http, kind: str, options: dict[str, Any], value: Any
) -> None:
    with table(http, {"v": {"type": kind, **options}}) as rows:
        ok(rows.create("r", v=None))
        for response in (rows.create("s", v=value), rows.update("r", v=value)):
            assert refusal(response) == (400, "row_invalid_structure")
        assert [row["$id"] for row in rows.all()] == ["r"]


def test_a_row_may_be_one_byte_below_the_limit_and_no_wider(tables: Http, people: str) -> None:
    used = ok(tables.get(people))["bytesUsed"]
    size = (65_534 - used - 2) // 4 - 200
    ok(tables.post(f"{people}/columns/varchar", {"key": "wide", "size": size, "required": False}))
    left = 65_534 - ok(tables.get(people))["bytesUsed"]
    for number in range((left - 1) % 4):
        ok(tables.post(f"{people}/columns/boolean", {"key": f"b{number}", "required": False}))
    fitting = (65_534 - ok(tables.get(people))["bytesUsed"] - 1) // 4
    over = tables.post(f"{people}/columns/string", {"key": "last", "size": fitting + 1, "required": False})
    assert refusal(over) == (400, "column_limit_exceeded")
    ok(tables.post(f"{people}/columns/string", {"key": "last", "size": fitting, "required": False}))
    assert ok(tables.get(people))["bytesUsed"] == 65_534
    one_more = tables.post(f"{people}/columns/boolean", {"key": "more", "required": False})
    assert refusal(one_more) == (400, "column_limit_exceeded")
    grown = {"required": False, "default": None, "size": fitting + 1}
    assert refusal(tables.patch(f"{people}/columns/string/last", grown)) == (400, "column_limit_exceeded")


def test_a_default_that_is_taken_back_still_fills_rows(tables: Http, people: str) -> None:
    column = f"{people}/columns/integer/age"
    ok(tables.patch(column, {"required": False, "default": 18}))
    assert ok(tables.patch(column, {"required": False, "default": None}))["default"] is None
    assert ok(add(tables, people, "r"))["age"] == 18
    ok(tables.patch(column, {"required": True, "default": None}))
    ok(tables.patch(column, {"required": False, "default": None}))
    assert ok(add(tables, people, "s"))["age"] is None


def test_a_text_column_shrinks_only_as_far_as_its_values_and_indexes_allow(tables: Http, people: str) -> None:
    ok(add(tables, people, "r", name="ä" * 20))
    ok(tables.post(f"{people}/indexes", {"key": "k", "type": "key", "columns": ["name"], "lengths": [30]}))

    def resize(size: int) -> requests.Response:
        body = {"required": False, "default": None, "size": size}
        return tables.patch(f"{people}/columns/string/name", body)

    assert refusal(resize(19)) == (400, "column_index_invalid")
    ok(tables.delete(f"{people}/indexes/k"))
    assert refusal(resize(19)) == (400, "column_invalid_resize")
    assert ok(resize(20))["size"] == 20
    assert refusal(add(tables, people, "s", name="x" * 21)) == (400, "row_invalid_structure")


def test_a_renamed_column_takes_its_index_along(tables: Http, people: str) -> None:
    ok(tables.post(f"{people}/indexes", {"key": "only", "type": "unique", "columns": ["name", "age"]}))
    taken = {"required": False, "default": None, "newKey": "AGE"}
    assert refusal(tables.patch(f"{people}/columns/string/name", taken)) == (409, "column_already_exists")
    ok(
        tables.patch(
            f"{people}/columns/string/name", {"required": False, "default": None, "newKey": "called"}
        )
    )
    assert ok(tables.get(f"{people}/indexes/only"))["columns"] == ["called", "age"]
    ok(add(tables, people, "r", called="Ann", age=1))
    assert refusal(add(tables, people, "s", called="ANN ", age=1)) == (409, "row_already_exists")
    ok(add(tables, people, "s", called="Ann", age=2))


def test_an_index_loses_a_deleted_column_and_goes_with_its_last(tables: Http, people: str) -> None:
    for key, columns in (("both", ["name", "age"]), ("age", ["age"])):
        ok(tables.post(f"{people}/indexes", {"key": key, "type": "key", "columns": columns}))
    ok(tables.delete(f"{people}/columns/age"))
    left = ok(tables.get(f"{people}/indexes"))["indexes"]
    assert [(index["key"], index["columns"]) for index in left] == [("both", ["name"])]


def test_a_unique_index_over_duplicates_is_made_and_does_nothing(tables: Http, people: str) -> None:
    for row_id in ("r", "s"):
        ok(add(tables, people, row_id, name="same"))
    ok(tables.post(f"{people}/indexes", {"key": "only", "type": "unique", "columns": ["name"]}))
    assert ok(tables.get(f"{people}/indexes/only"))["status"] == "available"
    ok(add(tables, people, "t", name="same"))
    assert refusal(add(tables, people, "R", name="other")) == (409, "row_already_exists")


def test_a_unique_index_on_a_prefix_compares_the_prefix(tables: Http, people: str) -> None:
    body = {"key": "only", "type": "unique", "columns": ["name"], "lengths": [3]}
    assert ok(tables.post(f"{people}/indexes", body))["lengths"] == [3]
    ok(add(tables, people, "r", name="abcd"))
    assert refusal(add(tables, people, "s", name="ÁBCE")) == (409, "row_already_exists")
    ok(add(tables, people, "s", name="abd"))


@pytest.mark.parametrize(
    "index",
    [
        {"type": "key", "columns": ["age"], "lengths": [3]},
        {"type": "key", "columns": ["name"], "lengths": [41]},
        {"type": "key", "columns": ["name"], "lengths": [-1]},
        {"type": "key", "columns": ["name"], "lengths": [1, 1]},
        {"type": "unique", "columns": ["name", "NAME"]},
        {"type": "fulltext", "columns": ["name", "age"]},
        {"type": "spatial", "columns": ["name"]},
        {"type": "UNIQUE", "columns": ["name"]},
    ],
)
def test_an_index_that_cannot_be_is_refused(tables: Http, people: str, index: dict[str, Any]) -> None:
    known = {"column_index_invalid", "column_unknown"}
    status, type_ = refusal(tables.post(f"{people}/indexes", {"key": "k", **index}))
    assert (status, type_ in known) == (400, True)
    assert ok(tables.get(f"{people}/indexes"))["total"] == 0


def test_a_fulltext_index_ignores_its_lengths(tables: Http, people: str) -> None:
    words = {"key": "words", "type": "fulltext", "columns": ["name"], "lengths": [1, 2, 3]}
    assert tables.post(f"{people}/indexes", words).status_code == 202
    wide = {"key": "wide", "type": "key", "columns": ["name"], "lengths": [2**31]}
    assert refusal(tables.post(f"{people}/indexes", wide)) == (400, "general_argument_invalid")


def test_a_table_brings_columns_and_indexes_along(tables: Http) -> None:
    columns = [
        {"key": "code", "type": "string", "size": 10, "required": True},
        {"key": "small", "type": "integer"},
        {"key": "large", "type": "integer", "size": 8, "min": 0, "default": 5_000_000_000},
        {
            "key": "mood",
            "type": "string",
            "size": 9,
            "format": "enum",
            "elements": ["good"],
            "default": "good",
        },
        {"key": "tags", "type": "string", "size": 5, "array": True},
    ]
    indexes = [{"key": "only", "type": "unique", "attributes": ["code"], "orders": ["DESC"]}]
    body = {"tableId": "t", "name": "T", "columns": columns, "indexes": indexes}
    ok(tables.post(TABLES, body))
    shown = ok(tables.get(f"{TABLES}/t"))
    assert [column["status"] for column in shown["columns"]] == ["available"] * 5
    assert (shown["columns"][1]["min"], shown["columns"][2]["min"]) == (None, 0)
    assert shown["bytesUsed"] == 1067 + 41 + 4 + 8 + 37 + 20
    row = ok(add(tables, f"{TABLES}/t", "r", code="A"))
    assert (row["large"], row["mood"], row["tags"]) == (5_000_000_000, "good", [])
    assert refusal(add(tables, f"{TABLES}/t", "s", code="a")) == (409, "row_already_exists")
    too_large = add(tables, f"{TABLES}/t", "s", code="B", small=3_000_000_000)
    assert refusal(too_large) == (400, "row_invalid_structure")


@pytest.mark.parametrize(
    ("columns", "indexes", "type_"),
    [
        ([{"key": "a", "type": "string"}], [], "general_argument_invalid"),
        ([{"key": "a", "type": "longtext"}], [], "general_argument_invalid"),
        ([{"key": "a", "type": "integer", "min": 2, "max": 1}], [], "general_argument_invalid"),
        ([{"key": "a", "type": "integer", "array": True, "default": 1}], [], "general_argument_invalid"),
        ([{"key": "a", "type": "integer"}] * 2, [], "general_argument_invalid"),
        ([{"key": "a", "type": "string", "size": 16_381}], [], "column_limit_exceeded"),
        ([{"key": "a", "type": "string", "size": 769}], ["a"], "column_index_invalid"),
        ([{"key": "a", "type": "integer"}], ["b"], "column_index_invalid"),
        ([{"key": "a", "type": "integer", "array": True}], ["a"], "index_invalid"),
        ([{"key": "a", "type": "polygon"}], [], "general_route_not_emulated"),
    ],
)
def test_a_refused_column_or_index_leaves_no_table(
    tables: Http, columns: list[dict[str, Any]], indexes: list[str], type_: str
) -> None:
    body = {
        "tableId": "t",
        "name": "T",
        "columns": columns,
        "indexes": [{"key": "k", "type": "key", "attributes": indexes}] if indexes else [],
    }
    assert refusal(tables.post(TABLES, body))[1] == type_
    assert refusal(tables.get(f"{TABLES}/t")) == (404, "table_not_found")
    ok(tables.post(TABLES, {"tableId": "t", "name": "T"}))
    assert ok(tables.get(f"{TABLES}/t"))["columns"] == []


def test_the_old_routes_speak_of_attributes(tables: Http, people: str) -> None:
    old = f"/databases/{DATABASE}/collections/people"
    assert refusal(tables.get(f"{old}/indexes/none")) == (404, "index_not_found")
    unknown = tables.post(f"{old}/indexes", {"key": "k", "type": "key", "attributes": ["none"]})
    assert refusal(unknown) == (400, "attribute_unknown")
    ok(tables.post(f"{old}/attributes/text", {"key": "bio", "required": False}))
    default = tables.patch(f"{old}/attributes/text/bio", {"required": True, "default": "x"})
    assert refusal(default) == (400, "attribute_default_unsupported")
    assert refusal(tables.post(f"{old}/attributes/relationship"))[0] == 501
    assert [each["key"] for each in ok(tables.get(people))["columns"]] == ["name", "age", "bio"]


def test_the_old_list_hides_databases_of_the_new_kind(tables: Http) -> None:
    query = {"queries[]": json.dumps({"method": "equal", "attribute": "$id", "values": [DATABASE]})}
    assert ok(tables.get("/tablesdb", params=query))["total"] == 1
    assert ok(tables.get("/databases", params=query))["total"] == 0


def test_bad_queries_are_refused_before_a_missing_database(http: Http) -> None:
    query = {"queries[]": '{"method":"equal","attribute":"colour","values":["x"]}'}
    response = http.get("/tablesdb/nowhere/tables", params=query)
    assert refusal(response) == (400, "general_argument_invalid")


def test_a_disabled_table_is_open_to_keys_only(tables: Http, guest: Http, people: str) -> None:
    ok(add(tables, people, "r", name="Ann"))
    ok(tables.put(people, {"permissions": ['read("any")'], "enabled": True}))
    assert ok(guest.get(f"{people}/rows/r"))["name"] == "Ann"
    ok(tables.put(people, {"enabled": False}))
    assert refusal(guest.get(f"{people}/rows/r")) == (404, "table_not_found")
    assert ok(tables.get(f"{people}/rows/r"))["name"] == "Ann"


def test_definitions_and_unique_values_outlive_a_kill(fresh_server: LocalServer, fresh_http: Http) -> None:
    with table(fresh_http, {"name": {"type": "string", "size": 9}}, unique="name") as rows:
        ok(rows.create("r", name="Café"))
        fresh_server.kill()
        fresh_server.restart()
        assert refusal(rows.create("s", name="CAFE ")) == (409, "row_already_exists")
        assert ok(rows.create("s", name="Tea"))["name"] == "Tea"

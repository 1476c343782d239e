"""What every list has in common, whatever it lists."""

from __future__ import annotations

import json

import pytest

from tests.emulator.people import refusal
from tests.support.local_server import Http, ok

LISTS = (
    "/users", "/teams", "/project/keys", "/proxy/rules", "/tablesdb", "/databases", "/storage/buckets",
    "/functions", "/messaging/topics", "/messaging/messages",
)  # fmt: skip
SEARCHED = tuple(path for path in LISTS if path not in ("/project/keys", "/proxy/rules"))


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"method": "equal", "attribute": "colour", "values": ["x"]},
        {"method": "containsAny", "attribute": "name", "values": ["x"]},
        {"method": "select", "values": ["name"]},
        {"method": "greaterThan", "attribute": "$sequence", "values": [2**80]},
    ],
    ids=lambda query: str(query["method"]),
)
def test_a_query_that_is_not_for_the_list_is_a_wrong_argument(
    http: Http, path: str, query: dict[str, object]
) -> None:
    answer = http.get(path, params={"queries[]": json.dumps(query)})
    assert refusal(answer) == (400, "general_argument_invalid")


@pytest.mark.parametrize("path", SEARCHED)
def test_a_search_needs_a_letter(http: Http, path: str) -> None:
    assert refusal(http.get(path, params={"search": ""})) == (400, "general_argument_invalid")


@pytest.mark.parametrize("path", LISTS)
def test_only_nought_leaves_the_total_out(http: Http, path: str) -> None:
    counted = ok(http.get(path))["total"]
    assert ok(http.get(path, params={"total": "false"}))["total"] == counted
    assert ok(http.get(path, params={"total": "0"}))["total"] == 0

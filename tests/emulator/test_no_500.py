"""Whatever is sent to whichever route, the answer is never a fault of the server."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from emulator.areas import ROUTES
from emulator.core.routing import Route
from tests.support.local_server import Http, LocalServer, ok

SEED = 20240229
ROUNDS = 14
LONG = "x" * 5000
DEEP = json.loads("[" * 40 + "]" * 40)
GARBAGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 10**30, -(2**63), 2**63, 1.5, 1e308, -0.0, "", " ", "0", "-1", "1e3", "NaN",
    "null", "true", "unique()", "Ünïcode \U0001f600", "a\x00b", "'; DROP TABLE users; --", "%s%n", "../etc",
    "2030-02-31", "9999-99-99T99:99:99Z", "@99999999999999", "user:x", 'read("any")', 'read("user:")', LONG,
    "+15550100", "a@example.com", "[]", "{}", '{"a":', [], [None], [[]], ["x", "x"], [{}], [1, "a", None],
    DEEP, {}, {"0": "a"}, {"": ""}, {"$id": 5}, {"$id": "x", "$permissions": "y"}, {"a": {"b": {"c": []}}},
    {"$createdAt": "never"}, "\ud7ff\ue000", "\u2028", "9" * 4500, "²", "١",
)  # fmt: skip
METHODS = (
    "equal", "notEqual", "lessThan", "between", "contains", "containsAll", "search", "isNull", "startsWith",
    "orderAsc", "orderRandom", "limit", "offset", "cursorAfter", "select", "and",
)  # fmt: skip
ATTRIBUTES = ("", "$id", "$sequence", "$createdAt", "name", "n", "list", "when", "nope", "a.b")
VALUES: tuple[list[Any], ...] = (
    [], ["a"], [1], [None], [True], [[]], [{}], ["a", "b"], ["2020-01-01", 5], [2**70], [""],
    ["9" * 4000], ["²"],
)  # fmt: skip
QUERIES = tuple(
    [json.dumps({"method": method, "attribute": attribute, "values": values})]
    for method in METHODS
    for attribute in ATTRIBUTES
    for values in VALUES
)
SENSIBLE: dict[str, tuple[Any, ...]] = {
    "queries": QUERIES,
    "permissions": ([], ['read("any")'], ['write("users")', 'read("user:u")'], ["nope"]),
    "roles": (["owner"], []),
    "email": ("someone@example.com",),
    "password": ("correct horse 9",),
    "phone": ("+15550123456",),
    "name": ("A name",),
    "key": ("name", "n", "fresh"),
    "attribute": ("n", "name"),
    "column": ("n", "name"),
    "type": ("key", "unique", "fulltext"),
    "columns": (["name"], ["n"], ["name", "n"]),
    "attributes": (["name"], ["n"]),
    "data": ({"name": "x", "n": 5}, {"list": ["a"]}, {"when": "2030-01-01"}),
    "rows": ([{"name": "x"}], [{"$id": "r", "n": 5}]),
    "documents": ([{"name": "x"}],),
    "size": (10,),
    "required": (False, True),
    "array": (False, True),
    "default": (None, "x", 5),
    "elements": (["a", "b"],),
    "min": (0,),
    "max": (10,),
    "runtime": ("python-3.12",),
    "providerType": ("email", "sms", "push"),
    "identifier": ("a@example.com", "+15550123456"),
    "schedule": ("* * * * *", ""),
    "scopes": (["rows.read"], []),
    "prefs": ({"a": 1},),
    "url": ("http://localhost/x",),
    "userId": ("u",),
    "value": (1, 0.5),
}
NEVER = {"/users/{userId}", "/projects/{projectId}"}
"""Routes whose success would take away who is calling."""


@pytest.fixture(scope="module")
def callers(module_server: LocalServer) -> Iterator[dict[str, Http]]:
    """A key, a signed-in user and a guest, and one of everything that paths may name."""
    ready = module_server.ready
    key = Http.with_key(module_server.endpoint, ready.project_id, ready.api_key)
    ok(key.post("/users", {"userId": "u", "email": "u@example.com", "password": "correct horse 9"}))
    session = ok(key.post("/users/u/sessions"))
    _furnish(key)
    yield {
        "key": key,
        "user": Http.with_session(module_server.endpoint, ready.project_id, session["secret"]),
        "guest": Http.guest(module_server.endpoint, ready.project_id),
    }


def _furnish(key: Http) -> None:
    """Makes the things with the ids that `_path` names; those that are there stay."""
    key.post("/teams", {"teamId": "t", "name": "T"})
    key.post("/tablesdb", {"databaseId": "d", "name": "D"})
    everyone = ['create("any")', 'read("any")', 'update("any")', 'delete("any")']
    key.post(
        "/tablesdb/d/tables", {"tableId": "t", "name": "T", "permissions": everyone, "rowSecurity": True}
    )
    columns = "/tablesdb/d/tables/t/columns"
    key.post(f"{columns}/string", {"key": "name", "size": 40, "required": False})
    key.post(f"{columns}/integer", {"key": "n", "required": False})
    key.post(f"{columns}/string", {"key": "list", "size": 40, "required": False, "array": True})
    key.post(f"{columns}/datetime", {"key": "when", "required": False})
    key.post("/tablesdb/d/tables/t/indexes", {"key": "name", "type": "fulltext", "columns": ["name"]})
    key.post("/tablesdb/d/tables/t/rows", {"rowId": "r", "data": {"name": "one", "n": 1}})
    key.post(
        "/storage/buckets", {"bucketId": "b", "name": "B", "permissions": everyone, "fileSecurity": True}
    )
    key.call("POST", "/storage/buckets/b/files", data={"fileId": "f"}, files={"file": ("a.txt", b"hello")})
    key.post("/functions", {"functionId": "f", "name": "F", "runtime": "python-3.12", "execute": ["any"]})
    key.post("/messaging/topics", {"topicId": "t", "name": "T"})
    key.post("/messaging/messages/email", {"messageId": "m", "subject": "s", "content": "c", "draft": True})


IDS = {
    "databaseId": "d", "tableId": "t", "collectionId": "t", "rowId": "r", "documentId": "r", "bucketId": "b",
    "fileId": "f", "functionId": "f", "topicId": "t", "messageId": "m", "teamId": "t", "userId": "u",
    "key": "n", "column": "n", "attribute": "n",
}  # fmt: skip


def _path(route: Route, chance: random.Random) -> str:
    def filled(name: re.Match[str]) -> str:
        if chance.random() < 0.9:
            return IDS.get(name[1], "x")
        return chance.choice(
            ("x", "unique()", "_x", "%00", "%2F", "a" * 40, "%F0%9F%98%80", "'", "D", "..%2f")
        )

    return re.sub(r"\{(\w+)\}", filled, route.path)


def _arguments(route: Route, chance: random.Random) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for param in route.params:
        draw = chance.random()
        if "{" + param.name + "}" in route.path:
            continue
        if draw < 0.3:
            out[param.name] = chance.choice(GARBAGE)
        elif draw < 0.9:
            out[param.name] = chance.choice(
                SENSIBLE.get(param.name, (f"v{chance.randrange(10**6)}", *GARBAGE))
            )
    return out


def _send(caller: Http, method: str, path: str, given: dict[str, Any]) -> requests.Response:
    """In the query of a GET, in a form when there is a file, otherwise as JSON."""
    if method == "GET":
        lists = {f"{name}[]": value for name, value in given.items() if isinstance(value, list)}
        texts = {name: str(value) for name, value in given.items() if not isinstance(value, list)}
        return caller.get(path, params={**lists, **texts})
    part = next((name for name in ("file", "code") if name in given), None)
    if part is None:
        return caller.call(method, path, given)
    fields = {name: str(value) for name, value in given.items() if name != part}
    return caller.call(method, path, data=fields, files={part: ("a.bin", b"\x00\xff")})


@pytest.mark.parametrize("area", sorted({route.area for route in ROUTES}))
def test_garbage_is_refused_and_breaks_nothing(callers: dict[str, Http], area: str) -> None:
    chance = random.Random(f"{SEED} {area}")
    for route in ROUTES:
        if route.area != area or route.path in NEVER:
            continue
        for _ in range(ROUNDS):
            who = chance.choices(tuple(callers), (6, 3, 1))[0]
            path, given = _path(route, chance), _arguments(route, chance)
            answer = _send(callers[who], route.method, path, given)
            sent = f"{who} {route.method} {path} {json.dumps(given)[:600]}"
            assert answer.status_code != 500, f"{sent}: {answer.text[:200]}"
            if answer.status_code >= 400 and "json" in answer.headers["content-type"]:
                assert answer.json()["type"], sent
        if route.method == "DELETE":
            _furnish(callers["key"])

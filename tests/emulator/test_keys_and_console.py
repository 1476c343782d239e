"""API keys, keys of functions, and the console that the command line signs in to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from emulator import auth
from emulator.app import ApiSite
from emulator.areas import ROUTES
from emulator.core.caller import GUEST
from emulator.core.context import Server
from emulator.core.errors import ApiError
from emulator.core.events import Event
from emulator.core.http import Request
from emulator.core.routing import Router
from emulator.project.routes import start as start_project
from emulator.serve import build_server, load_config
from tests.emulator.people import PASSWORD, new_person, refusal
from tests.support.local_server import Http, LocalServer, ok


def with_key(server: LocalServer, secret: str) -> Http:
    return Http.with_key(server.endpoint, server.ready.project_id, secret)


@pytest.mark.parametrize(
    ("scope", "path", "allowed"),
    [
        ("users.read", "/users", True),
        ("users.read", "/teams", False),
        ("documents.read", "/tablesdb/none/tables/none/rows", True),
        ("rows.write", "/tablesdb/none/tables/none/rows", False),
        ("sessions.read", "/users/none/sessions", True),
        ("sessions.read", "/users/none", False),
    ],
)
def test_a_key_may_what_its_scopes_say(
    server: LocalServer, http: Http, scope: str, path: str, allowed: bool
) -> None:
    made = ok(http.post("/project/keys", {"keyId": "unique()", "name": "few", "scopes": [scope]}))
    answer = with_key(server, made["secret"]).get(path)
    assert (answer.status_code != 401) is allowed
    if not allowed:
        assert refusal(answer) == (401, "general_unauthorized_scope")


def test_a_key_ends_when_it_expires(server: LocalServer, http: Http, local: Http) -> None:
    key = {"keyId": "unique()", "name": "brief", "scopes": ["users.read"]}
    made = ok(http.post("/project/keys", key | {"expire": "2100-01-01T00:00:00.000+00:00"}))
    assert with_key(server, made["secret"]).get("/users").status_code == 200
    gone = {"name": "brief", "scopes": ["users.read"], "expire": "2020-01-01T00:00:00Z"}
    ok(http.put(f"/project/keys/{made['$id']}", gone))
    assert refusal(with_key(server, made["secret"]).get("/users")) == (401, "project_key_expired")


def test_a_scope_that_does_not_exist_cannot_be_given(http: Http) -> None:
    answer = http.post("/project/keys", {"keyId": "unique()", "name": "x", "scopes": ["account"]})
    assert refusal(answer) == (400, "general_argument_invalid")


def test_users_make_no_keys(server: LocalServer, http: Http) -> None:
    browser = new_person(server, http).sign_in()
    answer = browser.post("/project/keys", {"keyId": "unique()", "name": "x", "scopes": []})
    assert refusal(answer) == (401, "general_unauthorized_scope")


@pytest.mark.parametrize(
    ("response_format", "body", "status"),
    [
        ("1.8.0", {"name": "K", "scopes": ["users.read"]}, 201),
        ("1.9.0", {"name": "K", "scopes": ["users.read"]}, 400),
        ("1.9.0", {"name": "K", "keyId": "unique()", "scopes": None}, 201),
        ("1.9.1", {"name": "K", "keyId": "unique()", "scopes": None}, 400),
    ],
)
def test_older_clients_name_no_id_and_no_scopes(
    http: Http, response_format: str, body: dict[str, object], status: int
) -> None:
    answer = http.post("/project/keys", body, headers={"X-Appwrite-Response-Format": response_format})
    assert answer.status_code == status
    if status == 201:
        ok(http.delete(f"/project/keys/{answer.json()['$id']}"))


@pytest.fixture
def admin(server: LocalServer) -> Http:
    """The administrator, signed in to the console."""
    caller = Http(server.endpoint, {"X-Appwrite-Project": "console"})
    said = server.ready
    credentials = {"email": said.admin_email, "password": said.admin_password}
    ok(caller.post("/account/sessions/email", credentials))
    return caller


def test_the_administrator_works_on_the_project(server: LocalServer, http: Http, admin: Http) -> None:
    on_project = {"X-Appwrite-Project": server.ready.project_id, "X-Appwrite-Mode": "admin"}
    person = new_person(server, http)
    assert ok(admin.get(f"/users/{person.id}", headers=on_project))["email"] == person.email
    assert ok(admin.get("/account", headers=on_project))["email"] == server.ready.admin_email


def test_a_console_session_is_nobody_in_the_project(server: LocalServer, admin: Http) -> None:
    plain = {"X-Appwrite-Project": server.ready.project_id}
    assert refusal(admin.get("/users", headers=plain)) == (401, "general_unauthorized_scope")
    jwt = ok(admin.post("/account/jwts"))["jwt"]
    token = Http(server.endpoint, plain | {"X-Appwrite-JWT": jwt})
    assert refusal(token.get("/account")) == (401, "general_unauthorized_scope")


def test_admin_mode_is_nothing_without_the_console(server: LocalServer, http: Http) -> None:
    person = new_person(server, http)
    mode = {"X-Appwrite-Mode": "admin"}
    assert refusal(person.sign_in().get("/users", headers=mode)) == (401, "general_unauthorized_scope")
    jwt = ok(http.post(f"/users/{person.id}/jwts"))["jwt"]
    answer = person.with_jwt(jwt).get("/users", headers=mode)
    assert refusal(answer) == (401, "general_unauthorized_scope")


def test_the_project_has_a_name(server: LocalServer, admin: Http) -> None:
    path = f"/projects/{server.ready.project_id}"
    assert ok(admin.patch(path, {"name": "Box office"}))["name"] == "Box office"
    assert [one["name"] for one in ok(admin.get("/projects"))["projects"]] == ["Box office"]
    assert refusal(admin.get("/projects/other")) == (404, "project_not_found")


def test_the_console_keeps_its_data_to_itself(server: LocalServer, http: Http, guest: Http) -> None:
    person = new_person(server, http)
    console = Http(server.endpoint, {"X-Appwrite-Project": "console"})
    answer = console.post("/account/sessions/email", {"email": person.email, "password": PASSWORD})
    assert refusal(answer) == (401, "user_invalid_credentials")
    assert server.ready.admin_email not in [user["email"] for user in ok(http.get("/users"))["users"]]
    assert refusal(console.get("/projects")) == (401, "general_unauthorized_scope")
    assert refusal(guest.get("/projects")) == (401, "general_unauthorized_scope")


@pytest.fixture
def parts(tmp_path: Path) -> Server:
    """A server without its process."""
    return build_server(load_config(tmp_path, "boxoffice"))


def request(parts: Server, key: str, method: str = "GET", path: str = "/users", body: bytes = b"") -> Request:
    headers = {"x-appwrite-project": "boxoffice", "x-appwrite-key": key, "content-type": "application/json"}
    return Request(method, path, "", headers, [], body=body)


def test_a_functions_key_knows_its_execution_and_its_scopes(parts: Server) -> None:
    key = auth.issue_dynamic_key(parts, ["rows.read"], "f", "e1", lifetime=30)
    caller = auth.authenticate(parts, request(parts, key), "boxoffice")
    assert (caller.kind, caller.execution_id) == ("key", "e1")
    assert caller.has_scope("rows.read")
    assert not caller.has_scope("rows.write")


@pytest.mark.parametrize("passed", [0, 31])
def test_a_functions_key_ends_and_cannot_be_forged(parts: Server, passed: int) -> None:
    key = auth.issue_dynamic_key(parts, ["users.read"], "f", "e1", lifetime=30)
    parts.clock.offset = passed
    forged = key if passed else auth.FUNCTION_KEY + auth.issue_session_jwt(parts, "ann", "")
    assert auth.authenticate(parts, request(parts, forged), "boxoffice") == GUEST


@pytest.mark.parametrize(
    ("key", "known_kind"), [("nonsense", True), ("standard_x", True), ("other_x", False)]
)
def test_a_key_of_an_unknown_kind_is_nobody(parts: Server, key: str, known_kind: bool) -> None:
    if known_kind:
        with pytest.raises(ApiError) as refused:
            auth.authenticate(parts, request(parts, key), "boxoffice")
        assert refused.value.type == "user_unauthorized"
    else:
        assert auth.authenticate(parts, request(parts, key), "boxoffice") == GUEST


def test_changes_of_users_and_teams_are_announced(parts: Server) -> None:
    heard: list[Event] = []
    parts.events.subscribe(heard.append)
    site, key = ApiSite(Router(ROUTES)), parts.config.api_key

    async def tell() -> None:
        await start_project(parts)
        for method, path, body in (
            ("POST", "/users", b'{"userId": "ann"}'),
            ("PATCH", "/users/ann/name", b'{"name": "Ann"}'),
            ("POST", "/teams", b'{"teamId": "crew", "name": "Crew"}'),
            ("POST", "/teams/crew/memberships", b'{"userId": "ann", "roles": []}'),
            ("PATCH", "/users/nobody/name", b'{"name": "X"}'),
            ("DELETE", "/users/ann", b""),
        ):
            await site.answer(parts, request(parts, key, method, path, body))

    asyncio.run(tell())
    assert [event.pattern for event in heard] == [
        "users.[userId].create",
        "users.[userId].update.name",
        "teams.[teamId].create",
        "teams.[teamId].memberships.[membershipId].create",
        "users.[userId].delete",
    ]
    assert heard[0].payload["$id"] == heard[0].ids["userId"] == "ann"
    assert (heard[3].ids["teamId"], heard[3].payload["userId"]) == ("crew", "ann")


def test_a_function_has_its_domain_as_long_as_it_lives(parts: Server) -> None:
    site, key = ApiSite(Router(ROUTES)), parts.config.api_key
    rule = b'{"domain": "a1.functions.localhost", "functionId": "f"}'

    function = b'{"functionId": "f", "name": "f", "runtime": "python-3.12"}'

    async def domains_before_and_after() -> tuple[int, int]:
        await start_project(parts)
        assert (await site.answer(parts, request(parts, key, "POST", "/functions", function))).status == 201
        made = await site.answer(parts, request(parts, key, "POST", "/proxy/rules/function", rule))
        assert made.status == 201, made.body
        before = await site.answer(parts, request(parts, key, path="/proxy/rules"))
        parts.events.publish(Event("functions.[functionId].delete", {"functionId": "f"}, {}))
        after = await site.answer(parts, request(parts, key, path="/proxy/rules"))
        return before.body["total"], after.body["total"]

    assert asyncio.run(domains_before_and_after()) == (1, 0)

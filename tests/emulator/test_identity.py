"""Accounts, sessions and tokens: who a request is from, and when it is from nobody any more."""

from __future__ import annotations

import json

import pytest

from tests.emulator.people import PASSWORD, Person, new_person, refusal
from tests.support.local_server import Http, LocalServer, ok

NOBODY = (401, "general_unauthorized_scope")


@pytest.fixture
def ann(server: LocalServer, http: Http) -> Person:
    return new_person(server, http)


def test_a_session_is_the_user_until_it_ends(ann: Person) -> None:
    browser = ann.sign_in()
    assert ok(browser.get("/account"))["$id"] == ann.id
    assert browser.delete("/account/sessions/current").status_code == 204
    assert refusal(browser.get("/account")) == NOBODY


def test_the_fallback_header_stands_in_for_cookies(ann: Person, guest: Http) -> None:
    answer = guest.post("/account/sessions/email", {"email": ann.email, "password": PASSWORD})
    guest.session.cookies.clear()
    fallback = answer.headers["X-Fallback-Cookies"]
    assert list(json.loads(fallback)) == [f"a_session_{ann.project}"]
    assert ok(guest.get("/account", headers={"X-Fallback-Cookies": fallback}))["$id"] == ann.id


def test_only_the_older_cookie_is_enough(ann: Person, guest: Http) -> None:
    guest.post("/account/sessions/email", {"email": ann.email, "password": PASSWORD})
    cookie = guest.session.cookies[f"a_session_{ann.project}_legacy"]
    guest.session.cookies.clear()
    headers = {"Cookie": f"a_session_{ann.project}_legacy={cookie}"}
    assert ok(guest.get("/account", headers=headers))["$id"] == ann.id


def test_the_server_makes_sessions_whose_secret_only_it_sees(ann: Person, http: Http) -> None:
    made = ok(http.post(f"/users/{ann.id}/sessions"))
    assert (made["provider"], made["factors"]) == ("server", ["server"])
    caller = Http.with_session(ann.server.endpoint, ann.project, made["secret"])
    shown = ok(caller.get("/account/sessions/current"))
    assert (shown["$id"], shown["current"], shown["secret"]) == (made["$id"], True, "")


def test_a_session_lasts_a_year(ann: Person, local: Http) -> None:
    browser = ann.sign_in()
    ok(local.put("/clock", {"offsetSeconds": 364 * 86_400}))
    assert browser.get("/account", cookies=dict(browser.session.cookies)).status_code == 200
    ok(local.put("/clock", {"offsetSeconds": 366 * 86_400}))
    assert refusal(browser.get("/account", cookies=dict(browser.session.cookies))) == NOBODY


def test_a_jwt_dies_with_its_time_and_with_its_session(ann: Person, http: Http, local: Http) -> None:
    browser = ann.sign_in()
    token = ann.with_jwt(ok(browser.post("/account/jwts"))["jwt"])
    assert ok(token.get("/account"))["$id"] == ann.id
    ok(local.put("/clock", {"offsetSeconds": 901}))
    assert refusal(token.get("/account")) == (401, "user_jwt_invalid")
    ok(local.put("/clock", {"offsetSeconds": 0}))
    ok(http.delete(f"/users/{ann.id}/sessions"))
    assert refusal(token.get("/account")) == NOBODY


def test_the_server_ties_a_jwt_to_the_newest_session(ann: Person, http: Http) -> None:
    first, second = ann.sign_in(), ann.sign_in()
    token = ann.with_jwt(ok(http.post(f"/users/{ann.id}/jwts", {"sessionId": "recent"}))["jwt"])
    ok(first.delete("/account/sessions/current"))
    assert token.get("/account").status_code == 200
    ok(second.delete("/account/sessions/current"))
    assert refusal(token.get("/account")) == NOBODY


@pytest.mark.parametrize("change", ["signature", "claims", "none"])
def test_a_forged_jwt_is_refused(ann: Person, http: Http, change: str) -> None:
    header, claims, signature = ok(http.post(f"/users/{ann.id}/jwts"))["jwt"].split(".")
    forged = {
        "signature": f"{header}.{claims}.{'A' * len(signature)}",
        "claims": f"{header}.{claims[:-4]}AAAA.{signature}",
        "none": f"eyJhbGciOiJub25lIn0.{claims}.",
    }[change]
    assert refusal(ann.with_jwt(forged).get("/account")) == (401, "user_jwt_invalid")


def test_a_session_and_a_jwt_together_are_refused(ann: Person, http: Http) -> None:
    jwt = ok(http.post(f"/users/{ann.id}/jwts"))["jwt"]
    answer = ann.sign_in().get("/account", headers={"X-Appwrite-JWT": jwt})
    assert refusal(answer) == (403, "user_jwt_and_cookie_set")


def test_a_jwt_makes_no_further_jwt(ann: Person, http: Http) -> None:
    token = ann.with_jwt(ok(http.post(f"/users/{ann.id}/jwts"))["jwt"])
    assert refusal(token.post("/account/jwts")) == (404, "user_session_not_found")


def test_a_blocked_user_is_told_so_and_may_return(ann: Person, http: Http) -> None:
    browser = ann.sign_in()
    ok(http.patch(f"/users/{ann.id}/status", {"status": False}))
    assert refusal(browser.get("/account")) == (403, "user_blocked")
    again = Http.guest(ann.server.endpoint, ann.project)
    answer = again.post("/account/sessions/email", {"email": ann.email, "password": PASSWORD})
    assert refusal(answer) == (403, "user_blocked")
    ok(http.patch(f"/users/{ann.id}/status", {"status": True}))
    assert browser.get("/account").status_code == 200


def test_an_anonymous_user_becomes_a_real_one(server: LocalServer, guest: Http) -> None:
    browser = Http.guest(server.endpoint, server.ready.project_id)
    session = ok(browser.post("/account/sessions/anonymous"))
    assert (session["provider"], session["factors"]) == ("anonymous", ["anonymous"])
    assert refusal(browser.post("/account/sessions/anonymous")) == (401, "user_session_already_exists")
    email = f"{session['userId']}@example.com"
    ok(browser.patch("/account/email", {"email": email, "password": PASSWORD}))
    assert Person(session["userId"], email, server).sign_in().get("/account").status_code == 200


def test_a_new_password_replaces_the_old_one(ann: Person) -> None:
    browser = ann.sign_in()
    wrong = browser.patch(
        "/account/password", {"password": "another horse", "oldPassword": "no horse at all"}
    )
    assert refusal(wrong) == (401, "user_invalid_credentials")
    ok(browser.patch("/account/password", {"password": "another horse", "oldPassword": PASSWORD}))
    assert ann.sign_in("another horse").get("/account").status_code == 200
    guest = Http.guest(ann.server.endpoint, ann.project)
    old = guest.post("/account/sessions/email", {"email": ann.email, "password": PASSWORD})
    assert refusal(old) == (401, "user_invalid_credentials")


@pytest.mark.parametrize(
    ("password", "status"), [("a" * 7, 400), ("a" * 8, 201), ("a" * 256, 201), ("a" * 257, 400)]
)
def test_passwords_have_8_to_256_characters(http: Http, password: str, status: int) -> None:
    assert http.post("/users", {"userId": "unique()", "password": password}).status_code == status


@pytest.mark.parametrize(
    "email",
    ["nobody", "a@b", "a b@example.com", ".a@example.com", "a..b@example.com", "a@-x.com", "@x.com", 7],
)
def test_what_is_no_address_is_refused(http: Http, email: object) -> None:
    answer = http.post("/users", {"userId": "unique()", "email": email})
    assert refusal(answer) == (400, "general_argument_invalid")


@pytest.mark.parametrize("phone", ["123", "+0123456789", "+123456", "12065550100", "+1206555010012345"])
def test_what_is_no_number_is_refused(http: Http, phone: str) -> None:
    answer = http.post("/users", {"userId": "unique()", "phone": phone})
    assert refusal(answer) == (400, "general_argument_invalid")


def test_an_address_is_kept_in_lower_case_and_belongs_to_one(ann: Person, http: Http) -> None:
    bob = new_person(ann.server, http)
    taken = http.patch(f"/users/{bob.id}/email", {"email": ann.email.upper()})
    assert refusal(taken) == (409, "user_target_already_exists")
    ok(http.patch(f"/users/{ann.id}/email", {"email": f"NEW-{ann.email.upper()}"}))
    changed = ok(http.get(f"/users/{ann.id}"))
    assert changed["email"] == f"new-{ann.email}"
    assert [target["identifier"] for target in changed["targets"]] == [f"new-{ann.email}"]
    assert ok(http.patch(f"/users/{bob.id}/email", {"email": ann.email}))["email"] == ann.email


def test_removing_an_address_removes_its_target(ann: Person, http: Http) -> None:
    changed = ok(http.patch(f"/users/{ann.id}/email", {"email": ""}))
    assert (changed["email"], changed["targets"], changed["emailCanonical"]) == ("", [], None)


def test_an_id_in_other_letters_is_the_same_user(ann: Person, http: Http) -> None:
    assert ok(http.get(f"/users/{ann.id.upper()}"))["$id"] == ann.id
    taken = http.post("/users", {"userId": ann.id.upper()})
    assert refusal(taken) == (409, "user_already_exists")


def test_the_hash_is_for_the_server_alone(ann: Person, http: Http) -> None:
    assert ok(http.get(f"/users/{ann.id}"))["password"].startswith("$argon2id$")
    assert "password" not in ok(ann.sign_in().get("/account"))


def test_users_are_listed_by_queries(ann: Person, http: Http) -> None:
    ok(http.put(f"/users/{ann.id}/labels", {"labels": ["vip", ann.id]}))
    query = json.dumps({"method": "contains", "attribute": "labels", "values": [ann.id]})
    found = ok(http.get("/users", params={"queries[]": query}))
    assert (found["total"], [user["$id"] for user in found["users"]]) == (1, [ann.id])
    wrong = json.dumps({"method": "equal", "attribute": "password", "values": ["x"]})
    assert refusal(http.get("/users", params={"queries[]": wrong})) == (400, "general_argument_invalid")


def test_deleting_a_user_ends_everything_of_it(ann: Person, http: Http) -> None:
    browser = ann.sign_in()
    ok(http.post("/teams", {"teamId": f"t{ann.id}", "name": "T"}))
    ok(http.post(f"/teams/t{ann.id}/memberships", {"userId": ann.id, "roles": []}))
    assert http.delete(f"/users/{ann.id}").status_code == 204
    assert refusal(browser.get("/account")) == NOBODY
    assert ok(http.get(f"/teams/t{ann.id}"))["total"] == 0
    assert ok(http.post("/users", {"userId": ann.id, "email": ann.email}))["$id"] == ann.id


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/users/x/mfa/recovery-codes"),
        ("POST", "/users/bcrypt"),
        ("GET", "/users/x/logs"),
        ("PUT", "/account/sessions/magic-url"),
        ("PATCH", "/teams/x/memberships/y/status"),
    ],
)
def test_what_is_not_emulated_says_so(http: Http, method: str, path: str) -> None:
    assert refusal(http.call(method, path, {})) == (501, "general_route_not_emulated")


def test_a_token_of_the_server_signs_its_user_in_once(ann: Person, guest: Http, http: Http) -> None:
    token = ok(http.post(f"/users/{ann.id}/tokens", {"length": 9, "expire": 60}))
    assert (len(token["secret"]), token["userId"], token["phrase"]) == (9, ann.id, "")
    used = {"userId": ann.id, "secret": token["secret"]}
    assert refusal(guest.post("/account/sessions/token", {**used, "secret": "0"})) == (
        401,
        "user_invalid_token",
    )
    session = ok(guest.post("/account/sessions/token", used))
    assert (session["provider"], session["factors"], session["current"]) == ("token", ["token"], True)
    assert ok(guest.get("/account"))["$id"] == ann.id
    guest.session.cookies.clear()
    assert refusal(guest.post("/account/sessions/token", used)) == (401, "user_invalid_token")


def test_a_token_of_the_server_ends(ann: Person, guest: Http, http: Http, local: Http) -> None:
    token = ok(http.post(f"/users/{ann.id}/tokens", {"expire": 60}))
    ok(local.put("/clock", {"offsetSeconds": 61}))
    used = {"userId": ann.id, "secret": token["secret"]}
    assert refusal(guest.post("/account/sessions/token", used)) == (401, "user_invalid_token")


def test_whether_an_address_is_verified_is_not_said_in_words(ann: Person, http: Http) -> None:
    answer = http.patch(f"/users/{ann.id}/verification", {"emailVerification": "true"})
    assert refusal(answer) == (400, "general_argument_invalid")


def test_one_user_may_have_the_empty_address(ann: Person, http: Http, server: LocalServer) -> None:
    ben = new_person(server, http)
    http.patch(f"/users/{ann.id}/email", {"email": ""})
    refused = http.patch(f"/users/{ben.id}/email", {"email": ""})
    ok(http.delete(f"/users/{ann.id}"))
    assert refusal(refused) == (409, "user_email_already_exists")

"""Teams as their members see them: who may read, change and leave, and the roles that membership gives."""

from __future__ import annotations

import secrets

import pytest

from tests.emulator.people import Person, new_person, refusal
from tests.support.local_server import Http, LocalServer, ok


@pytest.fixture
def ann(server: LocalServer, http: Http) -> Person:
    return new_person(server, http)


@pytest.fixture
def bob(server: LocalServer, http: Http) -> Person:
    return new_person(server, http)


@pytest.fixture
def crew(http: Http) -> str:
    return str(ok(http.post("/teams", {"teamId": f"t{secrets.token_hex(6)}", "name": "Crew"}))["$id"])


def test_who_makes_a_team_owns_it(ann: Person) -> None:
    browser = ann.sign_in()
    team = ok(browser.post("/teams", {"teamId": "unique()", "name": "Mine", "roles": ["pilot"]}))
    assert team["total"] == 1
    members = ok(browser.get(f"/teams/{team['$id']}/memberships"))["memberships"]
    assert [(one["userId"], one["roles"]) for one in members] == [(ann.id, ["pilot", "owner"])]
    assert ok(browser.put(f"/teams/{team['$id']}", {"name": "Ours"}))["name"] == "Ours"
    assert browser.delete(f"/teams/{team['$id']}").status_code == 204


def test_a_team_is_hidden_from_those_outside(ann: Person, bob: Person, http: Http, crew: str) -> None:
    ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": ["driver"]}))
    member, stranger = ann.sign_in(), bob.sign_in()
    assert [team["$id"] for team in ok(member.get("/teams"))["teams"]] == [crew]
    assert ok(stranger.get("/teams"))["teams"] == []
    for path in (f"/teams/{crew}", f"/teams/{crew}/memberships", f"/teams/{crew}/prefs"):
        assert member.get(path).status_code == 200
        assert refusal(stranger.get(path)) == (404, "team_not_found")


def test_members_who_own_nothing_may_only_leave(ann: Person, bob: Person, http: Http, crew: str) -> None:
    mine = ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": ["driver"]}))
    his = ok(http.post(f"/teams/{crew}/memberships", {"userId": bob.id, "roles": ["owner"]}))
    member = ann.sign_in()
    refused = (401, "user_unauthorized")
    assert refusal(member.put(f"/teams/{crew}", {"name": "X"})) == refused
    assert refusal(member.put(f"/teams/{crew}/prefs", {"prefs": {"a": 1}})) == refused
    assert refusal(member.delete(f"/teams/{crew}")) == refused
    assert refusal(member.patch(f"/teams/{crew}/memberships/{mine['$id']}", {"roles": ["owner"]})) == refused
    assert refusal(member.delete(f"/teams/{crew}/memberships/{his['$id']}")) == refused
    assert member.delete(f"/teams/{crew}/memberships/{mine['$id']}").status_code == 204
    assert ok(http.get(f"/teams/{crew}"))["total"] == 1


def test_no_user_invites_because_no_mail_is_sent(ann: Person, http: Http, crew: str) -> None:
    ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": ["owner"]}))
    owner, path = ann.sign_in(), f"/teams/{crew}/memberships"
    invitation = {"email": "new@example.com", "roles": []}
    assert refusal(owner.post(path, invitation)) == (400, "general_argument_invalid")
    invitation["url"] = "http://localhost/join"
    assert refusal(owner.post(path, invitation)) == (503, "general_smtp_disabled")


def test_the_server_adds_somebody_unknown_by_address(http: Http, crew: str) -> None:
    email = f"n{secrets.token_hex(6)}@example.com"
    added = ok(http.post(f"/teams/{crew}/memberships", {"email": email, "roles": ["x"], "name": "New"}))
    assert (added["userEmail"], added["userName"], added["confirm"]) == (email, "New", True)
    user = ok(http.get(f"/users/{added['userId']}"))
    assert (user["passwordUpdate"], user["targets"][0]["identifier"]) == ("", email)


def test_a_membership_belongs_to_its_team(ann: Person, http: Http, crew: str) -> None:
    mine = ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": []}))
    other = ok(http.post("/teams", {"teamId": "unique()", "name": "Other"}))["$id"]
    for call in (http.get, http.delete):
        answer = call(f"/teams/{other}/memberships/{mine['$id']}")
        assert refusal(answer) == (404, "team_membership_mismatch")


def test_roles_follow_memberships_at_once(ann: Person, http: Http, crew: str) -> None:
    bucket = ok(
        http.post(
            "/storage/buckets",
            {"bucketId": "unique()", "name": "B", "permissions": [f'read("team:{crew}/gate")']},
        )
    )["$id"]
    browser = ann.sign_in()
    assert browser.get(f"/storage/buckets/{bucket}/files").status_code == 401
    made = ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": ["gate"]}))
    assert browser.get(f"/storage/buckets/{bucket}/files").status_code == 200
    ok(http.patch(f"/teams/{crew}/memberships/{made['$id']}", {"roles": ["door"]}))
    assert browser.get(f"/storage/buckets/{bucket}/files").status_code == 401


def test_only_the_teams_own_routes_tell_a_members_number(server: LocalServer, http: Http, crew: str) -> None:
    phone = f"+1{secrets.randbelow(10**9) + 10**9}"
    ann = new_person(server, http, phone=phone)
    newest = {"X-Appwrite-Response-Format": "2.5.0"}
    path = f"/teams/{crew}/memberships"
    made = ok(http.post(path, {"userId": ann.id, "roles": []}, headers=newest))
    assert made["userPhone"] == ""
    assert ok(http.get(f"{path}/{made['$id']}", headers=newest))["userPhone"] == phone
    of_user = ok(http.get(f"/users/{ann.id}/memberships", headers=newest))["memberships"]
    assert [one["userPhone"] for one in of_user] == [""]


def test_leaving_asks_for_the_membership_before_the_team(http: Http, crew: str) -> None:
    assert refusal(http.delete("/teams/nowhere/memberships/nobody")) == (404, "team_invite_not_found")
    assert refusal(http.get(f"/teams/{crew}/memberships/nobody")) == (404, "membership_not_found")


def test_the_total_of_a_users_memberships_counts_the_page(http: Http, ann: Person, crew: str) -> None:
    ok(http.post(f"/teams/{crew}/memberships", {"userId": ann.id, "roles": []}))
    other = ok(http.post("/teams", {"teamId": "unique()", "name": "Other"}))["$id"]
    ok(http.post(f"/teams/{other}/memberships", {"userId": ann.id, "roles": []}))
    one = {"queries[]": '{"method":"limit","values":[1]}'}
    assert ok(http.get(f"/users/{ann.id}/memberships", params=one))["total"] == 1
    assert ok(http.get(f"/users/{ann.id}/memberships"))["total"] == 2

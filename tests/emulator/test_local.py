"""The local routes: who may use them, the request log, the clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.support.local_server import Http, LocalServer, ok, wait_until


@pytest.mark.parametrize("headers", [{}, {"X-Appwrite-Key": "wrong"}])
def test_local_routes_need_the_key(server: LocalServer, headers: dict[str, str]) -> None:
    for path in ("/clock", "/requests", "/payments/ledger", "/nowhere"):
        assert Http(server.ready.site + "/_local", headers).get(path).status_code == 401


def test_the_log_shows_every_site_and_who_asked(local: Http, http: Http, guest: Http) -> None:
    before = ok(local.get("/requests"))["last"]
    http.get("/health?deep=1")
    guest.get("/health")
    guest.get("/nowhere")
    log = ok(local.get("/requests", params={"since": before}))
    # What another test was too impatient to wait for may end only now.
    mine = [entry for entry in log["requests"] if not entry["path"].startswith("/razorpay/")]
    assert [(e["method"], e["path"], e["query"], e["status"], e["caller"]) for e in mine] == [
        ("GET", "/_local/requests", "", 200, "key"),
        ("GET", "/v1/health", "deep=1", 200, "key"),
        ("GET", "/v1/health", "", 401, "guest"),
        ("GET", "/v1/nowhere", "", 404, "guest"),
    ]
    assert log["last"] == before + len(log["requests"])
    assert all(0 <= e["durationMs"] < 1000 and e["executionId"] == "" for e in mine)


def test_the_log_is_filtered(local: Http, http: Http) -> None:
    before = ok(local.get("/requests"))["last"]
    http.get("/health")
    http.get("/health/nowhere")
    http.post("/health")
    only = {"since": before, "path": "/v1/health*", "method": "GET", "limit": 1}
    assert [e["path"] for e in ok(local.get("/requests", params=only))["requests"]] == ["/v1/health"]
    nobody = {"since": before, "executionId": "nobody"}
    assert ok(local.get("/requests", params=nobody))["requests"] == []


def test_the_clock_moves_for_everything_that_the_server_dates(local: Http) -> None:
    real = datetime.fromisoformat(ok(local.get("/clock"))["now"])
    ok(local.put("/clock", {"offsetSeconds": 3600}))
    moved = ok(local.put("/clock", {"advanceSeconds": 60}))
    assert moved["offsetSeconds"] == 3660
    assert 3660 <= (datetime.fromisoformat(moved["now"]) - real).total_seconds() < 3690
    dated = ok(local.post("/payments", {"amount": 100}))["created_at"]
    assert dated - real.timestamp() >= 3659


@pytest.mark.parametrize("body", [{}, {"offsetSeconds": 1, "advanceSeconds": 1}, {"offsetSeconds": "soon"}])
def test_a_clock_that_makes_no_sense(local: Http, body: dict[str, object]) -> None:
    assert local.put("/clock", body).status_code == 400


def test_the_outbox_shows_what_messaging_delivered(local: Http, http: Http) -> None:
    ok(
        http.post(
            "/users", {"userId": "outbox-ann", "email": "outbox-ann@example.com", "password": "password"}
        )
    )
    email = {"messageId": "outbox-1", "subject": "Ticket", "content": "Yours", "users": ["outbox-ann"]}
    ok(http.post("/messaging/messages/email", email))

    def delivered() -> list[dict[str, object]]:
        return [d for d in ok(local.get("/outbox"))["deliveries"] if d["messageId"] == "outbox-1"]

    [one] = wait_until(delivered)
    assert (one["identifier"], one["userId"]) == ("outbox-ann@example.com", "outbox-ann")


def test_all_rows_of_all_tables_are_gone_at_once(fresh_server: LocalServer, fresh_http: Http) -> None:
    ok(fresh_http.post("/tablesdb", {"databaseId": "d", "name": "D"}))
    tables = [f"/tablesdb/d/tables/{table}" for table in ("a", "b")]
    for table in tables:
        ok(fresh_http.post("/tablesdb/d/tables", {"tableId": table[-1], "name": "T", "rowSecurity": True}))
        ok(fresh_http.post(f"{table}/columns/integer", {"key": "n", "required": True}))
        ok(fresh_http.post(f"{table}/indexes", {"key": "once", "type": "unique", "columns": ["n"]}))
        row = {"rowId": "r", "data": {"n": 1}, "permissions": ['read("any")']}
        ok(fresh_http.post(f"{table}/rows", row))
    site = Http(fresh_server.ready.site + "/_local", {"X-Appwrite-Key": fresh_server.ready.api_key})
    assert site.delete("/rows").status_code == 204
    guest = Http.guest(fresh_server.endpoint, fresh_server.ready.project_id)
    for table in tables:
        assert ok(fresh_http.get(f"{table}/rows"))["total"] == 0
        again = ok(fresh_http.post(f"{table}/rows", {"rowId": "r", "data": {"n": 1}}))
        assert again["$sequence"] == 2
        assert guest.get(f"{table}/rows/r").status_code == 404

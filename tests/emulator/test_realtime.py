"""Realtime: who hears of what, and that no client can hold up the others."""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from tests.emulator.people import Person, new_person
from tests.support.local_server import Http, LocalServer, ok
from tests.support.sockets import Listener, listening

DATABASE = "rt"
TABLE = f"/tablesdb/{DATABASE}/tables/t"
ROWS = f"tablesdb.{DATABASE}.tables.t.rows"


@pytest.fixture
def rows(http: Http) -> Iterator[str]:
    """The path of an empty table's rows; whoever may read a row is said on the row."""
    ok(http.post("/tablesdb", {"databaseId": DATABASE, "name": DATABASE}))
    ok(http.post(f"/tablesdb/{DATABASE}/tables", {"tableId": "t", "name": "t", "rowSecurity": True}))
    ok(http.post(f"{TABLE}/columns/integer", {"key": "n", "required": False}))
    yield f"{TABLE}/rows"
    ok(http.delete(f"/tablesdb/{DATABASE}"))


@pytest.fixture
def ann(server: LocalServer, http: Http) -> Person:
    return new_person(server, http)


def create(http: Http, rows: str, row_id: str, reader: str, n: int = 0) -> None:
    ok(http.post(rows, {"rowId": row_id, "data": {"n": n}, "permissions": [f'read("{reader}")']}))


def cookies_of(caller: Http) -> dict[str, str]:
    return {"cookie": "; ".join(f"{c.name}={c.value}" for c in caller.session.cookies)}


def session_of(person: Person) -> str:
    """A session's text as browsers without cookies keep it."""
    caller = Http(person.server.endpoint, {"X-Appwrite-Project": person.project})
    signed_in = caller.post("/account/sessions/email", {"email": person.email, "password": "correct horse 9"})
    kept: str = json.loads(signed_in.headers["x-fallback-cookies"])[f"a_session_{person.project}"]
    return kept


def heard(listener: Listener) -> str:
    row_id: str = listener.event()["payload"]["$id"]
    return row_id


def test_everyone_hears_what_they_may_read(server: LocalServer, http: Http, rows: str, ann: Person) -> None:
    cookies = cookies_of(ann.sign_in())
    with listening(server, ROWS) as guest, listening(server, ROWS, headers=cookies) as signed_in:
        assert guest.greeting["data"]["user"] is None
        assert signed_in.greeting["data"]["user"]["$id"] == ann.id
        create(http, rows, "for-nobody", "user:somebody-else")
        create(http, rows, "for-ann", f"user:{ann.id}")
        create(http, rows, "for-guests", "guests")
        create(http, rows, "for-all", "any")
        assert [heard(signed_in), heard(signed_in)] == ["for-ann", "for-all"]
        assert [heard(guest), heard(guest)] == ["for-guests", "for-all"]
        assert guest.hears_nothing() and signed_in.hears_nothing()


def test_a_token_in_the_address_says_who_listens(
    server: LocalServer, http: Http, rows: str, ann: Person
) -> None:
    jwt = ok(http.post(f"/users/{ann.id}/jwts"))["jwt"]
    with listening(server, ROWS, query=[("jwt", jwt)]) as listener:
        assert listener.greeting["data"]["user"]["$id"] == ann.id
        create(http, rows, "r", f"user:{ann.id}")
        assert heard(listener) == "r"
    with listening(server, ROWS, query=[("jwt", jwt + "x")]) as refused:
        assert refused.greeting["type"] == "error"
        assert refused.greeting["data"]["code"] == 401


def test_a_guest_becomes_a_user(server: LocalServer, http: Http, rows: str, ann: Person) -> None:
    with listening(server, ROWS, "account.update") as listener:
        refused = listener.ask("authentication", {"session": "nonsense"})
        assert (refused["type"], refused["data"]["code"]) == ("error", 1003)
        answer = listener.ask("authentication", {"session": session_of(ann)})
        assert answer["data"]["to"] == "authentication" and answer["data"]["user"]["$id"] == ann.id
        create(http, rows, "r", f"user:{ann.id}")
        assert heard(listener) == "r"
        ok(http.patch(f"/users/{ann.id}/name", {"name": "Anne"}))
        event = listener.event()
        assert f"account.{ann.id}.update" in event["channels"]
        assert event["payload"]["name"] == "Anne"


def test_nobody_hears_of_another_account(server: LocalServer, http: Http, ann: Person) -> None:
    bob = new_person(server, http)
    with listening(server, "account", f"account.{ann.id}", headers=cookies_of(bob.sign_in())) as listener:
        assert listener.greeting["data"]["channels"] == ["account", f"account.{bob.id}"]
        ok(http.patch(f"/users/{ann.id}/name", {"name": "Anne"}))
        assert listener.hears_nothing()
        ok(http.patch(f"/users/{bob.id}/name", {"name": "Rob"}))
        assert listener.event()["payload"]["name"] == "Rob"


def test_who_joins_a_team_hears_its_rows_at_once(
    server: LocalServer, http: Http, rows: str, ann: Person
) -> None:
    team = f"team-{ann.id}"
    ok(http.post("/teams", {"teamId": team, "name": "T"}))
    with listening(server, ROWS, headers=cookies_of(ann.sign_in())) as listener:
        create(http, rows, "before", f"team:{team}")
        member = ok(http.post(f"/teams/{team}/memberships", {"userId": ann.id, "roles": []}))
        create(http, rows, "while", f"team:{team}")
        assert heard(listener) == "while"
        ok(http.delete(f"/teams/{team}/memberships/{member['$id']}"))
        create(http, rows, "after", f"team:{team}")
        assert listener.hears_nothing()


def test_subscriptions_by_message_name_what_they_matched(server: LocalServer, http: Http, rows: str) -> None:
    many = json.dumps({"method": "greaterThan", "attribute": "n", "values": [5]})
    with listening(server) as listener:
        asked = [
            {"subscriptionId": "all", "channels": [ROWS, "rows.create"]},
            {"subscriptionId": "many", "channels": [ROWS], "queries": [many]},
        ]
        answer = listener.ask("subscribe", asked)
        assert answer["data"]["subscriptions"][1] == {
            "subscriptionId": "many", "channels": [ROWS], "queries": [many.replace(" ", "")],
        }  # fmt: skip
        create(http, rows, "few", "any", n=5)
        create(http, rows, "lots", "any", n=6)
        assert listener.event()["subscriptions"] == ["all"]
        assert sorted(listener.event()["subscriptions"]) == ["all", "many"]
        gone = listener.ask("unsubscribe", [{"subscriptionId": "all"}, {"subscriptionId": "never"}])
        assert [each["removed"] for each in gone["data"]["subscriptions"]] == [True, False]
        create(http, rows, "few-again", "any", n=1)
        assert listener.hears_nothing()
        create(http, rows, "lots-again", "any", n=7)
        assert heard(listener) == "lots-again"


def test_queries_in_the_address_belong_to_their_channel(server: LocalServer, http: Http, rows: str) -> None:
    two = json.dumps({"method": "equal", "attribute": "n", "values": [2]})
    key = ROWS.replace(".", "_")
    with listening(server, ROWS, query=[(f"{key}[0][]", two)]) as listener:
        create(http, rows, "one", "any", n=1)
        create(http, rows, "two", "any", n=2)
        assert heard(listener) == "two"
    with listening(server, ROWS, query=[(f"{key}[0][]", '{"method":"limit","values":[1]}')]) as refused:
        assert refused.greeting["data"]["code"] == 1008


def test_files_are_told_of_when_they_are_whole(server: LocalServer, http: Http) -> None:
    ok(http.post("/storage/buckets", {"bucketId": "rt", "name": "rt", "permissions": ['read("any")']}))
    with listening(server, "buckets.rt.files") as listener:
        uploaded = http.call(
            "POST", "/storage/buckets/rt/files", data={"fileId": "f"}, files={"file": ("f.txt", b"content")}
        )
        assert listener.event()["payload"] == ok(uploaded)
        ok(http.delete("/storage/buckets/rt/files/f"))
        event = listener.event()
        assert event["events"][0] == "buckets.rt.files.f.delete"
        assert "files.delete" in event["channels"]
    ok(http.delete("/storage/buckets/rt"))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "1", "{}", '{"type":"fly"}', '{"type":["ping"]}', '{"data":1}',
     '{"type":"subscribe"}', '{"type":"subscribe","data":[{"channels":"rows"}]}',
     '{"type":"subscribe","data":[{"channels":["rows"],"queries":["{"]}]}',
     '{"type":"subscribe","data":[{"channels":["rows"],"subscriptionId":"_"}]}',
     '{"type":"unsubscribe","data":[{}]}', '{"type":"authentication","data":{"session":1}}'],
)  # fmt: skip
def test_messages_that_mean_nothing(server: LocalServer, text: str) -> None:
    with listening(server) as listener:
        listener.socket.send(text)
        answer = listener.next()
        assert (answer["type"], answer["data"]["code"]) == ("error", 1003)
        assert listener.hears_nothing()


def test_pages_of_unknown_origins_are_refused(server: LocalServer) -> None:
    with listening(server, "rows", origin="https://elsewhere.example.com") as refused:
        assert refused.greeting["data"]["code"] == 1008
        with pytest.raises(ConnectionClosed) as closed:
            refused.next()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008


def test_a_killed_client_does_not_disturb_the_others(server: LocalServer, http: Http, rows: str) -> None:
    with listening(server, ROWS) as alive:
        for at in range(20):
            with listening(server, ROWS) as killed:
                killed.socket.socket.shutdown(socket.SHUT_RDWR)
                create(http, rows, f"r{at}", "any")
            assert heard(alive) == f"r{at}"


def test_a_client_that_does_not_read_neither_waits_nor_fills_the_memory(
    fresh_server: LocalServer, fresh_http: Http
) -> None:
    ok(fresh_http.post("/tablesdb", {"databaseId": DATABASE, "name": DATABASE}))
    ok(
        fresh_http.post(
            f"/tablesdb/{DATABASE}/tables", {"tableId": "t", "name": "t", "permissions": ['read("any")']}
        )
    )
    site = urlsplit(fresh_server.endpoint)
    assert site.hostname and site.port
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect((site.hostname, site.port))
        deaf.sendall(
            f"GET /v1/realtime?project={fresh_server.ready.project_id}&channels[]=rows HTTP/1.1\r\n"
            f"host: {site.netloc}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
        )
        with listening(fresh_server, "rows") as alive:
            for bulk in range(120):
                batch = [{"$id": f"r{bulk}-{at}"} for at in range(100)]
                ok(fresh_http.post(f"{TABLE}/rows", {"rows": batch}))
                assert [heard(alive) for _ in range(100)] == [row["$id"] for row in batch]
        deaf.settimeout(10)
        while deaf.recv(1 << 16):
            pass  # Only a connection that the server has given up ends here.


def test_delivery_takes_milliseconds(server: LocalServer, http: Http, rows: str) -> None:
    delays = []
    with listening(server, ROWS) as listener:
        for at in range(50):
            create(http, rows, f"r{at}", "any")
            answered = time.perf_counter()
            listener.event()
            delays.append(time.perf_counter() - answered)
    assert statistics.median(delays) < 0.010

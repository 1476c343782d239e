"""The Appwrite adapters, down to the bytes of a request."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from boxoffice.adapters.appwrite.accounts import AppwriteAccounts, ProvenTokens
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.threads import Threads
from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal, Rejected, Retryable
from boxoffice.ports import NewRow, RowsTaken, UniqueClash
from boxoffice.saga.timing import TimeBudget
from boxoffice.schema import Table

from tests.unit.fake_time import FakeTime
from tests.unit.wire import Answer, Wire, dropped_connection, refused_connection

Result = TypeVar("Result")

ROWS = "/v1/tablesdb/boxoffice/tables/outcomes/rows"
MINE = NewRow("bk-1", {"outcome": "CONFIRMED", "attempt": "mine"}, reader="ann")
STORED = {"$id": "bk-1", "outcome": "CONFIRMED", "attempt": "mine"}
THEIRS = {"$id": "bk-1", "outcome": "ROLLED_BACK", "attempt": "theirs"}
TAKEN = (409, {"message": "taken", "code": 409, "type": "row_already_exists"})
BROKEN = (500, {"message": "secret internals", "code": 500, "type": "general_unknown"})
BUSY = (429, {"message": "slow down", "code": 429, "type": "general_rate_limit_exceeded"})
TIMEOUT = requests.ReadTimeout()

THREADS = Threads(4)


def listed(*rows: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"total": len(rows), "rows": list(rows)}


class Server:
    """Adapters over a wire."""

    def __init__(self, *answers: Answer, seconds: float = 25.0) -> None:
        self.wire = Wire(answers)
        self.time = FakeTime()
        self.budget = TimeBudget(self.time.timing.clock, seconds, 0.0)
        self.session = self.wire.session()
        self.client = self.client_with({"x-appwrite-key": "key"})
        parts = (self.client, THREADS, self.time.timing, self.budget)
        self.rows = AppwriteRows(*parts)
        self.files = AppwriteFiles(*parts)

    def client_with(self, credentials: dict[str, str]) -> PooledClient:
        return PooledClient(self.session, "http://appwrite/v1", "box", credentials, self.budget)

    def accounts(self, proven: ProvenTokens) -> AppwriteAccounts:
        return AppwriteAccounts(
            lambda token: self.client_with({"x-appwrite-jwt": token}),
            proven,
            THREADS,
            self.time.timing,
            self.budget,
        )

    def query(self, number: int) -> list[dict[str, Any]]:
        pairs = parse_qsl(urlsplit(str(self.wire.requests[number].url)).query)
        return [json.loads(value) for name, value in pairs if name.startswith("queries")]


def run(call: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(call)


def error_of(call: Coroutine[Any, Any, Any]) -> BoxofficeError:
    with pytest.raises(BoxofficeError) as raised:
        run(call)
    return raised.value


class TestPutOnce:
    def test_the_first_writes(self) -> None:
        server = Server((201, STORED))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == STORED
        assert server.wire.sent == [f"POST {ROWS}"]
        body = server.wire.body(0)
        assert (body["rowId"], body["data"]) == ("bk-1", dict(MINE.data))
        assert body["permissions"] == ['read("user:ann")']

    def test_a_row_without_a_reader_is_for_functions_only(self) -> None:
        server = Server((201, STORED))
        run(server.rows.put_once(Table.OUTCOMES, NewRow("bk-1", {})))
        assert server.wire.body(0)["permissions"] == []

    def test_a_public_row_is_for_everybody(self) -> None:
        server = Server((201, STORED))
        run(server.rows.put_once(Table.CLAIMS, NewRow("bk-1", {}, public=True)))
        assert server.wire.body(0)["permissions"] == ['read("any")']

    def test_the_second_gets_what_the_first_wrote(self) -> None:
        server = Server(TAKEN, listed(THEIRS))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == THEIRS
        assert server.query(1)[0] == {"method": "equal", "attribute": "$id", "values": ["bk-1"]}

    @pytest.mark.parametrize("lost", [TIMEOUT, dropped_connection(), BROKEN, (200, b"<html>")])
    def test_a_lost_answer_is_looked_up(self, lost: Answer) -> None:
        server = Server(lost, listed(STORED))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == STORED
        assert server.wire.sent == [f"POST {ROWS}", f"GET {ROWS}"]

    def test_what_was_not_written_is_written_again(self) -> None:
        server = Server(TIMEOUT, listed(), (201, STORED))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == STORED

    def test_a_late_write_of_the_first_attempt_is_found(self) -> None:
        server = Server(TIMEOUT, listed(), TAKEN, listed(STORED))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == STORED

    def test_what_was_never_sent_is_repeated_without_looking(self) -> None:
        server = Server(refused_connection(), BUSY, (201, STORED))
        assert run(server.rows.put_once(Table.OUTCOMES, MINE)) == STORED
        assert server.wire.sent == [f"POST {ROWS}"] * 3
        assert len(server.time.pauses) == 2

    @pytest.mark.parametrize(
        "answers",
        [
            [TIMEOUT, listed()] * 3,
            [TIMEOUT, *[refused_connection()] * 3] * 3,
            [TIMEOUT, listed(), *[refused_connection()] * 2],
            [TIMEOUT, listed(), (400, {"message": "m", "code": 400})],
            [TAKEN, *[BROKEN] * 3] * 3,
        ],
    )
    def test_it_never_pretends_to_know(self, answers: list[Answer]) -> None:
        server = Server(*answers)
        assert isinstance(error_of(server.rows.put_once(Table.OUTCOMES, MINE)), Ambiguous)

    def test_another_rows_unique_value(self) -> None:
        server = Server(TAKEN, listed())
        assert isinstance(error_of(server.rows.put_once(Table.BOOKINGS, MINE)), UniqueClash)


CLAIMS = [NewRow(f"pool.{n}", {"bookingId": "bk-1"}) for n in (1, 2)]
WRITTEN = [{"$id": row.id, "bookingId": "bk-1"} for row in CLAIMS]


class TestCreateAll:
    def test_one_call(self) -> None:
        server = Server((201, {"total": 2, "rows": []}))
        run(server.rows.create_all(Table.CLAIMS, CLAIMS, "bookingId"))
        assert [row["$id"] for row in server.wire.body(0)["rows"]] == ["pool.1", "pool.2"]

    def test_taken(self) -> None:
        server = Server(TAKEN)
        error = error_of(server.rows.create_all(Table.CLAIMS, CLAIMS, "bookingId"))
        assert isinstance(error, RowsTaken)
        assert len(server.wire.sent) == 1

    def test_a_lost_answer_is_looked_up_by_owner(self) -> None:
        server = Server(TIMEOUT, listed(*WRITTEN))
        run(server.rows.create_all(Table.CLAIMS, CLAIMS, "bookingId"))
        assert {"method": "equal", "attribute": "bookingId", "values": ["bk-1"]} in server.query(1)

    def test_a_late_write_of_the_first_attempt_is_ours(self) -> None:
        server = Server(TIMEOUT, listed(), TAKEN, listed(*WRITTEN))
        run(server.rows.create_all(Table.CLAIMS, CLAIMS, "bookingId"))

    @pytest.mark.parametrize(
        "answers", [[TIMEOUT, listed(), TAKEN, listed()], [TIMEOUT, listed(WRITTEN[0])] * 3]
    )
    def test_somebody_elses_after_a_lost_answer_is_not_simply_taken(self, answers: list[Answer]) -> None:
        """The first attempt may still be written, once the others let go of the units."""
        server = Server(*answers)
        error = error_of(server.rows.create_all(Table.CLAIMS, CLAIMS, "bookingId"))
        assert isinstance(error, Ambiguous)


class TestFind:
    def test_pages_columns_and_never_from_a_cache(self) -> None:
        server = Server(listed(STORED))
        found = run(
            server.rows.find(Table.CLAIMS, {"poolId": "p"}, columns=["unit"], after="p.7", limit=5000)
        )
        assert found == [STORED]
        assert server.wire.sent == ["GET /v1/tablesdb/boxoffice/tables/claims/rows"]
        assert server.query(0) == [
            {"method": "equal", "attribute": "poolId", "values": ["p"]},
            {"method": "orderAsc", "attribute": "$id"},
            {"method": "limit", "values": [5000]},
            {"method": "greaterThan", "attribute": "$id", "values": ["p.7"]},
            {"method": "select", "values": ["$id", "unit"]},
        ]
        assert "total=false" in str(server.wire.requests[0].url)

    @pytest.mark.parametrize("failure", [TIMEOUT, dropped_connection(), BROKEN, BUSY, refused_connection()])
    def test_reading_is_repeated(self, failure: Answer) -> None:
        server = Server(failure, failure, listed())
        assert run(server.rows.find(Table.EVENTS, {"$id": "e"})) == []

    def test_but_not_for_ever(self) -> None:
        server = Server(*[BROKEN] * 3)
        error = error_of(server.rows.find(Table.EVENTS, {"$id": "e"}))
        assert isinstance(error, Retryable)
        assert "secret" not in error.message
        assert "secret" in str(error.__cause__)


class TestRefusedWrites:
    REFUSED = (400, {"message": "no", "code": 400, "type": "row_invalid_structure"})

    def test_a_refusal_is_not_its_own_cause(self) -> None:
        once = error_of(Server(self.REFUSED).rows.put_once(Table.OUTCOMES, MINE))
        together = error_of(Server(self.REFUSED).rows.create_all(Table.OUTCOMES, [MINE], "attempt"))
        for error in (once, together):
            causes: list[BaseException] = [error]
            while (cause := causes[-1].__cause__) is not None:
                assert cause not in causes, "whoever walks the causes would never end"
                causes.append(cause)


class TestOtherWrites:
    def test_update_is_repeated(self) -> None:
        server = Server(TIMEOUT, BROKEN, (200, STORED))
        run(server.rows.update(Table.BOOKINGS, "bk-1", {"status": "confirmed"}))
        assert server.wire.sent == ["PATCH /v1/tablesdb/boxoffice/tables/bookings/rows/bk-1"] * 3

    def test_a_bulk_delete_has_its_queries_in_the_body(self) -> None:
        server = Server((200, {"total": 0, "rows": []}))
        run(server.rows.delete_where(Table.CLAIMS, {"bookingId": "bk-1"}))
        assert [json.loads(query) for query in server.wire.body(0)["queries"]] == [
            {"method": "equal", "attribute": "bookingId", "values": ["bk-1"]}
        ]

    def test_a_bulk_delete_without_a_condition_is_not_sent(self) -> None:
        server = Server()
        with pytest.raises(ValueError, match="whole table"):
            run(server.rows.delete_where(Table.CLAIMS, {}))

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [(TIMEOUT, Ambiguous), (BROKEN, Ambiguous), (BUSY, Retryable), (refused_connection(), Retryable)],
    )
    def test_a_delete_is_left_to_the_caller_to_repeat(
        self, answer: Answer, kind: type[BoxofficeError]
    ) -> None:
        server = Server(answer)
        assert type(error_of(server.rows.delete_where(Table.CLAIMS, {"a": "b"}))) is kind

    @pytest.mark.parametrize("status", [400, 401, 403, 413])
    def test_what_is_our_own_fault_is_fatal(self, status: int) -> None:
        server = Server((status, {"message": "m", "code": status}))
        assert isinstance(error_of(server.rows.find(Table.EVENTS, {"a": "b"})), Fatal)
        assert len(server.wire.sent) == 1

    def test_an_answer_that_is_not_appwrites(self) -> None:
        server = Server(*[(502, b"<html>bad gateway</html>")] * 3)
        assert isinstance(error_of(server.rows.find(Table.EVENTS, {"a": "b"})), Retryable)


class TestFiles:
    def test_stored_for_one_reader(self) -> None:
        server = Server((201, {"$id": "qr-1"}))
        run(server.files.store("qr-1", "ticket.png", b"PNG", "ann"))
        request = server.wire.requests[0]
        assert server.wire.sent == ["POST /v1/storage/buckets/tickets/files"]
        assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert isinstance(request.body, bytes)
        for part in (b"PNG", b'name="permissions[0]"', b'read("user:ann")', b'filename="ticket.png"'):
            assert part in request.body

    def test_stored_before(self) -> None:
        server = Server(TIMEOUT, (409, {"message": "m", "code": 409, "type": "storage_file_already_exists"}))
        run(server.files.store("qr-1", "ticket.png", b"PNG", "ann"))

    def test_deleted_before(self) -> None:
        server = Server((404, {"message": "m", "code": 404, "type": "storage_file_not_found"}))
        run(server.files.delete("qr-1"))
        assert server.wire.sent == ["DELETE /v1/storage/buckets/tickets/files/qr-1"]

    def test_deleted(self) -> None:
        run(Server((204, b"")).files.delete("qr-1"))


def token(expires: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


class TestAccounts:
    USER = (200, {"$id": "ann", "email": "ann@example.com", "phone": ""})

    def test_the_token_is_the_only_credential(self) -> None:
        server = Server(self.USER)
        account = run(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t.o.ken"))
        assert account == Account("ann", "ann@example.com", "")
        headers = server.wire.requests[0].headers
        assert headers["x-appwrite-jwt"] == "t.o.ken"
        assert "x-appwrite-key" not in headers

    @pytest.mark.parametrize("confirmed, known", [(True, "+911"), (False, "")])
    def test_a_number_counts_once_it_is_confirmed(self, confirmed: bool, known: str) -> None:
        claimed = {"phone": "+911", "phoneVerification": confirmed}
        server = Server((200, {**self.USER[1], **claimed}))
        account = run(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert account == Account("ann", "ann@example.com", known)

    def test_asked_once_while_the_token_lives(self) -> None:
        now = 0.0
        proven = ProvenTokens(9, lambda: now)
        server = Server(self.USER, self.USER)
        run(server.accounts(proven).of_token(token(100)))
        run(server.accounts(proven).of_token(token(100)))
        assert len(server.wire.sent) == 1
        now = 100.0
        run(server.accounts(proven).of_token(token(100)))
        assert len(server.wire.sent) == 2

    @pytest.mark.parametrize("text", ["opaque", "a.b.c", token("soon"), token(None), "..", "é.é.é"])
    def test_a_token_that_does_not_say_when_it_expires_is_asked_every_time(self, text: str) -> None:
        proven = ProvenTokens(9, lambda: 0.0)
        proven.put(text, Account("ann", "", ""))
        assert proven.get(text) is None

    def test_only_so_many_are_kept(self) -> None:
        proven = ProvenTokens(2, lambda: 0.0)
        for expires in (1, 2, 3):
            proven.put(token(expires), Account("ann", "", ""))
        assert [proven.get(token(expires)) is None for expires in (1, 2, 3)] == [True, False, False]

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_not_valid_here(self, status: int) -> None:
        server = Server((status, {"message": "m", "code": status}))
        error = error_of(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert isinstance(error, Rejected)
        assert error.code is Code.UNAUTHENTICATED

    def test_a_server_in_trouble_is_not_a_forged_token(self) -> None:
        server = Server(*[BROKEN] * 3)
        error = error_of(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert error.code is Code.SERVICE_UNAVAILABLE


class TestTransport:
    def test_the_remaining_time_is_the_time_out(self) -> None:
        server = Server(listed(), listed(), seconds=5.0)
        run(server.rows.find(Table.EVENTS, {"a": "b"}))
        server.time.seconds = 4.0
        run(server.rows.find(Table.EVENTS, {"a": "b"}))
        assert server.wire.timeouts == [(3.0, 5.0), (1.0, 1.0)]

    def test_without_time_nothing_is_sent(self) -> None:
        server = Server(seconds=0.0)
        assert isinstance(error_of(server.rows.delete_where(Table.CLAIMS, {"a": "b"})), Retryable)
        assert not server.wire.requests

    def test_executions_share_connections_and_no_credentials(self) -> None:
        session = pooled_session(4)
        session.cookies.set("a_session", "secret", domain="appwrite")
        request = session.prepare_request(requests.Request("GET", "http://appwrite/v1"))
        assert "cookie" not in {name.lower() for name in request.headers}
        assert session.trust_env is False

    def test_the_sdk_speaks_its_own_response_format(self) -> None:
        server = Server(listed())
        run(server.rows.find(Table.EVENTS, {"a": "b"}))
        headers = server.wire.requests[0].headers
        assert headers["x-appwrite-response-format"] == "1.8.0"
        assert headers["x-appwrite-project"] == "box"
        assert headers["x-appwrite-key"] == "key"


class TestThreads:
    def test_a_call_that_does_not_end_is_ambiguous_and_one_that_never_began_is_not(self) -> None:
        threads, release = Threads(1), threading.Event()
        time = FakeTime()

        async def scenario() -> list[object]:
            short = TimeBudget(time.timing.clock, 0.01, 0.0)
            return await asyncio.gather(
                *(threads.run(lambda: release.wait(5), short) for _ in range(2)), return_exceptions=True
            )

        kinds = [type(error) for error in run(scenario())]
        release.set()
        assert kinds == [Ambiguous, Retryable]


class TestCountUp:
    COUNTER = "/v1/tablesdb/boxoffice/tables/rate_limits/rows"
    ROW = NewRow("rl-1", {"windowEnds": "2030-01-01T00:00:00.000+00:00"})
    STORED = (200, {"$id": "rl-1", "count": 12})
    NO_ROW = (404, {"message": "?", "code": 404, "type": "column_not_found"})

    def count(self, server: Server) -> Coroutine[Any, Any, bool]:
        return server.rows.count_up(Table.RATE_LIMITS, self.ROW, "count", 6, 30)

    def test_in_one_call(self) -> None:
        server = Server(self.STORED)
        assert run(self.count(server)) is True
        assert server.wire.sent == [f"PATCH {self.COUNTER}/rl-1/count/increment"]
        body = server.wire.body(0)
        assert (body["value"], body["max"]) == (6, 30)

    @pytest.mark.parametrize("kind", ["column_limit_exceeded", "attribute_limit_exceeded"])
    def test_not_beyond_the_bound(self, kind: str) -> None:
        server = Server((400, {"message": "?", "code": 400, "type": kind}))
        assert run(self.count(server)) is False

    def test_any_other_400_is_a_bug(self) -> None:
        server = Server((400, {"message": "?", "code": 400, "type": ["odd"]}))
        assert isinstance(error_of(self.count(server)), Fatal)

    def test_the_first_writes_the_row(self) -> None:
        server = Server(self.NO_ROW, (201, {"$id": "rl-1"}))
        assert run(self.count(server)) is True
        body = server.wire.body(1)
        assert (body["rowId"], body["data"]) == ("rl-1", {**self.ROW.data, "count": 6})
        assert body["permissions"] == []

    def test_who_comes_second_adds_to_it(self) -> None:
        server = Server(self.NO_ROW, TAKEN, self.STORED)
        assert run(self.count(server)) is True
        assert [line.split()[0] for line in server.wire.sent] == ["PATCH", "POST", "PATCH"]

    @pytest.mark.parametrize("lost", [TIMEOUT, dropped_connection(), BROKEN])
    def test_a_lost_answer_is_not_repeated(self, lost: Answer) -> None:
        server = Server(lost)
        assert isinstance(error_of(self.count(server)), Ambiguous)
        assert len(server.wire.sent) == 1

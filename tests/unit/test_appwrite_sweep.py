"""What the sweep and the administrators need of the Appwrite adapters, down to the bytes of a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from boxoffice.adapters.appwrite.users import AppwriteUsers
from boxoffice.domain.callers import Account
from boxoffice.domain.errors import Ambiguous, Fatal, Retryable
from boxoffice.ports import Range, StoredFile
from boxoffice.schema import Table

from tests.unit.appwrite_server import BROKEN, BUSY, THREADS, TIMEOUT, Server, listed
from tests.unit.running import error_of, run

BOOKINGS = "/v1/tablesdb/boxoffice/tables/bookings/rows"
ROW = {"$id": "bk-1", "status": "pending"}
ANN = {"$id": "ann", "email": "ann@example.com", "phone": "+4912", "phoneVerification": True}


class DatedServer(Server):
    """A server whose answers say what time it is."""

    def __init__(self, *answers: Any, date: str) -> None:
        super().__init__(*answers)
        self.session.hooks["response"] = [lambda response, **_: response.headers.update({"date": date})]


def users(server: Server) -> AppwriteUsers:
    return AppwriteUsers(server.client, THREADS, server.time.timing, server.budget)


class TestFinding:
    @pytest.mark.parametrize(
        "values, conditions",
        [
            (Range(), [{"method": "isNotNull", "attribute": "checkAfter"}]),
            (Range(above="a"), [{"method": "greaterThan", "attribute": "checkAfter", "values": ["a"]}]),
            (Range(upto="b"), [{"method": "lessThanEqual", "attribute": "checkAfter", "values": ["b"]}]),
            (
                Range("a", "b"),
                [
                    {"method": "greaterThan", "attribute": "checkAfter", "values": ["a"]},
                    {"method": "lessThanEqual", "attribute": "checkAfter", "values": ["b"]},
                ],
            ),
        ],
    )
    def test_a_range(self, values: Range, conditions: list[dict[str, Any]]) -> None:
        server = Server(listed(ROW))
        run(server.rows.find(Table.BOOKINGS, {"checkAfter": values}, order="checkAfter", limit=7))
        assert server.query(0) == [
            *conditions,
            {"method": "orderAsc", "attribute": "checkAfter"},
            {"method": "limit", "values": [7]},
        ]

    def test_every_row_has_an_id(self) -> None:
        server = Server(listed())
        run(server.rows.find(Table.BOOKINGS, {"$id": Range()}))
        assert [query["method"] for query in server.query(0)] == ["orderAsc", "limit"]

    def test_backwards_after_a_row_and_leaving_out_some(self) -> None:
        server = Server(listed(), listed())
        run(server.rows.find(Table.BOOKINGS, {}, order="$createdAt", descending=True, after="bk-1"))
        assert {"method": "orderDesc", "attribute": "$createdAt"} in server.query(0)
        assert {"method": "cursorAfter", "values": ["bk-1"]} in server.query(0)
        run(server.rows.find(Table.BOOKINGS, {}, descending=True, after="bk-1", skip=20))
        assert {"method": "lessThan", "attribute": "$id", "values": ["bk-1"]} in server.query(1)
        assert {"method": "offset", "values": [20]} in server.query(1)

    def test_counting_asks_for_the_total(self) -> None:
        server = Server(BUSY, (200, {"total": 4_711, "rows": [ROW]}))
        assert run(server.rows.count(Table.BOOKINGS, {"status": "pending"})) == 4_711
        assert "total=false" not in str(server.wire.requests[1].url)


class TestUpdatingMany:
    def test_in_one_call_that_may_be_repeated(self) -> None:
        server = Server(TIMEOUT, (200, {"total": 2, "rows": []}))
        where = {"$id": ["bk-1", "bk-2"]}
        run(server.rows.update_where(Table.BOOKINGS, where, {"checkAfter": None}))
        assert server.wire.sent == [f"PATCH {BOOKINGS}"] * 2
        assert server.wire.body(1)["data"] == {"checkAfter": None}

    def test_never_without_a_condition(self) -> None:
        server = Server()
        for where in ({}, {"$id": Range()}):
            with pytest.raises(ValueError, match="whole table"):
                run(server.rows.update_where(Table.BOOKINGS, where, {"checkAfter": None}))
            with pytest.raises(ValueError, match="whole table"):
                run(server.rows.delete_where(Table.BOOKINGS, where))
        assert server.wire.sent == []


class TestServerTime:
    def test_it_is_that_of_the_last_answer(self) -> None:
        server = DatedServer(listed(), date="Tue, 01 Jan 2030 12:00:05 GMT")
        run(server.rows.find(Table.BOOKINGS, {}))
        assert server.rows.server_time() == datetime(2030, 1, 1, 12, 0, 5, tzinfo=UTC)

    def test_a_refusal_tells_it_too(self) -> None:
        server = DatedServer((400, {"message": "no"}), date="Tue, 01 Jan 2030 13:00:05 +0100")
        error_of(server.rows.find(Table.BOOKINGS, {}))
        told = server.rows.server_time()
        assert told == datetime(2030, 1, 1, 13, 0, 5, tzinfo=timezone(timedelta(hours=1)))
        assert told.tzinfo is UTC

    @pytest.mark.parametrize("date", ["", "yesterday"])
    def test_nobody_guesses_it(self, date: str) -> None:
        server = DatedServer(listed(), date=date)
        run(server.rows.find(Table.BOOKINGS, {}))
        with pytest.raises(Fatal):
            server.rows.server_time()

    def test_before_the_first_answer_it_is_not_known(self) -> None:
        with pytest.raises(Fatal):
            Server().rows.server_time()


class TestFiles:
    def test_some_by_their_ids(self) -> None:
        found = {"$id": "qr-1", "$createdAt": "2030-01-01T12:00:00.000+00:00", "name": "x"}
        server = Server(TIMEOUT, (200, {"total": 1, "files": [found]}))
        files = run(server.files.find(["qr-1", "qr-2"]))
        assert files == [StoredFile("qr-1", datetime(2030, 1, 1, 12, tzinfo=UTC))]
        assert server.query(1)[0] == {"method": "equal", "attribute": "$id", "values": ["qr-1", "qr-2"]}

    def test_a_page_of_all(self) -> None:
        server = Server((200, {"total": 0, "files": []}))
        run(server.files.find(Range(above="qr-m"), limit=5))
        assert [query["method"] for query in server.query(0)] == ["greaterThan", "orderAsc", "limit"]


class TestUsers:
    def test_an_account_as_it_is_now(self) -> None:
        server = Server(BUSY, (200, ANN))
        assert run(users(server).account("ann")) == Account("ann", "ann@example.com", "+4912")
        assert server.wire.sent[1] == "GET /v1/users/ann"

    def test_a_number_that_its_user_has_not_confirmed_proves_nothing(self) -> None:
        server = Server((200, {**ANN, "phoneVerification": False}))
        assert run(users(server).account("ann")) == Account("ann", "ann@example.com", "")

    def test_an_account_that_is_gone(self) -> None:
        server = Server((404, {"message": "gone"}))
        assert run(users(server).account("ann")) is None

    def test_a_server_that_does_not_answer_is_not_an_account_that_is_gone(self) -> None:
        assert isinstance(error_of(users(Server(BROKEN, BROKEN, BROKEN)).account("ann")), Retryable)

    @pytest.mark.parametrize(
        "memberships, is_member",
        [([], False), ([{"confirm": False}], False), ([{"confirm": True}], True)],
    )
    def test_only_who_has_joined_is_a_member(self, memberships: list[Any], is_member: bool) -> None:
        server = Server((200, {"total": len(memberships), "memberships": memberships}))
        assert run(users(server).is_member("ann", "admins")) is is_member
        assert server.wire.sent == ["GET /v1/teams/admins/memberships"]
        assert {"method": "equal", "attribute": "userId", "values": ["ann"]} in server.query(0)


def test_a_write_whose_answer_never_comes_stays_uncertain() -> None:
    server = Server(TIMEOUT, TIMEOUT, TIMEOUT)
    assert isinstance(
        error_of(server.rows.update_where(Table.BOOKINGS, {"$id": "bk-1"}, {"status": "confirmed"})),
        Ambiguous,
    )

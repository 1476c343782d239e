"""Rows of Appwrite, read and written, down to the bytes of a request."""

from __future__ import annotations

import json

import pytest
from boxoffice.domain.errors import Ambiguous, BoxofficeError, Fatal, Retryable
from boxoffice.ports import NewRow, RowsTaken, UniqueClash
from boxoffice.schema import Table

from tests.unit.appwrite_server import BROKEN, BUSY, TAKEN, TIMEOUT, Server, listed
from tests.unit.running import error_of, run
from tests.unit.wire import Answer, dropped_connection, refused_connection

ROWS = "/v1/tablesdb/boxoffice/tables/outcomes/rows"
MINE = NewRow("bk-1", {"outcome": "CONFIRMED", "attempt": "mine"}, reader="ann")
STORED = {"$id": "bk-1", "outcome": "CONFIRMED", "attempt": "mine"}
THEIRS = {"$id": "bk-1", "outcome": "ROLLED_BACK", "attempt": "theirs"}


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

    def test_a_delete_is_repeated(self) -> None:
        server = Server(TIMEOUT, BUSY, (200, {"total": 0, "rows": []}))
        run(server.rows.delete_where(Table.CLAIMS, {"a": "b"}))
        assert server.wire.sent == ["DELETE /v1/tablesdb/boxoffice/tables/claims/rows"] * 3

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [(TIMEOUT, Ambiguous), (BROKEN, Ambiguous), (BUSY, Retryable), (refused_connection(), Retryable)],
    )
    def test_a_delete_that_never_succeeds(self, answer: Answer, kind: type[BoxofficeError]) -> None:
        server = Server(*[answer] * 3)
        assert type(error_of(server.rows.delete_where(Table.CLAIMS, {"a": "b"}))) is kind

    @pytest.mark.parametrize("status", [400, 401, 403, 413])
    def test_what_is_our_own_fault_is_fatal(self, status: int) -> None:
        server = Server((status, {"message": "m", "code": status}))
        assert isinstance(error_of(server.rows.find(Table.EVENTS, {"a": "b"})), Fatal)
        assert len(server.wire.sent) == 1

    def test_an_answer_that_is_not_appwrites(self) -> None:
        server = Server(*[(502, b"<html>bad gateway</html>")] * 3)
        assert isinstance(error_of(server.rows.find(Table.EVENTS, {"a": "b"})), Retryable)

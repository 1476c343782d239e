"""Counting in Appwrite, down to the bytes of a request."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from boxoffice.domain.errors import Ambiguous, Fatal
from boxoffice.ports import NewRow
from boxoffice.schema import Table

from tests.unit.appwrite_server import BROKEN, TAKEN, TIMEOUT, Server
from tests.unit.running import error_of, run
from tests.unit.wire import Answer, dropped_connection


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

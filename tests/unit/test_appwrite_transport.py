"""Time limits, connections and threads below the Appwrite adapters."""

from __future__ import annotations

import asyncio
import threading

import requests
from boxoffice.adapters.http import pooled_session
from boxoffice.adapters.threads import Threads
from boxoffice.domain.errors import Ambiguous, Retryable
from boxoffice.saga.timing import TimeBudget
from boxoffice.schema import Table

from tests.unit.appwrite_server import Server, listed
from tests.unit.fake_time import FakeTime
from tests.unit.running import error_of, run


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

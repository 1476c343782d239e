"""An Appwrite that answers as told, and the adapters that talk to it."""

from __future__ import annotations

import json
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import requests
from boxoffice.adapters.appwrite.accounts import AppwriteAccounts, ProvenTokens
from boxoffice.adapters.appwrite.client import PooledClient
from boxoffice.adapters.appwrite.files import AppwriteFiles
from boxoffice.adapters.appwrite.rows import AppwriteRows
from boxoffice.adapters.threads import Threads
from boxoffice.saga.timing import TimeBudget

from tests.unit.fake_time import FakeTime
from tests.unit.wire import Answer, Wire

Result = TypeVar("Result")

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

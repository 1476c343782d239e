"""Tables for tests: made over HTTP in one go, and many callers at one moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

from tests.support.crowd import all_at_once
from tests.support.local_server import Http, LocalServer, ok, wait_until

T = TypeVar("T")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table, as one caller sees them."""

    http: Http
    path: str

    def create(self, row_id: str, **data: Any) -> requests.Response:
        """One row."""
        return self.http.post(self.path, {"rowId": row_id, "data": data})

    def create_many(self, rows: Sequence[dict[str, Any]]) -> requests.Response:
        """Rows with their own `$id`."""
        return self.http.post(self.path, {"rows": list(rows)})

    def get(self, row_id: str) -> requests.Response:
        """One row."""
        return self.http.get(f"{self.path}/{row_id}")

    def update(self, row_id: str, *, since: str | None = None, **data: Any) -> requests.Response:
        """Values of one row; since: the header of compare-and-swap."""
        headers = {} if since is None else {"x-appwrite-timestamp": since}
        return self.http.patch(f"{self.path}/{row_id}", {"data": data}, headers=headers)

    def add(self, row_id: str, column: str, value: float = 1, **bound: float) -> requests.Response:
        """Increments a column; bound: `max`."""
        return self.http.patch(f"{self.path}/{row_id}/{column}/increment", {"value": value, **bound})

    def take(self, row_id: str, column: str, value: float = 1, **bound: float) -> requests.Response:
        """Decrements a column; bound: `min`."""
        return self.http.patch(f"{self.path}/{row_id}/{column}/decrement", {"value": value, **bound})

    def all(self) -> list[dict[str, Any]]:
        """Every row, at most 5000."""
        query = '{"method":"limit","values":[5000]}'
        rows: list[dict[str, Any]] = ok(self.http.get(self.path, params={"queries[]": query}))["rows"]
        return rows

    def by(self, http: Http) -> Rows:
        """The same rows for another caller."""
        return Rows(http, self.path)


@contextmanager
def table(http: Http, columns: dict[str, dict[str, Any]], unique: str = "") -> Iterator[Rows]:
    """A table of its own database, deleted afterwards. columns: by key, `type` and what else its route takes.

    unique: a column with a unique index.
    """
    database = f"tst_{next(_numbers)}"
    ok(http.post("/tablesdb", {"databaseId": database, "name": database}))
    path = f"/tablesdb/{database}/tables/t"
    ok(http.post(f"/tablesdb/{database}/tables", {"tableId": "t", "name": "t"}))
    for key, column in columns.items():
        body = {"key": key, "required": False, **column}
        ok(http.post(f"{path}/columns/{body.pop('type')}", body))
    wait_until(lambda: all(c["status"] == "available" for c in ok(http.get(path))["columns"]))
    if unique:
        ok(http.post(f"{path}/indexes", {"key": "only", "type": "unique", "columns": [unique]}))
        wait_until(lambda: ok(http.get(f"{path}/indexes/only"))["status"] == "available")
    yield Rows(http, f"{path}/rows")
    ok(http.delete(f"/tablesdb/{database}"))


def at_once(server: LocalServer, callers: int, act: Callable[[Http, int], T]) -> list[T]:
    """What each of so many callers, every one on a connection of its own, got when all began together.

    Every connection is open before the first request. The first exception of a caller is raised here.
    """
    ready = server.ready
    connections = [Http.with_key(server.endpoint, ready.project_id, ready.api_key) for _ in range(callers)]
    try:
        for http in connections:
            http.get("/health/version")
        return all_at_once(callers, lambda number: act(connections[number], number))
    finally:
        for http in connections:
            http.session.close()

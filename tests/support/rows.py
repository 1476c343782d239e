"""Every row of a table, read over HTTP whatever their number."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.project.shop import DATABASE
from tests.support.local_server import Http, ok

Row = Mapping[str, Any]

_PAGE = 5000
_VALUES_OF_A_QUERY = 100  # a query has at most 4096 characters
_BUCKET = "tickets"


def read_rows(http: Http, table: str, equal: Mapping[str, list[str]] | None = None) -> list[Row]:
    """The rows of a table whose column has one of the values, or all of them: one column at most."""
    return _list(http, f"/tablesdb/{DATABASE}/tables/{table}/rows", "rows", equal or {})


def read_files(http: Http, names: list[str] | None) -> list[Row]:
    """The files of tickets with one of these names, or all of them."""
    named = {} if names is None else {"name": names}
    return _list(http, f"/storage/buckets/{_BUCKET}/files", "files", named)


def by(rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    """The rows by what a column says; none for what no row says."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _list(http: Http, path: str, key: str, equal: Mapping[str, list[str]]) -> list[Row]:
    found: list[Row] = []
    for column, values in equal.items():
        for at in range(0, len(values), _VALUES_OF_A_QUERY):
            some = {"method": "equal", "attribute": column, "values": values[at : at + _VALUES_OF_A_QUERY]}
            found += _pages(http, path, key, [some])
    return found if equal else _pages(http, path, key, [])


def _pages(http: Http, path: str, key: str, where: list[dict[str, Any]]) -> list[Row]:
    found: list[Row] = []
    while True:
        queries = [*where, {"method": "orderAsc", "attribute": "$id"}, {"method": "limit", "values": [_PAGE]}]
        if found:
            queries.append({"method": "greaterThan", "attribute": "$id", "values": [found[-1]["$id"]]})
        params = {f"queries[{at}]": json.dumps(query) for at, query in enumerate(queries)}
        page: list[Row] = ok(http.get(path, params={**params, "total": "false"}))[key]
        found += page
        if len(page) < _PAGE:
            return found

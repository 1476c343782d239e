"""The routes of rows, written once and served in both namespaces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from emulator.core.context import Context
from emulator.core.http import Reply
from emulator.core.params import Param, uid
from emulator.core.routing import Route
from emulator.databases.namespaces import NAMESPACES, Namespace
from emulator.queries.parse import QUERIES, TOTAL
from emulator.rows import bulk, counters, single
from emulator.rows.data import DATA, PERMISSIONS, TTL, bulk_rows, new_row_id, path_params, row_id


def _routes(ns: Namespace) -> tuple[Route, ...]:
    many, one = ns.rows_path, f"{ns.rows_path}/{{{ns.row_id}}}"
    column = Param(ns.column, uid, required=True)
    step = Param("value", counters.number, default=1)

    def read(path: str, handler: Callable[[Namespace, Context], Reply], *params: Param) -> Route:
        scope = f"{ns.row_scope}.read"
        return Route("GET", path, partial(handler, ns), scope, path_params(ns, *params))

    def write(
        method: str, path: str, handler: Callable[[Namespace, Context], Reply], *params: Param
    ) -> Route:
        scope = f"{ns.row_scope}.write"
        return Route(method, path, partial(handler, ns), scope, path_params(ns, *params))

    return (
        read(many, single.list_, QUERIES, TOTAL, TTL),
        write(
            "POST", many, single.create,
            new_row_id(ns, required=False), DATA, PERMISSIONS, bulk_rows(ns, required=False),
        ),
        write("PATCH", many, bulk.update_many, DATA, QUERIES),
        write("PUT", many, bulk.upsert_many, bulk_rows(ns, required=True)),
        write("DELETE", many, bulk.delete_many, QUERIES),
        read(one, single.get, row_id(ns), QUERIES),
        write("PATCH", one, single.update, row_id(ns), DATA, PERMISSIONS),
        write("PUT", one, single.upsert, new_row_id(ns, required=True), DATA, PERMISSIONS),
        write("DELETE", one, single.delete, row_id(ns)),
        write(
            "PATCH", f"{one}/{{{ns.column}}}/increment", counters.increment,
            row_id(ns), column, step, Param("max", counters.number),
        ),
        write(
            "PATCH", f"{one}/{{{ns.column}}}/decrement", counters.decrement,
            row_id(ns), column, step, Param("min", counters.number),
        ),
    )  # fmt: skip


ROUTES = tuple(route for ns in NAMESPACES for route in _routes(ns))

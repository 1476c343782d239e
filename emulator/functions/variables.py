"""Variables of a function, and those of the project, which every function has too.

A process keeps the variables that it was started with: new ones count from the next deployment on.
"""

from __future__ import annotations

import sqlite3

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Param, custom_id, flag, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.functions import checks
from emulator.functions.records import change, find_function
from emulator.functions.views import variable_view
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

register_types(
    {"variable_not_found": 404, "variable_already_exists": 409, "variable_cannot_unset_secret": 400}
)

_ID_NEEDED_FROM = (1, 9, 4)
_OWNER = "function_seq IS ?"
_FIELDS = {**system_fields(), "key": Field("key"), "secret": Field("secret", "boolean")}


def create_variable(ctx: Context) -> Reply:
    """Makes a variable, a secret unless told otherwise."""
    owner, args, now = _Owner(ctx), ctx.args, ctx.now
    if args["variableId"] is None and ctx.format >= _ID_NEEDED_FROM:
        raise ApiError("general_argument_invalid", 'Param "variableId" is not optional.')
    values = {
        "id": chosen_id(args["variableId"] or "unique()"), "function_seq": owner.seq, "created": now,
        "updated": now, "key": args["key"], "value": args["value"], "secret": args["secret"],
    }  # fmt: skip
    try:
        seq = ctx.store.insert("variables", values)
    except sqlite3.IntegrityError:
        raise ApiError("variable_already_exists", "A variable has this id or key already.") from None
    owner.mark_changed(ctx)
    row = ctx.store.one("SELECT * FROM variables WHERE seq = ?", seq)
    assert row is not None
    return created(variable_view(row, owner.id))


def list_variables(ctx: Context) -> Reply:
    """Variables that match queries, oldest first."""
    owner, args = _Owner(ctx), ctx.args
    total, rows = list_entities(
        ctx.store, "variables", _FIELDS, args["queries"], where=_OWNER, args=(owner.seq,), total=args["total"]
    )
    return Reply(200, {"total": total, "variables": [variable_view(row, owner.id) for row in rows]})


def get_variable(ctx: Context) -> Reply:
    """One variable."""
    owner = _Owner(ctx)
    return Reply(200, variable_view(owner.find(ctx), owner.id))


def update_variable(ctx: Context) -> Reply:
    """Changes what is given; a secret stays one."""
    owner, args = _Owner(ctx), ctx.args
    row = owner.find(ctx)
    if row["secret"] and args["secret"] is False:
        raise ApiError("variable_cannot_unset_secret", "A secret variable cannot be made readable again.")
    values = {name: args[name] for name in ("key", "value", "secret") if args[name] is not None}
    if not values:
        raise ApiError("general_argument_invalid", "Give a key, a value or whether it is a secret.")
    try:
        row = change(ctx.server, "variables", row["seq"], values)
    except sqlite3.IntegrityError:
        raise ApiError("variable_already_exists", "A variable has this key already.") from None
    owner.mark_changed(ctx)
    return Reply(200, variable_view(row, owner.id))


def delete_variable(ctx: Context) -> Reply:
    """Removes a variable."""
    owner = _Owner(ctx)
    ctx.store.run("DELETE FROM variables WHERE seq = ?", owner.find(ctx)["seq"])
    owner.mark_changed(ctx)
    return no_content()


class _Owner:
    """Whose variables a route is about: the function of its path, or the project."""

    def __init__(self, ctx: Context) -> None:
        function = find_function(ctx) if "functionId" in ctx.args else None
        self.seq: int | None = None if function is None else function["seq"]
        self.id: str = "" if function is None else function["id"]

    def find(self, ctx: Context) -> Row:
        """The variable of the path; ApiError variable_not_found."""
        row = ctx.store.one(
            f"SELECT * FROM variables WHERE id = ? AND {_OWNER}",  # noqa: S608
            ctx.args["variableId"], self.seq,
        )  # fmt: skip
        if row is None:
            raise ApiError("variable_not_found", "There is no variable with this id.")
        return row

    def mark_changed(self, ctx: Context) -> None:
        """What runs now does not know the new variables."""
        ctx.store.run("UPDATE functions SET live = 0 WHERE ? IS NULL OR seq = ?", self.seq, self.seq)


def _routes(prefix: str, scope: str, owner: tuple[Param, ...]) -> tuple[Route, ...]:
    one = (*owner, Param("variableId", uid, required=True))
    value = text(8192, 0)
    return (
        Route(
            "POST", prefix, create_variable, f"{scope}.write",
            (
                *owner, Param("variableId", custom_id), Param("key", text(255), required=True),
                Param("value", value, required=True), Param("secret", flag, default=True),
            ),
        ),
        Route("GET", prefix, list_variables, f"{scope}.read", (*owner, entity_queries(_FIELDS), TOTAL)),
        Route("GET", f"{prefix}/{{variableId}}", get_variable, f"{scope}.read", one),
        Route(
            "PUT", f"{prefix}/{{variableId}}", update_variable, f"{scope}.write",
            (*one, Param("key", text(255, 0)), Param("value", value), Param("secret", flag)),
        ),
        Route("DELETE", f"{prefix}/{{variableId}}", delete_variable, f"{scope}.write", one),
    )  # fmt: skip


ROUTES = _routes("/functions/{functionId}/variables", "functions", (checks.FUNCTION,)) + _routes(
    "/project/variables", "project", ()
)

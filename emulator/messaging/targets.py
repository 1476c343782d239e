"""Targets: the addresses, numbers and devices of users, as the server and the user itself manage them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import chosen_id
from emulator.core.params import Check, InvalidValueError
from emulator.core.store import Row
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import list_entities
from emulator.users.emails import email
from emulator.users.params import phone
from emulator.users.records import announce, find_user
from emulator.users.views import target_view

FIELDS = {
    **system_fields(),
    "userId": Field("(SELECT id FROM users WHERE seq = user_seq)", "id"),
    "providerId": Field("provider_id", "id"),
    "identifier": Field("identifier"),
    "providerType": Field("provider_type"),
}
_ADDRESS_OF: dict[str, tuple[Check, str]] = {
    "email": (email, "general_invalid_email"),
    "sms": (phone, "general_invalid_phone"),
}


def create_target(ctx: Context) -> Reply:
    """POST /users/{userId}/targets."""
    kind, identifier = ctx.args["providerType"], ctx.args["identifier"]
    _check_address(kind, identifier)
    user = find_user(ctx.store, ctx.project_id, ctx.args["userId"])
    return created(_create(ctx, user, kind, identifier, ctx.args["name"] or ""))


def create_push_target(ctx: Context) -> Reply:
    """POST /account/targets/push."""
    user = find_user(ctx.store, ctx.project_id, ctx.caller.user_id)
    return created(_create(ctx, user, "push", ctx.args["identifier"], _unknown_device()))


def list_targets(ctx: Context) -> Reply:
    """GET /users/{userId}/targets."""
    user = find_user(ctx.store, ctx.project_id, ctx.args["userId"])
    total, rows = list_entities(
        ctx.store, "targets", FIELDS, ctx.args["queries"],
        where="user_seq = ?", args=[user["seq"]], total=ctx.args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "targets": [target_view(row, user["id"]) for row in rows]})


def get_target(ctx: Context) -> Reply:
    """GET /users/{userId}/targets/{targetId}."""
    user, target = _of_user(ctx)
    return Reply(200, target_view(target, user["id"]))


def update_target(ctx: Context) -> Reply:
    """PATCH /users/{userId}/targets/{targetId}: a new address is not expired."""
    user, target = _of_user(ctx)
    if ctx.args["identifier"]:
        _check_address(target["provider_type"], ctx.args["identifier"])
    return Reply(200, _update(ctx, user, target, ctx.args["identifier"], ctx.args["name"] or target["name"]))


def update_push_target(ctx: Context) -> Reply:
    """PUT /account/targets/{targetId}/push."""
    user, target = _own(ctx)
    return Reply(200, _update(ctx, user, target, ctx.args["identifier"], _unknown_device()))


def delete_target(ctx: Context) -> Reply:
    """DELETE /users/{userId}/targets/{targetId}."""
    return _delete(ctx, *_of_user(ctx))


def delete_push_target(ctx: Context) -> Reply:
    """DELETE /account/targets/{targetId}/push."""
    return _delete(ctx, *_own(ctx))


def targets_with_ids(ctx: Context, ids: Iterable[str]) -> list[Row]:
    """The targets of the project with one of the ids, oldest first."""
    wanted = list(ids)
    marks = ", ".join("?" * len(wanted))
    sql = f"SELECT * FROM targets WHERE project = ? AND id IN ({marks}) ORDER BY seq"  # noqa: S608
    return ctx.store.all(sql, ctx.project_id, *wanted)


def _check_address(kind: str, identifier: str) -> None:
    if kind in _ADDRESS_OF:
        check, type_ = _ADDRESS_OF[kind]
        try:
            check(identifier)
        except InvalidValueError as invalid:
            raise ApiError(type_, f"The identifier {invalid}.") from None


def _unknown_device() -> str:
    """The brand and the model of the device, which nothing here tells from the user agent."""
    return " "


def _create(ctx: Context, user: Row, kind: str, identifier: str, name: str) -> dict[str, Any]:
    target_id = chosen_id(ctx.args["targetId"])
    values = {
        "project": ctx.project_id, "id": target_id, "user_seq": user["seq"], "created": ctx.now,
        "updated": ctx.now, "name": name, "provider_type": kind, "identifier": identifier,
    }  # fmt: skip
    try:
        ctx.store.insert("targets", values)
    except sqlite3.IntegrityError:
        raise _taken() from None
    return _announced(ctx, user, _find(ctx, user, target_id), "create")


def _update(ctx: Context, user: Row, target: Row, identifier: str | None, name: str) -> dict[str, Any]:
    try:
        ctx.store.run(
            "UPDATE targets SET identifier = ?, expired = ?, name = ?, updated = ? WHERE seq = ?",
            identifier or target["identifier"], 0 if identifier else target["expired"], name, ctx.now,
            target["seq"],
        )  # fmt: skip
    except sqlite3.IntegrityError:
        raise _taken() from None
    return _announced(ctx, user, _find(ctx, user, target["id"]), "update")


def _delete(ctx: Context, user: Row, target: Row) -> Reply:
    ctx.store.run("DELETE FROM targets WHERE seq = ?", target["seq"])
    _announced(ctx, user, target, "delete")
    return no_content()


def _of_user(ctx: Context) -> tuple[Row, Row]:
    user = find_user(ctx.store, ctx.project_id, ctx.args["userId"])
    return user, _find(ctx, user, ctx.args["targetId"])


def _own(ctx: Context) -> tuple[Row, Row]:
    user = find_user(ctx.store, ctx.project_id, ctx.caller.user_id)
    return user, _find(ctx, user, ctx.args["targetId"])


def _find(ctx: Context, user: Row, target_id: str) -> Row:
    target = ctx.store.one("SELECT * FROM targets WHERE id = ? AND user_seq = ?", target_id, user["seq"])
    if target is None:
        raise ApiError("user_target_not_found", f"The user has no target with the id {target_id}.")
    return target


def _taken() -> ApiError:
    return ApiError("user_target_already_exists", "A target has this id or this address already.")


def _announced(ctx: Context, user: Row, target: Row, action: str) -> dict[str, Any]:
    shown = target_view(target, user["id"])
    announce(ctx, user, f"targets.[targetId].{action}", shown, targetId=target["id"])
    return shown

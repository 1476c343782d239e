"""Who is in a team. Only servers add members: users would invite by mail, and none is sent here."""

from __future__ import annotations

import json
import re
from typing import Any

from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, created, no_content
from emulator.core.params import InvalidValueError, Param, any_value, list_of, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL
from emulator.teams.records import (
    MEMBERSHIPS,
    announce,
    find_invitee,
    find_membership,
    find_team,
    join,
    membership_view,
    refuse_non_owner,
    refuse_unknown_invitation,
)
from emulator.users.emails import email
from emulator.users.params import USER, phone
from emulator.users.records import find_user

register_types({"general_smtp_disabled": 503})

_FIELDS = {
    **system_fields(),
    "userId": Field("user_id", "id"),
    "teamId": Field("team_id", "id"),
    "invited": Field("created", "datetime"),
    "joined": Field("created", "datetime"),
    "confirm": Field("1", "boolean"),
    "roles": Field("roles", array=True),
}
_ROLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def create_membership(ctx: Context) -> Reply:
    """Adds a user to a team, at once."""
    args = ctx.args
    if not ctx.caller.privileged and not args["url"]:
        raise ApiError("general_argument_invalid", "An invitation needs the url that it leads to.")
    if not (args["userId"] or args["email"] or args["phone"]):
        raise ApiError("general_argument_invalid", "One of userId, email and phone is needed.")
    if not ctx.caller.privileged:
        raise ApiError("general_smtp_disabled", "Invitations go by mail, and no mail is sent from here.")
    team = find_team(ctx, args["teamId"])
    user = find_invitee(ctx, args["userId"], args["email"], args["phone"], args["name"])
    membership = join(ctx, team, user, args["roles"])
    return created(_changed(ctx, membership, "create"))


def list_memberships(ctx: Context) -> Reply:
    """The members of a team."""
    return _list(ctx, "team_seq = ?", find_team(ctx, ctx.args["teamId"])["seq"], of_team=True)


def list_of_user(ctx: Context) -> Reply:
    """The memberships of a user; the total counts those on the page."""
    reply = _list(ctx, "user_seq = ?", find_user(ctx.store, ctx.project_id, ctx.args["userId"])["seq"])
    reply.body["total"] = len(reply.body["memberships"]) if ctx.args["total"] else 0
    return reply


def get_membership(ctx: Context) -> Reply:
    """One membership."""
    team = find_team(ctx, ctx.args["teamId"])
    membership = find_membership(ctx, team, ctx.args["membershipId"])
    return Reply(200, membership_view(ctx, membership, of_team=True))


def update_membership(ctx: Context) -> Reply:
    """Other roles within the team."""
    team = find_team(ctx, ctx.args["teamId"])
    membership = find_membership(ctx, team, ctx.args["membershipId"])
    refuse_non_owner(ctx, team)
    ctx.store.run(
        "UPDATE memberships SET roles = ?, updated = ? WHERE seq = ?",
        json.dumps(ctx.args["roles"]), ctx.now, membership["seq"],
    )  # fmt: skip
    return Reply(200, _changed(ctx, find_membership(ctx, team, membership["id"]), "update"))


def delete_membership(ctx: Context) -> Reply:
    """Takes a member out; members may take themselves out."""
    refuse_unknown_invitation(ctx, ctx.args["membershipId"])
    team = find_team(ctx, ctx.args["teamId"])
    membership = find_membership(ctx, team, ctx.args["membershipId"])
    if membership["user_id"] != ctx.caller.user_id:
        refuse_non_owner(ctx, team)
    ctx.store.run("DELETE FROM memberships WHERE seq = ?", membership["seq"])
    ctx.store.run("UPDATE teams SET total = total - 1 WHERE seq = ?", team["seq"])
    _changed(ctx, membership, "delete")
    return no_content()


def _changed(ctx: Context, membership: Row, what: str) -> dict[str, Any]:
    shown = membership_view(ctx, membership)
    announce(
        ctx, f"memberships.[membershipId].{what}", shown,
        teamId=membership["team_id"], membershipId=membership["id"], userId=membership["user_id"],
    )  # fmt: skip
    return shown


def _list(ctx: Context, where: str, seq: int, of_team: bool = False) -> Reply:
    args = ctx.args
    total, found = list_entities(
        ctx.store, MEMBERSHIPS, _FIELDS, args["queries"], where=where, args=(seq,),
        search=args["search"], search_in="id || ' ' || user_id", total=args["total"],
    )  # fmt: skip
    shown = [membership_view(ctx, row, of_team) for row in found]
    return Reply(200, {"total": total, "memberships": shown})


def _role(value: Any) -> str:
    if not isinstance(value, str) or not _ROLE.fullmatch(value):
        raise InvalidValueError("must be a list of roles: at most 81 of a-z, A-Z, 0-9, '.', '_', '-'")
    return value


TEAM = Param("teamId", uid, required=True)
_ROLES = Param("roles", list_of(_role, 100), required=True)
_MEMBERSHIP = (TEAM, Param("membershipId", uid, required=True))
_LIST = (entity_queries(_FIELDS), SEARCH, TOTAL)
_CREATE = (
    TEAM,
    Param("email", email, default=""),
    Param("userId", uid, default=""),
    Param("phone", phone, default=""),
    _ROLES,
    Param("url", any_value, default=""),
    Param("name", text(128), default=""),
)

ROUTES = (
    Route("POST", "/teams/{teamId}/memberships", create_membership, "teams.write", _CREATE),
    Route("GET", "/teams/{teamId}/memberships", list_memberships, "teams.read", (TEAM, *_LIST)),
    Route("GET", "/teams/{teamId}/memberships/{membershipId}", get_membership, "teams.read", _MEMBERSHIP),
    Route(
        "PATCH", "/teams/{teamId}/memberships/{membershipId}", update_membership, "teams.write",
        (*_MEMBERSHIP, _ROLES),
    ),
    Route(
        "DELETE", "/teams/{teamId}/memberships/{membershipId}", delete_membership, "teams.write",
        _MEMBERSHIP,
    ),
    Route("GET", "/users/{userId}/memberships", list_of_user, "users.read", (USER, *_LIST)),
)  # fmt: skip

"""Teams, by the server and by their members."""

from __future__ import annotations

import json

from emulator.core.context import Context
from emulator.core.http import Reply, created, no_content
from emulator.core.params import Param, custom_id, list_of, text
from emulator.core.routing import Route
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import SEARCH, TOTAL
from emulator.teams import memberships, records
from emulator.teams.records import announce, change_team, find_team, refuse_non_owner, team_view
from emulator.users.params import prefs
from emulator.users.records import find_user

_FIELDS = {**system_fields(), "name": Field("name"), "total": Field("total", "integer")}


def create_team(ctx: Context) -> Reply:
    """Makes a team; a user who makes one owns it."""
    args = ctx.args
    team = records.create_team(ctx, args["teamId"], args["name"])
    if not ctx.caller.privileged:
        user = find_user(ctx.store, ctx.project_id, ctx.caller.user_id)
        records.join(ctx, team, user, list(dict.fromkeys([*args["roles"], "owner"])))
        team = records.read_team(ctx, team["id"])
    shown = team_view(team)
    announce(ctx, "create", shown, teamId=shown["$id"])
    return created(shown)


def list_teams(ctx: Context) -> Reply:
    """Teams that match queries and a search over id and name; a user's list is the teams it is in."""
    args = ctx.args
    where, values = "project = ?", [ctx.project_id]
    if not ctx.caller.privileged:
        where += (
            " AND seq IN (SELECT m.team_seq FROM memberships m JOIN users u ON u.seq = m.user_seq"
            " WHERE u.project = ? AND u.id = ?)"
        )
        values += [ctx.project_id, ctx.caller.user_id]
    total, teams = list_entities(
        ctx.store, "teams", _FIELDS, args["queries"], where=where, args=values,
        search=args["search"], search_in="id || ' ' || name", total=args["total"],
    )  # fmt: skip
    return Reply(200, {"total": total, "teams": [team_view(team) for team in teams]})


def get_team(ctx: Context) -> Reply:
    """One team."""
    return Reply(200, team_view(find_team(ctx, ctx.args["teamId"])))


def rename_team(ctx: Context) -> Reply:
    """Another name."""
    team = find_team(ctx, ctx.args["teamId"])
    refuse_non_owner(ctx, team)
    shown = team_view(change_team(ctx, team, name=ctx.args["name"]))
    announce(ctx, "update", shown, teamId=team["id"])
    return Reply(200, shown)


def delete_team(ctx: Context) -> Reply:
    """Removes a team and its memberships; its members stay users."""
    team = find_team(ctx, ctx.args["teamId"])
    refuse_non_owner(ctx, team)
    ctx.store.run("DELETE FROM teams WHERE seq = ?", team["seq"])
    announce(ctx, "delete", team_view(team), teamId=team["id"])
    return no_content()


def get_prefs(ctx: Context) -> Reply:
    """What the members share."""
    return Reply(200, json.loads(find_team(ctx, ctx.args["teamId"])["prefs"]))


def update_prefs(ctx: Context) -> Reply:
    """Replaces what the members share."""
    team = find_team(ctx, ctx.args["teamId"])
    refuse_non_owner(ctx, team)
    change_team(ctx, team, prefs=json.dumps(ctx.args["prefs"]))
    announce(ctx, "update.prefs", ctx.args["prefs"], teamId=team["id"])
    return Reply(200, ctx.args["prefs"])


_TEAM = memberships.TEAM
_NAME = Param("name", text(128), required=True)
_CREATE = (
    Param("teamId", custom_id, required=True),
    _NAME,
    Param("roles", list_of(text(32), 100), default=["owner"]),
)
_LIST = (entity_queries(_FIELDS), SEARCH, TOTAL)
_PREFS = (_TEAM, Param("prefs", prefs, required=True))

ROUTES = (
    Route("POST", "/teams", create_team, "teams.write", _CREATE),
    Route("GET", "/teams", list_teams, "teams.read", _LIST),
    Route("GET", "/teams/{teamId}", get_team, "teams.read", (_TEAM,)),
    Route("PUT", "/teams/{teamId}", rename_team, "teams.write", (_TEAM, _NAME)),
    Route("DELETE", "/teams/{teamId}", delete_team, "teams.write", (_TEAM,)),
    Route("GET", "/teams/{teamId}/prefs", get_prefs, "teams.read", (_TEAM,)),
    Route("PUT", "/teams/{teamId}/prefs", update_prefs, "teams.write", _PREFS),
    *memberships.ROUTES,
)

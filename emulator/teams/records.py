"""Teams and memberships in the store, and who may do what with them."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Any

from emulator.auth import CONSOLE
from emulator.core.context import Context
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.ids import chosen_id, unique_id
from emulator.core.store import Row
from emulator.users.records import create_user, find_user

register_types(
    {
        "membership_already_confirmed": 409,
        "membership_not_found": 404,
        "team_already_exists": 409,
        "team_invite_not_found": 404,
        "team_membership_mismatch": 404,
        "team_not_found": 404,
    }
)

MEMBERSHIPS = """(
    SELECT m.*, t.project, t.id AS team_id, t.name AS team_name, u.id AS user_id, u.name AS user_name,
        u.email AS user_email, u.phone AS user_phone, u.accessed AS user_accessed
    FROM memberships m JOIN teams t ON t.seq = m.team_seq JOIN users u ON u.seq = m.user_seq
)"""
"""Memberships with what answers say about their team and user."""


def find_team(ctx: Context, team_id: str) -> Row:
    """A team that the caller may see: its members may, and keys; ApiError team_not_found."""
    team = ctx.store.one("SELECT * FROM teams WHERE project = ? AND id = ?", ctx.project_id, team_id)
    if team is None or not (ctx.caller.privileged or f"team:{team['id']}" in ctx.caller.roles):
        raise ApiError("team_not_found", f"There is no team {team_id}.")
    return team


def read_team(ctx: Context, team_id: str) -> Row:
    """A team that exists, whoever asks."""
    team = ctx.store.one("SELECT * FROM teams WHERE project = ? AND id = ?", ctx.project_id, team_id)
    assert team is not None
    return team


def refuse_non_owner(ctx: Context, team: Row) -> None:
    """ApiError user_unauthorized for a member who is no owner."""
    if not ctx.caller.privileged and f"team:{team['id']}/owner" not in ctx.caller.roles:
        raise ApiError("user_unauthorized", "Only owners of the team may do this.")


def create_team(ctx: Context, team_id: str, name: str) -> Row:
    """A new team without members; ApiError team_already_exists."""
    team_id, now = chosen_id(team_id), ctx.now
    try:
        ctx.store.insert(
            "teams",
            {
                "project": ctx.project_id, "id": team_id, "created": now, "updated": now,
                "name": name, "total": 0, "prefs": "{}",
            },
        )  # fmt: skip
    except sqlite3.IntegrityError:
        raise ApiError("team_already_exists", "A team has this id.") from None
    return read_team(ctx, team_id)


def change_team(ctx: Context, team: Row, **columns: Any) -> Row:
    """The team after some of its columns were set."""
    names = ", ".join(f"{name} = ?" for name in columns)
    ctx.store.run(
        f"UPDATE teams SET {names}, updated = ? WHERE seq = ?",  # noqa: S608
        *columns.values(), ctx.now, team["seq"],
    )  # fmt: skip
    return read_team(ctx, team["id"])


def join(ctx: Context, team: Row, user: Row, roles: list[str]) -> Row:
    """A confirmed membership; ApiError membership_already_confirmed when the user is in the team."""
    membership_id = unique_id()
    try:
        ctx.store.insert(
            "memberships",
            {
                "id": membership_id, "team_seq": team["seq"], "user_seq": user["seq"],
                "created": ctx.now, "updated": ctx.now, "roles": json.dumps(roles),
            },
        )  # fmt: skip
    except sqlite3.IntegrityError:
        raise ApiError("membership_already_confirmed", "The user is in the team already.") from None
    ctx.store.run("UPDATE teams SET total = total + 1 WHERE seq = ?", team["seq"])
    return find_membership(ctx, team, membership_id)


def refuse_unknown_invitation(ctx: Context, membership_id: str) -> None:
    """ApiError team_invite_not_found when no team has the membership, which some verbs ask first."""
    if ctx.store.one("SELECT 1 FROM memberships WHERE id = ?", membership_id) is None:
        raise ApiError("team_invite_not_found", f"There is no membership {membership_id}.")


def find_membership(ctx: Context, team: Row, membership_id: str) -> Row:
    """A membership of a team; ApiError membership_not_found or team_membership_mismatch."""
    found = ctx.store.one(
        f"SELECT * FROM {MEMBERSHIPS} WHERE id = ? AND project = ?",  # noqa: S608
        membership_id, ctx.project_id,
    )  # fmt: skip
    if found is None:
        raise ApiError("membership_not_found", f"There is no membership {membership_id}.")
    if found["team_seq"] != team["seq"]:
        raise ApiError("team_membership_mismatch", "The membership is of another team.")
    return found


def find_invitee(ctx: Context, user_id: str, email: str, phone: str, name: str) -> Row:
    """The user whom an invitation means; somebody unknown gets an account without a password of their own.

    ApiError user_not_found for an unknown id, user_already_exists when the parts mean different users.
    """
    if user_id:
        user = find_user(ctx.store, ctx.project_id, user_id)
    else:
        column, value = ("email", email) if email else ("phone", phone)
        known = ctx.store.one(
            f"SELECT * FROM users WHERE project = ? AND {column} = ?",  # noqa: S608
            ctx.project_id, value,
        )  # fmt: skip
        if known is None:
            return create_user(
                ctx, ctx.project_id, email=email or None, phone=phone or None, name=name or email,
                password=secrets.token_urlsafe(24), password_is_known=False,
            )  # fmt: skip
        user = known
    if (email and user["email"] != email) or (phone and user["phone"] != phone):
        raise ApiError("user_already_exists", "The id, the address and the number mean different users.")
    return user


def team_view(team: Row) -> dict[str, Any]:
    """A team as answers show it."""
    return {
        "$id": team["id"],
        "$createdAt": team["created"],
        "$updatedAt": team["updated"],
        "name": team["name"],
        "total": team["total"],
        "prefs": json.loads(team["prefs"]),
    }


def membership_view(ctx: Context, membership: Row, of_team: bool = False) -> dict[str, Any]:
    """A membership as answers show it; its team's own routes (of_team) tell more of the user."""
    known = of_team and ctx.caller.privileged
    shown = {
        "$id": membership["id"],
        "$createdAt": membership["created"],
        "$updatedAt": membership["updated"],
        "userId": membership["user_id"],
        "userName": membership["user_name"],
        "userEmail": membership["user_email"] or "",
        "teamId": membership["team_id"],
        "teamName": membership["team_name"],
        "invited": membership["created"],
        "joined": membership["created"],
        "confirm": True,
        "mfa": False,
        "userAccessedAt": membership["user_accessed"] if known else "",
        "roles": json.loads(membership["roles"]),
    }
    if ctx.format >= (1, 9, 2):
        shown["userPhone"] = (membership["user_phone"] or "") if of_team else ""
    return shown


def announce(ctx: Context, what: str, payload: dict[str, Any], **ids: str) -> None:
    """Tells of `teams.[teamId].<what>`; the console's teams are nobody's business."""
    if ctx.project_id != CONSOLE:
        ctx.emit(Event(f"teams.[teamId].{what}", ids, payload, user_id=ctx.caller.user_id))

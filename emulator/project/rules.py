"""Rules: the domain that the command line gives a function when it pushes it for the first time.

They are kept and listed; a request to such a domain is not served.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from emulator.core.context import Context, Server
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import unique_id
from emulator.core.params import Param, text, uid
from emulator.core.routing import Route
from emulator.core.store import Row
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

register_types({"rule_already_exists": 409, "rule_not_found": 404})

_FIELDS = {
    **system_fields(),
    "domain": Field("domain"),
    "type": Field("'deployment'"),
    "trigger": Field("'manual'"),
    "deploymentResourceType": Field("'function'"),
    "deploymentResourceId": Field("function_id", "id"),
}


def start(server: Server) -> None:
    """A function that goes takes its domains with it."""

    def forget(event: Event) -> None:
        if event.pattern == "functions.[functionId].delete":
            server.store.run("DELETE FROM rules WHERE function_id = ?", event.ids["functionId"])

    server.events.subscribe(forget)


def create_rule(ctx: Context) -> Reply:
    """Gives a function a domain."""
    rule_id = unique_id()
    try:
        ctx.store.insert(
            "rules",
            {
                "id": rule_id,
                "created": ctx.now,
                "updated": ctx.now,
                "domain": ctx.args["domain"].lower(),
                "function_id": ctx.args["functionId"],
            },
        )
    except sqlite3.IntegrityError:
        raise ApiError("rule_already_exists", "A rule has this domain.") from None
    return created(rule_view(_find(ctx, rule_id)))


def list_rules(ctx: Context) -> Reply:
    """All domains."""
    total, rules = list_entities(ctx.store, "rules", _FIELDS, ctx.args["queries"], total=ctx.args["total"])
    return Reply(200, {"total": total, "rules": [rule_view(rule) for rule in rules]})


def get_rule(ctx: Context) -> Reply:
    """One domain."""
    return Reply(200, rule_view(_find(ctx, ctx.args["ruleId"])))


def delete_rule(ctx: Context) -> Reply:
    """Takes a domain away."""
    ctx.store.run("DELETE FROM rules WHERE seq = ?", _find(ctx, ctx.args["ruleId"])["seq"])
    return no_content()


def rule_view(rule: Row) -> dict[str, Any]:
    """A rule as answers show it."""
    return {
        "$id": rule["id"],
        "$createdAt": rule["created"],
        "$updatedAt": rule["updated"],
        "domain": rule["domain"],
        "type": "deployment",
        "trigger": "manual",
        "redirectUrl": "",
        "redirectStatusCode": 301,
        "deploymentId": "",
        "deploymentResourceType": "function",
        "deploymentResourceId": rule["function_id"],
        "deploymentVcsProviderBranch": "",
        "status": "verified",
        "logs": "",
        "renewAt": "",
    }


def _find(ctx: Context, rule_id: str) -> Row:
    rule = ctx.store.one("SELECT * FROM rules WHERE id = ?", rule_id)
    if rule is None:
        raise ApiError("rule_not_found", f"There is no rule {rule_id}.")
    return rule


_RULE = (Param("ruleId", uid, required=True),)
_CREATE = (Param("domain", text(253), required=True), Param("functionId", uid, required=True))
_LIST = (entity_queries(_FIELDS), TOTAL)

ROUTES = (
    Route("POST", "/proxy/rules/function", create_rule, "rules.write", _CREATE),
    Route("GET", "/proxy/rules", list_rules, "rules.read", _LIST),
    Route("GET", "/proxy/rules/{ruleId}", get_rule, "rules.read", _RULE),
    Route("DELETE", "/proxy/rules/{ruleId}", delete_rule, "rules.write", _RULE),
)

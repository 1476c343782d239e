"""Rules: the domains of functions, such as the one that the command line gives a function at its first push.

`emulator.functions.domains` answers the requests to them.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from emulator.core.context import Context, Server
from emulator.core.errors import ApiError, register_types
from emulator.core.events import Event
from emulator.core.http import Reply, created, no_content
from emulator.core.ids import unique_id
from emulator.core.params import InvalidValueError, Param, uid
from emulator.core.routing import Route
from emulator.core.store import Row, Store
from emulator.project.console import FUNCTIONS_DOMAIN
from emulator.queries.fields import Field, system_fields
from emulator.queries.listing import entity_queries, list_entities
from emulator.queries.parse import TOTAL

register_types({"rule_already_exists": 409, "rule_not_found": 404, "rule_resource_not_found": 404})

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_DOMAIN = 253
_OWN_NAMES = frozenset({"localhost", "127.0.0.1", FUNCTIONS_DOMAIN})
_FIELDS = {
    **system_fields(),
    "domain": Field("domain"),
    "type": Field("'deployment'"),
    "trigger": Field("'manual'"),
    "deploymentResourceType": Field("'function'"),
    "deploymentResourceId": Field("function_id", "id"),
    "deploymentId": Field("(SELECT deployment_id FROM functions WHERE functions.id = function_id)"),
}


def start(server: Server) -> None:
    """A function that goes takes its domains with it."""

    def forget(event: Event) -> None:
        if event.pattern == "functions.[functionId].delete":
            server.store.run("DELETE FROM rules WHERE function_id = ?", event.ids["functionId"])

    server.events.subscribe(forget)


def create_rule(ctx: Context) -> Reply:
    """Gives a function a domain."""
    if ctx.store.one("SELECT 1 FROM functions WHERE id = ?", ctx.args["functionId"]) is None:
        raise ApiError("rule_resource_not_found", "There is no function with this id.")
    rule_id = unique_id()
    try:
        ctx.store.insert(
            "rules",
            {
                "id": rule_id,
                "created": ctx.now,
                "updated": ctx.now,
                "domain": ctx.args["domain"],
                "function_id": ctx.args["functionId"],
            },
        )
    except sqlite3.IntegrityError:
        raise ApiError("rule_already_exists", "A rule has this domain.") from None
    return created(rule_view(ctx.store, _find(ctx, rule_id)))


def list_rules(ctx: Context) -> Reply:
    """All domains."""
    total, rules = list_entities(ctx.store, "rules", _FIELDS, ctx.args["queries"], total=ctx.args["total"])
    return Reply(200, {"total": total, "rules": [rule_view(ctx.store, rule) for rule in rules]})


def get_rule(ctx: Context) -> Reply:
    """One domain."""
    return Reply(200, rule_view(ctx.store, _find(ctx, ctx.args["ruleId"])))


def delete_rule(ctx: Context) -> Reply:
    """Takes a domain away."""
    ctx.store.run("DELETE FROM rules WHERE seq = ?", _find(ctx, ctx.args["ruleId"])["seq"])
    return no_content()


def rule_view(store: Store, rule: Row) -> dict[str, Any]:
    """A rule as answers show it. A domain of one's own is not verified, but it is served all the same."""
    deployment_id = store.value("SELECT deployment_id FROM functions WHERE id = ?", rule["function_id"])
    is_own = rule["domain"].endswith(FUNCTIONS_DOMAIN)
    return {
        "$id": rule["id"],
        "$createdAt": rule["created"],
        "$updatedAt": rule["updated"],
        "domain": rule["domain"],
        "type": "deployment",
        "trigger": "manual",
        "redirectUrl": "",
        "redirectStatusCode": 301,
        "deploymentId": deployment_id or "",
        "deploymentResourceType": "function",
        "deploymentResourceId": rule["function_id"],
        "deploymentVcsProviderBranch": "",
        "status": "verified" if is_own else "unverified",
        "logs": "" if is_own else "The domain does not resolve to a known public domain.",
        "renewAt": "",
    }


def _find(ctx: Context, rule_id: str) -> Row:
    rule = ctx.store.one("SELECT * FROM rules WHERE id = ?", rule_id)
    if rule is None:
        raise ApiError("rule_not_found", f"There is no rule {rule_id}.")
    return rule


def _domain(value: Any) -> str:
    """A host name; of the server's own domain for functions exactly one level below it."""
    if not isinstance(value, str) or len(value) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(value):
        raise InvalidValueError("must be a domain")
    name = value.lower()
    below = name.removesuffix(f".{FUNCTIONS_DOMAIN}")
    if name in _OWN_NAMES or (below != name and "." in below):
        raise InvalidValueError("must be a domain that is allowed; use a different one")
    return name


_RULE = (Param("ruleId", uid, required=True),)
_CREATE = (Param("domain", _domain, required=True), Param("functionId", uid, required=True))
_LIST = (entity_queries(_FIELDS), TOTAL)

ROUTES = (
    Route("POST", "/proxy/rules/function", create_rule, "rules.write", _CREATE),
    Route("GET", "/proxy/rules", list_rules, "rules.read", _LIST),
    Route("GET", "/proxy/rules/{ruleId}", get_rule, "rules.read", _RULE),
    Route("DELETE", "/proxy/rules/{ruleId}", delete_rule, "rules.write", _RULE),
)

"""A function's own domain: every request to it is an execution, and what the function answers is the answer.

Nobody is asked who they are: a function is open to everybody there, or to nobody. Refusals are pages for
people, as the real router (1.9.6) shows them.
"""

from __future__ import annotations

import html
import json
import logging
from collections.abc import Iterable

from emulator.core.caller import GUEST, Caller
from emulator.core.context import Server
from emulator.core.errors import ApiError, register_types
from emulator.core.http import Reply, Request, host_name
from emulator.core.ids import unique_id
from emulator.core.store import Row
from emulator.functions.invoking import Invocation, Invoker, new_record, platform_headers
from emulator.functions.records import active_deployment
from emulator.functions.worker_process import Outcome
from emulator.project.console import FUNCTIONS_DOMAIN

register_types(
    {
        "function_execute_permission_missing": 401,
        "function_not_found": 404,
        "general_access_forbidden": 401,
        "rule_not_found": 404,
    }
)

_OWN_NAMES = ("127.0.0.1", "localhost")
_OPEN_TO_ALL = frozenset({"any", "guests"})
_NOT_PASSED_ON = ("content-length", "transfer-encoding")
_PAGE = "<html><head><title>{title}</title></head><body><h1>{message}</h1><span>{type}</span></body></html>"
_UNCACHED = {"cache-control": "no-cache, no-store, must-revalidate", "expires": "0", "pragma": "no-cache"}
log = logging.getLogger("emulator")


class FunctionDomains:
    """Answers what is asked of any domain that a rule gives to a function."""

    def serves(self, server: Server, name: str) -> bool:
        """Whether a name is a function's, or would be one's under the server's domain for functions."""
        if name in _OWN_NAMES:
            return False
        return name.endswith(FUNCTIONS_DOMAIN) or _rule(server, name) is not None

    def identify(self, server: Server, request: Request) -> Caller:
        """A guest, whatever the request proves."""
        return GUEST

    def refusal(self, status: int, type_: str, message: str) -> Reply:
        """An error as the router shows it."""
        return _page(status, type_, message, dict(_UNCACHED))

    async def answer(self, server: Server, request: Request) -> Reply:
        """Executes the function and answers as it does, refusals included."""
        try:
            return await _execute(server, request)
        except ApiError as error:
            return self.refusal(error.status, error.type, error.message)
        except Exception:
            log.exception("%s %s%s failed", request.method, request.host, request.target)
            return self.refusal(500, "general_unknown", "Server Error")


async def _execute(server: Server, request: Request) -> Reply:
    function, deployment = _find(server, host_name(request.host))
    execution_id = unique_id()
    platform = platform_headers(server, function, execution_id, "http", user_id="")
    # The router leaves this one alone, so that a client's own gets through.
    del platform["x-appwrite-event"]
    headers = {**_sent(request.raw_headers), **platform, "x-appwrite-client-ip": request.client}
    if request.body:
        headers["content-length"] = str(len(request.body))
    record = new_record(
        server, function, deployment["id"], execution_id, "http", "processing",
        request.method, request.target, headers,
    )  # fmt: skip
    invocation = Invocation(function, deployment, headers, request.body, record)
    outcome = await server.part(Invoker).run_synchronously(invocation)
    return Reply(500, b"", "text/plain") if outcome is None else _passed_on(outcome, execution_id)


def _find(server: Server, name: str) -> tuple[Row, Row]:
    """The function behind a domain and what it runs; ApiError in the order in which the router looks."""
    rule = _rule(server, name)
    if rule is None:
        if name == FUNCTIONS_DOMAIN:
            raise ApiError("general_access_forbidden", "This domain cannot be used. Use one below it.")
        raise ApiError("rule_not_found", "This domain is not connected to anything.")
    function = server.store.one("SELECT * FROM functions WHERE id = ?", rule["function_id"])
    if function is None:
        raise ApiError("deployment_not_found", "The function has no active deployment.")
    deployment = active_deployment(server.store, function)
    if not function["enabled"]:
        raise ApiError("function_not_found", "There is no function with this id.")
    if _OPEN_TO_ALL.isdisjoint(json.loads(function["execute"])):
        raise ApiError(
            "function_execute_permission_missing",
            'To execute a function by its domain, its execute permissions must include "any" or "guests".',
        )
    return function, deployment


def _rule(server: Server, name: str) -> Row | None:
    return server.store.one("SELECT * FROM rules WHERE domain = ?", name)


def _sent(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The request's headers by lower-case name; those that come several times in one line."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items() if name not in _NOT_PASSED_ON}


def _passed_on(outcome: Outcome, execution_id: str) -> Reply:
    """The function's answer as it is; one that failed without a word gets a page."""
    headers = {name: value for name, value in outcome.headers.items() if name not in _NOT_PASSED_ON}
    content_type = headers.pop("content-type", "text/plain")
    headers["x-appwrite-execution-id"] = execution_id
    if outcome.status >= 400 and not outcome.body:
        return _page(outcome.status, "", f"Error {outcome.status}", headers)
    return Reply(outcome.status, outcome.body, content_type, headers)


def _page(status: int, type_: str, message: str, headers: dict[str, str]) -> Reply:
    page = _PAGE.format(title=f"Error {status}", type=html.escape(type_), message=html.escape(message))
    return Reply(status, page.encode(), "text/html", headers)

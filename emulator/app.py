"""The ASGI application: from bytes to a reply, in the order in which the real server decides.

Route, project, caller, scope, parameters, then the handler; after the commit its events go out. Other sites
(the payment stand-in, the local admin routes) hang beside the API under their own prefix, and the domains of
functions under their own names.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from starlette.requests import ClientDisconnect

from emulator import auth
from emulator.core.caller import GUEST, Caller
from emulator.core.context import Context, Server, parse_format
from emulator.core.errors import ApiError
from emulator.core.http import Reply, Request, encode, host_name
from emulator.core.params import read_params
from emulator.core.reading import Receive, Scope, read_request
from emulator.core.routing import Route, Router
from emulator.cors import cors_headers, preflight, refuse_unknown_origin
from emulator.health.routes import SPOKEN_VERSION
from emulator.local import effects
from emulator.local.faults import RESET, STALL_BODY, Fault, Faults
from emulator.local.request_log import RequestLog
from emulator.not_emulated import is_known_route
from emulator.realtime.socket import serve_socket

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("emulator")
API_ROOT = "/v1"
LOCAL_ROOT = "/_local"
COMMON_HEADERS = {"server": "Appwrite", "x-content-type-options": "nosniff"}


class Site(Protocol):
    """Something that answers every request under a prefix."""

    async def answer(self, server: Server, request: Request) -> Reply:
        """The reply; it does not raise. Sets the request's caller when one is proven."""

    def identify(self, server: Server, request: Request) -> Caller:
        """Who is calling, without answering; a guest when nobody is proven."""

    def refusal(self, status: int, type_: str, message: str) -> Reply:
        """An error in the site's own spelling."""


class NamedSite(Site, Protocol):
    """A site that answers every request to some host names, whatever the path."""

    def serves(self, server: Server, name: str) -> bool:
        """Whether a host name is one of its own."""


class ApiSite:
    """Appwrite's REST API."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def identify(self, server: Server, request: Request) -> Caller:
        """The caller that the request proves; a guest when it proves none."""
        try:
            return auth.authenticate(server, request, auth.find_project(server, request))
        except ApiError:
            return GUEST

    def refusal(self, status: int, type_: str, message: str) -> Reply:
        """An error as the API spells it."""
        return refusal(status, type_, message)

    async def answer(self, server: Server, request: Request) -> Reply:
        """Answers a request of the API, refusals included."""
        if request.method == "OPTIONS":
            return preflight(request)
        try:
            reply = await self._decide(server, request)
        except ApiError as error:
            reply = refusal(error.status, error.type, error.message)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            reply = refusal(500, "general_unknown", "The server failed; its log says why.")
        for name, value in cors_headers(server, request).items():
            reply.headers.setdefault(name, value)
        return reply

    async def _decide(self, server: Server, request: Request) -> Reply:
        found = self._router.find(request.method, request.path)
        if found is None:
            if is_known_route(request.path):
                raise ApiError(
                    "general_route_not_emulated",
                    f"{request.method} {request.path} exists in Appwrite but is not emulated here.",
                )
            return Reply(404, b"<html><body>Not Found</body></html>", "text/html")
        route, path_values = found
        project = auth.find_project(server, request)
        refuse_unknown_origin(server, request)
        caller = request.caller = auth.authenticate(server, request, project)
        if not caller.has_scope(route.scope):
            raise ApiError(
                "general_unauthorized_scope",
                f"A caller of kind {caller.kind} lacks the scope {route.scope}.",
            )
        if caller.blocked:
            raise ApiError("user_blocked", "This account is blocked.")
        ctx = Context(
            server=server,
            request=request,
            args=read_params(route.params, {**request.given(), **path_values}),
            caller=caller,
            project_id=project,
            format=parse_format(request.headers.get("x-appwrite-response-format")),
        )
        reply = await run_handler(route, ctx)
        for event in ctx.pending:
            server.events.publish(event)
        return reply


async def run_handler(route: Route, ctx: Context) -> Reply:
    """Runs a handler; a plain one that may change something runs in one transaction."""
    if route.method == "GET" or inspect.iscoroutinefunction(route.handler):
        result = route.handler(ctx)
        return result if isinstance(result, Reply) else await result
    with ctx.store.transaction():
        result = route.handler(ctx)
    assert isinstance(result, Reply)
    return result


def refusal(status: int, type_: str, message: str) -> Reply:
    """An error body as the API spells it."""
    return Reply(status, {"message": message, "code": status, "type": type_, "version": SPOKEN_VERSION})


class App:
    """Routes a connection to its site: by the host's name, or else by the first matching prefix."""

    def __init__(self, server: Server, sites: dict[str, Site], named: NamedSite) -> None:
        self.server = server
        self._sites = sites
        self._named = named
        self._log = server.part(RequestLog)
        self._faults = server.part(Faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "http":
            with suppress(ClientDisconnect):
                await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await serve_socket(self.server, scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path: str = scope["path"]
        name = host_name(_header(scope, b"host"))
        site: Site | None
        if self._named.serves(self.server, name):
            site, prefix = self._named, ""
            request = await read_request(scope, receive, prefix, with_form=False)
            path = f"//{name}{path}"
        else:
            prefix = next((p for p in self._sites if path == p or path.startswith(p + "/")), "")
            site = self._sites.get(prefix)
            request = await read_request(scope, receive, prefix, with_form=True)
        fault: Fault | None = None
        reply: Reply | None
        if site is None:
            reply = Reply(404, b"<html><body>Not Found</body></html>", "text/html")
        elif self._faults and prefix != LOCAL_ROOT:
            fault, reply = await self._answer_with_faults(site, request, path)
        else:
            reply = await site.answer(self.server, request)
        stalled = fault is not None and fault.kind == STALL_BODY
        status = 0 if reply is None or stalled else reply.status
        self._log.add(request, path, status, started, fault.id if fault else "")
        if reply is None:
            await effects.hang_up(scope, receive, reset=fault is not None and fault.kind == RESET)
            return
        common = {"date": self.server.clock.date_header(), **COMMON_HEADERS}
        lines, content = encode(
            reply, request.method == "HEAD", request.headers.get("accept-encoding", ""), common
        )
        start = {"type": "http.response.start", "status": reply.status, "headers": lines}
        if fault is not None and stalled:
            await effects.send_half(scope, receive, send, start, content, fault.seconds)
            return
        await send(start)
        await send({"type": "http.response.body", "body": content})

    async def _answer_with_faults(
        self, site: Site, request: Request, path: str
    ) -> tuple[Fault | None, Reply | None]:
        fault = self._faults.pick(request.method, path, lambda: site.identify(self.server, request))
        if fault is None:
            return None, await site.answer(self.server, request)
        request.caller = site.identify(self.server, request)
        return fault, await effects.apply(
            fault, self.server, request.caller, lambda: site.answer(self.server, request), site.refusal
        )


def _header(scope: Scope, name: bytes) -> str:
    """The first header with a name, "" when there is none."""
    found = next((value for key, value in scope["headers"] if key == name), b"")
    return str(found.decode("latin-1"))

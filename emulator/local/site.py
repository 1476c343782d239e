"""The site under `/_local`: for programs on this machine that hold the API key, and nobody else."""

from __future__ import annotations

import hmac
import ipaddress
import logging

from emulator.app import refusal, run_handler
from emulator.core.caller import GUEST, Caller
from emulator.core.context import Context, Server
from emulator.core.errors import ApiError
from emulator.core.http import Reply, Request
from emulator.core.params import read_params
from emulator.core.routing import Router

log = logging.getLogger("emulator")


class LocalSite:
    """Routes that Appwrite does not have: they exist so that tests can see and disturb the server."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def identify(self, server: Server, request: Request) -> Caller:
        """The holder of the key; a guest otherwise."""
        given = request.headers.get("x-appwrite-key", "").encode()
        if hmac.compare_digest(given, server.config.api_key.encode()):
            return Caller(kind="key", roles=frozenset(), scopes=None)
        return GUEST

    def refusal(self, status: int, type_: str, message: str) -> Reply:
        """An error as Appwrite's API spells it."""
        return refusal(status, type_, message)

    async def answer(self, server: Server, request: Request) -> Reply:
        """Answers, refusals included."""
        try:
            return await self._decide(server, request)
        except ApiError as error:
            return refusal(error.status, error.type, error.message)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return refusal(500, "general_unknown", "The server failed; its log says why.")

    async def _decide(self, server: Server, request: Request) -> Reply:
        if not is_loopback(request.client):
            return refusal(404, "general_route_not_found", "There is nothing here.")
        request.caller = self.identify(server, request)
        if not request.caller.privileged:
            raise ApiError("user_unauthorized", "Local routes need the server's API key in X-Appwrite-Key.")
        found = self._router.find(request.method, request.path)
        if found is None:
            return refusal(404, "general_route_not_found", "There is no such local route.")
        route, path_values = found
        args = read_params(route.params, {**request.given(), **path_values})
        return await run_handler(route, Context(server, request, args, request.caller))


def is_loopback(address: str) -> bool:
    """Whether a peer's address is on this machine."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

"""The site under `/razorpay`: key id and secret by HTTP Basic, the gateway's own error envelope."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging

from emulator.app import run_handler
from emulator.core.caller import GUEST, Caller
from emulator.core.context import Context, Server
from emulator.core.http import Reply, Request
from emulator.core.routing import Router
from emulator.razorpay import checkout, entities, errors, settings, webhooks
from emulator.razorpay.errors import GatewayRefusalError, error_reply
from emulator.razorpay.payments import release_expired
from emulator.razorpay.refunds import InFlight
from emulator.razorpay.routes import ROUTES

SCHEMA = ";".join((entities.SCHEMA, settings.SCHEMA, webhooks.SCHEMA))
PAYMENTS_ROOT = "/razorpay"
MERCHANT = Caller(kind="merchant", roles=frozenset(), scopes=None)
log = logging.getLogger("emulator")


class RazorpaySite:
    """The gateway's API and its checkout page."""

    def __init__(self) -> None:
        self._router = Router((*ROUTES, *checkout.ROUTES))

    def identify(self, server: Server, request: Request) -> Caller:
        """The merchant when key id and secret are right; a guest otherwise."""
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return GUEST
        config = server.config
        wanted = f"{config.payments_key_id}:{config.payments_key_secret}".encode()
        return MERCHANT if kind.lower() == "basic" and hmac.compare_digest(given, wanted) else GUEST

    def refusal(self, status: int, type_: str, message: str) -> Reply:
        """An error as the gateway spells it; it has no types."""
        return errors.refusal(status, message)

    async def answer(self, server: Server, request: Request) -> Reply:
        """Answers, refusals included."""
        try:
            return await self._decide(server, request)
        except GatewayRefusalError as error:
            return error_reply(error)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return errors.refusal(500, "The stand-in failed; its log says why.")

    async def _decide(self, server: Server, request: Request) -> Reply:
        request.caller = self.identify(server, request)
        found = self._router.find(request.method, request.path)
        if found is not None and found[0].scope == "public":
            route, path_values = found
            return await run_handler(route, Context(server, request, {**request.given(), **path_values}))
        if request.caller is not MERCHANT:
            raise GatewayRefusalError("Authentication failed", status=401)
        if found is None:
            raise GatewayRefusalError(
                f"{request.method} {request.path} is not emulated here.", status=501, code=errors.SERVER_ERROR
            )
        route, path_values = found
        args = {**request.given(), **path_values}
        return await run_handler(route, Context(server, request, args, request.caller))


async def start(server: Server) -> None:
    """Sets the parts up and goes on delivering what a former run left."""
    courier = webhooks.Courier(server)
    server.parts.update(
        {
            settings.SettingsKeeper: settings.SettingsKeeper(server.store),
            InFlight: InFlight(),
            webhooks.Courier: courier,
        }
    )
    release_expired(server)
    server.clock.when_moved(lambda: release_expired(server))
    courier.start()


async def stop(server: Server) -> None:
    """Stops delivering."""
    await server.part(webhooks.Courier).stop()

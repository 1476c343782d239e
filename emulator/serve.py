"""Puts the server together and runs it until it is interrupted."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import secrets
import socket
from dataclasses import asdict
from pathlib import Path

import uvicorn

from emulator.app import API_ROOT, LOCAL_ROOT, ApiSite, App, Site
from emulator.areas import AREAS, ROUTES, SCHEMAS
from emulator.core.clock import Clock
from emulator.core.context import Config, Server
from emulator.core.events import EventBus
from emulator.core.routing import Router
from emulator.core.store import Store
from emulator.functions.domains import FunctionDomains
from emulator.local.faults import Faults
from emulator.local.protocol import BreakableProtocol
from emulator.local.request_log import RequestLog
from emulator.local.routes import ROUTES as LOCAL_ROUTES
from emulator.local.site import LocalSite
from emulator.queries.functions import SQL_FUNCTIONS
from emulator.razorpay.local_routes import ROUTES as LOCAL_PAYMENT_ROUTES
from emulator.razorpay.site import PAYMENTS_ROOT, RazorpaySite

GRACE_SECONDS = 3
MOST_FILES = 10_240


def load_config(data_dir: Path, project_id: str) -> Config:
    """The configuration in the data folder; what it lacks is made with fresh secrets, and kept."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "config.json"
    fresh = Config(
        data_dir=str(data_dir),
        project_id=project_id,
        api_key="standard_" + secrets.token_hex(64),
        admin_email="admin@example.com",
        admin_password=secrets.token_urlsafe(12),
        secret=secrets.token_hex(32),
        payments_key_id="rzp_test_local" + secrets.token_hex(4),
        payments_key_secret=secrets.token_hex(12),
        payments_webhook_secret=secrets.token_hex(12),
    )
    kept = json.loads(path.read_text()) if path.exists() else {}
    config = Config(**{**asdict(fresh), **kept})
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(config)))
    return config


def build_server(config: Config) -> Server:
    """The parts of a server over the data folder of its configuration."""
    store = Store(Path(config.data_dir) / "appwrite.db", SCHEMAS, SQL_FUNCTIONS)
    server = Server(config=config, store=store, clock=Clock(), events=EventBus())
    server.parts.update({RequestLog: RequestLog(), Faults: Faults()})
    return server


def build_app(server: Server) -> App:
    """The ASGI application with every site in its place."""
    sites: dict[str, Site] = {
        API_ROOT: ApiSite(Router(ROUTES)),
        PAYMENTS_ROOT: RazorpaySite(),
        LOCAL_ROOT: LocalSite(Router((*LOCAL_ROUTES, *LOCAL_PAYMENT_ROUTES))),
    }
    return App(server, sites, FunctionDomains())


def ready_line(config: Config) -> str:
    """What a starting program reads: one line of JSON with all that a client needs."""
    return json.dumps(
        {
            "endpoint": config.endpoint,
            "projectId": config.project_id,
            "apiKey": config.api_key,
            "razorpay": {
                "url": config.payments_url,
                "keyId": config.payments_key_id,
                "keySecret": config.payments_key_secret,
                "webhookSecret": config.payments_webhook_secret,
            },
            "adminEmail": config.admin_email,
            "adminPassword": config.admin_password,
        }
    )


class _LocalServer(uvicorn.Server):
    """Starts and stops the areas around the socket's life, and prints the ready line in between."""

    def __init__(self, options: uvicorn.Config, server: Server) -> None:
        super().__init__(options)
        self._parts = server

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the areas and the socket, then says so."""
        for area in AREAS:
            if area.start is not None:
                await area.start(self._parts)
        await super().startup(sockets)
        print(ready_line(self._parts.config), flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the socket and stops the areas, which ends the functions that late requests wait for."""
        closing = asyncio.ensure_future(super().shutdown(sockets))
        await asyncio.wait({closing}, timeout=GRACE_SECONDS)
        for area in reversed(AREAS):
            if area.stop is not None:
                await area.stop(self._parts)
        await closing


def allow_many_connections() -> None:
    """Raises the process's own limit of open files: each connection is one, and 256 is a common default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(data_dir: Path, host: str = "127.0.0.1", port: int = 0, project_id: str = "boxoffice") -> None:
    """Serves until SIGINT or SIGTERM; port 0 takes a free one."""
    allow_many_connections()
    listener = socket.create_server((host, port), backlog=2048, reuse_port=False)
    config = load_config(data_dir, project_id)
    address = f"http://{host}:{listener.getsockname()[1]}"
    config.endpoint, config.payments_url = address + API_ROOT, address + PAYMENTS_ROOT
    server = build_server(config)
    # What exists now lives as long as the process, and so do most entries of the request log:
    # the collector need not walk through them after every few requests.
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
    options = uvicorn.Config(
        build_app(server), loop="uvloop", http=BreakableProtocol, lifespan="off", access_log=False,
        log_level="warning", backlog=2048, timeout_keep_alive=75, server_header=False, date_header=False,
        proxy_headers=False, ws_per_message_deflate=False, timeout_graceful_shutdown=2 * GRACE_SECONDS,
    )  # fmt: skip
    try:
        _LocalServer(options, server).run(sockets=[listener])
    finally:
        server.store.close()

"""A thousand clients at one moment."""

from __future__ import annotations

import asyncio
import json
import resource
from typing import Any
from urllib.parse import urlsplit

from tests.support.local_server import Http, LocalServer
from tests.support.tables import Rows, table

CLIENTS = 1_000


async def everybody_at_once(server: LocalServer, requests: list[bytes]) -> list[int]:
    """The statuses of requests that are sent when each has a connection of its own, all of them open."""
    address = urlsplit(server.endpoint)
    everybody = asyncio.Barrier(len(requests))

    async def one(request: bytes) -> int:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        await everybody.wait()
        writer.write(request)
        line = await reader.readline()
        writer.close()
        return int(line.split()[1])

    return await asyncio.gather(*(one(request) for request in requests))


def create_row(server: LocalServer, rows: Rows, content: dict[str, Any]) -> bytes:
    """The request as it is on the wire."""
    body = json.dumps(content)
    lines = [
        f"POST /v1{rows.path} HTTP/1.1",
        "host: localhost",
        f"x-appwrite-project: {server.ready.project_id}",
        f"x-appwrite-key: {server.ready.api_key}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def test_a_thousand_connections_are_all_answered(server: LocalServer, http: Http) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * CLIENTS + 500)), hard))
    with table(http, {"n": {"type": "integer"}}) as rows:
        requests = [
            create_row(server, rows, {"rowId": f"r{number}", "data": {"n": number}})
            for number in range(CLIENTS)
        ]
        assert asyncio.run(everybody_at_once(server, requests)) == [201] * CLIENTS
        assert len(rows.all()) == CLIENTS

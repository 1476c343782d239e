"""`scripts/bench emulator`: how fast the local Appwrite is, beside what SQLite alone costs on this disk.

Three figures, each with its target:

- one keep-alive connection creates rows, in multiples of the same insert and commit straight through
  `sqlite3`: same tables and indexes, same pragmas, same folder, in turns within one run;
- 64 connections read rows and create rows;
- from starting the process to its ready line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from emulator.core.store import Store
from emulator.queries.functions import SQL_FUNCTIONS
from scripts.appwrite_http import Http, ok
from scripts.local_appwrite import LocalServer, Ready

CONNECTIONS = 64
ROUNDS = 5
_PATIENCE_SECONDS = 30.0
MOST_RATIO, LEAST_READS, LEAST_CREATES, MOST_START_SECONDS = 4.0, 400.0, 250.0, 1.5

ROWS = "/tablesdb/bench/tables/bookings/rows"
DATA = {"title": "A concert on a summer evening", "status": "confirmed", "quantity": 2, "total": 129_900}
PERMISSIONS = ['read("user:ann")']


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. reached: whether the target was."""

    name: str
    measured: str
    target: str
    reached: bool


def make_table(ready: Ready) -> None:
    """A table such as a booking system has: texts, whole numbers, one index, row security."""
    http = Http.with_key(ready.endpoint, ready.project_id, ready.api_key)
    ok(http.post("/tablesdb", {"databaseId": "bench", "name": "bench"}))
    ok(http.post("/tablesdb/bench/tables", {"tableId": "bookings", "name": "bookings", "rowSecurity": True}))
    columns = "/tablesdb/bench/tables/bookings/columns"
    for key in ("title", "status"):
        ok(http.post(f"{columns}/string", {"key": key, "size": 100, "required": True}))
    for key in ("quantity", "total"):
        ok(http.post(f"{columns}/integer", {"key": key, "required": True}))
    until = time.monotonic() + _PATIENCE_SECONDS
    while any(c["status"] != "available" for c in ok(http.get(columns))["columns"]):
        if time.monotonic() > until:
            raise TimeoutError("the columns do not become available")
        time.sleep(0.01)
    index = {"key": "by_status", "type": "key", "columns": ["status"]}
    ok(http.post("/tablesdb/bench/tables/bookings/indexes", index))


class Requests:
    """The bytes of requests, made once for all clients, so that a client costs as little as it can."""

    def __init__(self, ready: Ready) -> None:
        self._head = (
            f"host: {urlsplit(ready.endpoint).netloc}\r\nx-appwrite-project: {ready.project_id}\r\n"
            f"x-appwrite-key: {ready.api_key}\r\nx-appwrite-response-format: 1.8.0\r\n"
        )

    def create(self, row_id: str) -> bytes:
        """Creates a row."""
        body = json.dumps({"rowId": row_id, "data": DATA, "permissions": PERMISSIONS}).encode()
        kind = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        return f"POST /v1{ROWS} HTTP/1.1\r\n{self._head}{kind}\r\n".encode() + body

    def read(self, row_id: str) -> bytes:
        """Reads a row."""
        return f"GET /v1{ROWS}/{row_id} HTTP/1.1\r\n{self._head}\r\n".encode()


def length_of_body(head: bytes) -> int:
    """The length of the body below a head; ValueError when the head is not that of a success."""
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise ValueError(head.decode())
    return int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])


class OneConnection:
    """One keep-alive connection that waits for each answer."""

    def __init__(self, ready: Ready) -> None:
        address = urlsplit(ready.endpoint)
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, request: bytes) -> None:
        """One request, one whole answer."""
        self._socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        missing = length_of_body(head) - len(body)
        while missing:
            missing -= len(self._socket.recv(missing))

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()


class Straight:
    """The same rows into a copy of the server's tables, without a server."""

    def __init__(self, server_db: Path, own_db: Path) -> None:
        with sqlite3.connect(server_db) as source:
            schemas = [sql for (sql,) in source.execute(
                "SELECT sql FROM sqlite_master WHERE name LIKE 'rows\\_%' ESCAPE '\\' AND sql IS NOT NULL"
            )]  # fmt: skip
        self._store = Store(own_db, schemas, SQL_FUNCTIONS)
        names = [row["name"] for row in self._store.all(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'rows\\_%' ESCAPE '\\'"
        )]  # fmt: skip
        rows = min(names, key=len)
        system = "_id, _created, _updated, _permissions, title, status, quantity, total"
        self._insert = f"INSERT INTO {rows} ({system}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        self._permit = f"INSERT INTO {rows}_permissions VALUES (?, 'read', 'user:ann')"  # noqa: S608

    def create(self, row_id: str) -> None:
        """One insert and its commit."""
        db, moment = self._store.db, "2030-01-02T03:04:05.678+00:00"
        db.execute("BEGIN IMMEDIATE")
        values = (row_id, moment, moment, json.dumps(PERMISSIONS), *DATA.values())
        db.execute(self._permit, (db.execute(self._insert, values).lastrowid,))
        db.execute("COMMIT")


def compare(ready: Ready, straight: Straight, each: int) -> tuple[float, float]:
    """Seconds for one row through the server and straight, the medians of rounds taken in turns."""
    connection, requests = OneConnection(ready), Requests(ready)
    served, direct = [], []
    for turn in range(-1, ROUNDS):
        ids = [f"one-{turn + 1}-{number}" for number in range(each)]
        began = time.perf_counter()
        for row_id in ids:
            connection.call(requests.create(row_id))
        middle = time.perf_counter()
        for row_id in ids:
            straight.create(row_id)
        if turn >= 0:
            served.append((middle - began) / each)
            direct.append((time.perf_counter() - middle) / each)
    connection.close()
    return statistics.median(served), statistics.median(direct)


async def at_once(ready: Ready, requests: list[bytes]) -> float:
    """Requests per second over 64 connections, each of which waits for its answer."""
    address = urlsplit(ready.endpoint)
    streams = [await asyncio.open_connection(address.hostname, address.port) for _ in range(CONNECTIONS)]
    left = iter(requests)

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for request in left:
            writer.write(request)
            await reader.readexactly(length_of_body(await reader.readuntil(b"\r\n\r\n")))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(work(*stream) for stream in streams))
    return len(requests) / (time.perf_counter() - began)


def start_seconds(folder: Path) -> float:
    """Seconds from starting the process to its ready line, the median of a first and of later starts."""
    server = LocalServer(folder, log=None)
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with server:
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def measure(folder: Path, scale: int) -> list[Figure]:
    """Every figure, on servers and files of its own in a folder."""
    with LocalServer(folder / "data", log=None) as server:
        make_table(server.ready)
        straight = Straight(folder / "data" / "appwrite.db", folder / "straight.db")
        served, direct = compare(server.ready, straight, 200 * scale)
        requests = Requests(server.ready)
        ids = [f"many-{number}" for number in range(2000 * scale)]
        creates = asyncio.run(at_once(server.ready, [requests.create(row_id) for row_id in ids]))
        reads = asyncio.run(at_once(server.ready, [requests.read(row_id) for row_id in ids * 2]))
    started = start_seconds(folder / "start")
    ratio = served / direct
    return [
        Figure("insert and commit through sqlite3", f"{direct * 1e6:.0f} µs", "", True),
        Figure("create a row, 1 connection", f"{served * 1e6:.0f} µs", "", True),
        Figure("  in multiples of sqlite3", f"{ratio:.2f}×", f"≤ {MOST_RATIO:.0f}×", ratio <= MOST_RATIO),
        Figure(
            f"read rows, {CONNECTIONS} connections", f"{reads:.0f}/s", f"≥ {LEAST_READS:.0f}/s",
            reads >= LEAST_READS,
        ),
        Figure(
            f"create rows, {CONNECTIONS} connections", f"{creates:.0f}/s", f"≥ {LEAST_CREATES:.0f}/s",
            creates >= LEAST_CREATES,
        ),
        Figure(
            "start", f"{started:.2f} s", f"< {MOST_START_SECONDS} s", started < MOST_START_SECONDS,
        ),
    ]  # fmt: skip


def table(figures: list[Figure]) -> str:
    """The figures as lines of text."""
    lines = [f"{'':36}{'measured':>10}  {'target':>10}"]
    for figure in figures:
        verdict = ("ok" if figure.reached else "MISSED") if figure.target else ""
        lines.append(f"{figure.name:36}{figure.measured:>10}  {figure.target:>10}  {verdict}".rstrip())
    return "\n".join(lines)


def main() -> int:
    """Prints the table; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench emulator", description=__doc__.partition("\n")[0])
    parser.add_argument("--scale", type=int, default=1, help="how many times the usual number of requests")
    parser.add_argument("--in", dest="parent", type=Path, help="folder on the disk to measure")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-emulator-", dir=options.parent))
    try:
        figures = measure(folder, options.scale)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

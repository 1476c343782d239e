"""`scripts/bench book`: bookings through function executions, beside plain row creates in the same run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.appwrite_http import Http, ok
from scripts.commands.serve import ENV_FILE
from scripts.project.shop import DATABASE, Shop

KIND, PRICE = "Standing", 50_000


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of each call, and of all of them together. refused: calls that did not do what was asked."""

    each: Sequence[float]
    whole: float
    refused: int

    def percentile(self, part: float) -> float:
        """Seconds within which that part of the calls was answered."""
        return sorted(self.each)[min(len(self.each) - 1, int(part * len(self.each)))]

    @property
    def per_second(self) -> float:
        """Calls in a second."""
        return len(self.each) / self.whole


def at_once(workers: Sequence[Sequence[Callable[[], bool]]]) -> Speed:
    """Runs each worker's calls one after the other, all workers from the same moment on."""
    each: list[float] = []
    refused: list[int] = []
    gate = threading.Barrier(len(workers) + 1)

    def work(calls: Sequence[Callable[[], bool]]) -> None:
        gate.wait()
        for call in calls:
            began = time.perf_counter()
            if not call():
                refused.append(1)
            each.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=[calls]) for calls in workers]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return Speed(each, time.perf_counter() - began, len(refused))


def plain_creates(shop: Shop, clients: int, each: int) -> Speed:
    """Rows of the events table, a draft each, which are deleted afterwards."""
    path = f"/tablesdb/{DATABASE}/tables/events/rows"
    run = f"bench-{time.time_ns():x}"
    row = {"name": run, "status": "draft", "startsAt": "2030-01-02T03:04:05.678+00:00"}

    def creator(caller: Http, row_id: str) -> Callable[[], bool]:
        return lambda: caller.post(path, {"rowId": row_id, "data": row}).status_code == 201

    callers = [shop.http.another() for _ in range(clients)]
    try:
        return at_once(
            [
                [creator(caller, f"{run}-{number}-{at}") for at in range(each)]
                for number, caller in enumerate(callers)
            ]
        )
    finally:
        mine = json.dumps({"method": "equal", "attribute": "name", "values": [run]})
        while ok(shop.http.delete(path, {"queries": [mine]}))["rows"]:
            pass


def bookings(shop: Shop, clients: int, each: int) -> Speed:
    """Each client books single tickets with payments that were made before; the function is warm."""
    event = shop.create_event({KIND: (PRICE, 10 * clients * each)}, name="Benchmark")
    customers = [shop.create_customer() for _ in range(clients)]
    shop.book(customers[0], event, KIND)

    def booking(number: int) -> Callable[[], bool]:
        customer = customers[number]
        payment = shop.pay(customer, PRICE)
        return lambda: shop.book(customer, event, KIND, payment_id=payment).body.get("success") is True

    return at_once([[booking(number) for _ in range(each)] for number in range(clients)])


def report(shop: Shop, clients: Sequence[int], each: int) -> int:
    """Prints a line for each number of clients; how many bookings were refused."""
    base = plain_creates(shop, 1, max(each, 30))
    row = statistics.median(base.each)
    print(f"one plain row create: p50 {row * 1000:.1f} ms, {base.per_second:.0f}/s with one client")
    print(f"{'clients':>7} {'bookings':>9} {'p50':>16} {'p95':>16} {'per second':>20} {'refused':>8}")
    refused = 0
    for number in clients:
        rows, booked = plain_creates(shop, number, each), bookings(shop, number, each)
        p50, p95 = booked.percentile(0.5), booked.percentile(0.95)
        share = booked.per_second / rows.per_second
        print(
            f"{number:>7} {len(booked.each):>9} {_times(p50, row):>16} {_times(p95, row):>16} "
            f"{f'{booked.per_second:.1f} ({share:.2f}×)':>20} {booked.refused:>8}",
            flush=True,
        )
        refused += booked.refused
    print("× for times: of one plain row create; for rates: of row creates by as many clients.")
    return refused


def _times(seconds: float, row: float) -> str:
    return f"{seconds * 1000:.0f} ms ({seconds / row:.1f}×)"


def _environment(path: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return said


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """The options that say which Appwrite; `scripts/serve` has written what is not given."""
    said = _environment(ENV_FILE)
    parser.add_argument("--endpoint", default=said.get("endpoint"), help="the Appwrite, such as http://…/v1")
    parser.add_argument("--project-id", default=said.get("projectId"))
    parser.add_argument("--api-key", default=said.get("apiKey"))
    parser.add_argument(
        "--payments", metavar="URL", help="the local Appwrite whose payments the functions use"
    )
    parser.add_argument("--payments-key", metavar="KEY", default=said.get("apiKey"), help="its API key")


def shop_of(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Shop:
    """The shop that the options name; ends the program when they name none."""
    if not (options.endpoint and options.project_id and options.api_key):
        parser.error("no server: run scripts/serve --provision, or give --endpoint, --project-id, --api-key")
    said = _environment(ENV_FILE)
    payments = (options.payments or said.get("endpoint") or options.endpoint).removesuffix("/v1")
    return Shop(
        Http.with_key(options.endpoint, options.project_id, options.api_key),
        options.project_id,
        Http(f"{payments}/_local/payments", {"X-Appwrite-Key": options.payments_key}),
    )


def main() -> int:
    """0 when every booking was made."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench book",
        description="Books through executions on any Appwrite that has the functions deployed. What is not "
        "given is read from .local/env.json, which scripts/serve writes.",
    )
    add_server_options(parser)
    parser.add_argument("--clients", default="1,8,32", help="how many at once, one run for each (1,8,32)")
    parser.add_argument("--each", type=int, default=10, help="bookings of each client (10)")
    options = parser.parse_args()
    shop = shop_of(parser, options)
    return 1 if report(shop, [int(part) for part in options.clients.split(",")], options.each) else 0


if __name__ == "__main__":
    sys.exit(main())

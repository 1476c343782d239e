"""`scripts/bench availability`: a large hall, read and remembered, and how often memory answers."""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from boxoffice.domain.pools import Unit, seat_pool
from boxoffice.domain.seating_plan import read_plan

from scripts.appwrite_http import Http, ok
from scripts.commands.bench_book import KIND, PRICE, add_server_options, at_once, shop_of
from scripts.project.shop import AVAILABILITY, DATABASE, Shop, execute

COLD_SECONDS, WARM_SECONDS, HIT_RATE = 1.0, 0.05, 0.9
_SEATS, _ROWS = 40, 25
_BULK = 100
_BURSTS, _LOOKS = 3, 8
# Longer than an answer is remembered, unless the function was deployed with another time.
_FORGOTTEN_SECONDS = 2.5


@dataclass(slots=True)
class Looks:
    """Seconds of the answers that had to be read, and of those that came from memory."""

    read: list[float] = field(default_factory=list)
    remembered: list[float] = field(default_factory=list)
    _moments: set[str] = field(default_factory=set)
    _began: float = field(default_factory=time.perf_counter)

    def look(self, http: Http, query: Mapping[str, Any]) -> bool:
        """Looks once; whether there was an answer. The first about a moment is the one that was read."""
        began = time.perf_counter()
        answer = execute(http, AVAILABILITY, query)
        seconds = time.perf_counter() - began
        if answer.status != 200:
            return False
        moment = answer.data["pools"][0]["asOf"]
        (self.remembered if moment in self._moments else self.read).append(seconds)
        self._moments.add(moment)
        return True

    @property
    def hit_rate(self) -> float:
        """The part of the answers that cost Appwrite nothing."""
        return len(self.remembered) / (len(self.read) + len(self.remembered))

    @property
    def told(self) -> str:
        """How many looks there were, and how many of them were read, in how much time so far."""
        seconds = time.perf_counter() - self._began
        return f"{len(self.read) + len(self.remembered)} looks, {len(self.read)} read in {seconds:.2f} s"


def plan_of(seats: int) -> dict[str, Any]:
    """A hall with sections of 1,000 seats."""
    rows = {"rows": f"1-{_ROWS}", "seats": f"1-{_SEATS}", "category": "gold"}
    return {"sections": [{"id": f"S{at}", "rows": [rows]} for at in range(seats // (_SEATS * _ROWS))]}


def sold_hall(shop: Shop, seats: int) -> str:
    """A showtime in which every seat is sold."""
    event, plan = shop.create_event({}, name="Benchmark"), plan_of(seats)
    showtime = shop.create_showtime(event.id, plan, {"gold": PRICE})
    units = [Unit(seat_pool(showtime), name) for name in read_plan(plan).by_unit]
    rows = [
        {
            "$id": unit.claim_id, "poolId": unit.pool, "unit": unit.name, "eventId": event.id,
            "bookingId": "bk-bench", "state": "SOLD", "reservedUntil": None,
        }
        for unit in units
    ]  # fmt: skip
    for at in range(0, len(rows), _BULK):
        ok(shop.http.post(f"/tablesdb/{DATABASE}/tables/claims/rows", {"rows": rows[at : at + _BULK]}))
    return showtime


def measure_hall(shop: Shop, guest: Http, seats: int) -> bool:
    """Prints how long a hall takes; whether that is quick enough."""
    query = {"showtimeId": sold_hall(shop, seats)}
    execute(guest, AVAILABILITY, {})
    looks = Looks()
    for burst in range(_BURSTS):
        time.sleep(_FORGOTTEN_SECONDS if burst else 0)
        # On a slow machine too some of them come from memory.
        for _ in range(_LOOKS):
            looks.look(guest, query)
    told = looks.told
    first, later = looks.read[0], statistics.median(looks.read[1:])
    warm = statistics.median(looks.remembered)
    print(
        f"{seats} seats, all sold: {told}, first {_ms(first)}, read again {_ms(later)}, "
        f"from memory {_ms(warm)}",
        flush=True,
    )
    return max(first, later) < COLD_SECONDS and warm < WARM_SECONDS


def measure_mixed(shop: Shop, guest: Http, clients: int, each: int) -> bool:
    """Prints how often memory answers while as many people look as book; whether that is often enough."""
    event = shop.create_event({KIND: (PRICE, 10 * clients * each)}, name="Benchmark")
    customers = [shop.create_customer() for _ in range(clients)]

    def booking(number: int) -> Callable[[], bool]:
        customer, payment = customers[number], shop.pay(customers[number], PRICE)
        return lambda: shop.book(customer, event, KIND, payment_id=payment).status == 200

    def looking(http: Http) -> Callable[[], bool]:
        return lambda: looks.look(http, {"eventId": event.id})

    guests = [guest.another() for _ in range(clients)]
    work = [
        *([booking(number) for _ in range(each)] for number in range(clients)),
        *([looking(http) for _ in range(4 * each)] for http in guests),
    ]
    looks = Looks()
    done = at_once(work)
    print(
        f"{clients} book, {clients} look: {looks.told}, {done.refused} refused, "
        f"{looks.hit_rate:.1%} from memory, {_ms(statistics.median(looks.remembered))} each"
    )
    return done.refused == 0 and looks.hit_rate > HIT_RATE


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def main() -> int:
    """0 when everything was quick enough and nothing was refused."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench availability",
        description="Looks at what is left, through executions on any Appwrite with the functions deployed.",
    )
    add_server_options(parser)
    parser.add_argument("--seats", type=int, default=20_000, help="of the hall, in thousands (20000)")
    parser.add_argument("--clients", type=int, default=8, help="who book, and as many who look (8)")
    parser.add_argument(
        "--each", type=int, default=20, help="bookings of each, and a quarter of the looks (20)"
    )
    options = parser.parse_args()
    shop = shop_of(parser, options)
    guest = Http.guest(options.endpoint, options.project_id)
    quick = [
        measure_hall(shop, guest, options.seats),
        measure_mixed(shop, guest, options.clients, options.each),
    ]
    return 0 if all(quick) else 1


if __name__ == "__main__":
    sys.exit(main())

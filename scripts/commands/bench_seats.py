"""`scripts/bench seats`: what choosing and showing seats costs in a hall of 20,000."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from boxoffice.domain.availability import count_seats, seat_map, taken_version
from boxoffice.domain.best_seats import best_available
from boxoffice.domain.items import MOST_TICKETS
from boxoffice.domain.pools import Claim, ClaimState, Unit, in_pool, standings
from boxoffice.domain.seating_plan import read_plan

ROUNDS = 5
BEST_MILLISECONDS = 100
PLAN = {
    "sections": [
        {"id": f"S{number}", "rows": [{"rows": "A-Y", "seats": "1-20 _ 21-40", "category": "gold"}]}
        for number in range(20)
    ]
}


def milliseconds(work: Callable[[], object]) -> float:
    """The best of some rounds: other work on the machine only ever adds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def main() -> int:
    """Prints each cost, and as a multiple of reading the plan; 0 when the best seats were found quickly."""
    layout = read_plan(PLAN)
    chance = random.Random(1)  # noqa: S311 - the same hall in every run
    fills = [{unit for unit in layout.by_unit if chance.random() < share} for share in (0.0, 0.5, 0.99)]
    now = datetime.now(UTC)
    claims = [
        Claim(Unit("pool", unit), "booking", ClaimState.RESERVED, now + timedelta(minutes=1))
        for unit in layout.by_unit
    ]
    taken = standings(claims, now)
    named = in_pool(taken, "pool")
    costs = {"read the plan": milliseconds(lambda: read_plan(PLAN))}
    for quantity in (2, MOST_TICKETS, 100):
        costs[f"best {quantity} together, worst fill"] = max(
            milliseconds(lambda fill=fill, n=quantity: best_available(layout, fill, n))  # type: ignore[misc]
            for fill in fills
        )
    costs["states of all seats, all held"] = milliseconds(lambda: in_pool(standings(claims, now), "pool"))
    costs["counts and seat map"] = milliseconds(
        lambda: (count_seats(layout, named, layout.totals), seat_map(layout, named, layout.totals))
    )
    costs["version"] = milliseconds(lambda: taken_version(["pool"], taken))
    plan = costs["read the plan"]
    print(f"{len(layout.by_unit)} seats")
    for what, cost in costs.items():
        print(f"{what:34} {cost:8.1f} ms {cost / plan:7.2f}×")
    slowest = max(costs[f"best {quantity} together, worst fill"] for quantity in (2, MOST_TICKETS))
    return 0 if slowest < BEST_MILLISECONDS else 1

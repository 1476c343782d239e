"""A local Appwrite with the functions deployed, on which things are made to go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from boxoffice.webhooks.untold import LOOKS

from scripts.project.config import load_project
from scripts.project.functions import deploy_functions
from scripts.project.local import function_variables
from scripts.project.provision import provision
from scripts.project.shop import DATABASE, Answer, Shop, execute
from tests.support.books import Books, read_books
from tests.support.faults import faults
from tests.support.local_server import Http, LocalServer, ok, wait_until
from tests.support.rows import read_rows

SWEEP = "sweep"

# What was rolled back is looked at again for an hour after its lease; the pauses between the attempts at what
# cannot be undone grow, and a case that nobody could settle is given up within a day.
PATIENCE_SECONDS = (4_000, 20_000, 100_000)
MOST_SWEEPS = 60

# Far longer than any call takes, and short enough to be waited for in a test.
CALL_SECONDS = 0.5

# What a run of the sweep tells besides what it has changed.
_NO_CHANGES = frozenset({"examined", "remaining", "waiting"})


class Arena:
    """The server, its shop, and its local routes."""

    def __init__(self, server: LocalServer) -> None:
        self.server = server
        ready = server.ready
        self.http = Http.with_key(ready.endpoint, ready.project_id, ready.api_key)
        self.local = Http(ready.site + "/_local", {"X-Appwrite-Key": ready.api_key})
        payments = Http(ready.site + "/_local/payments", {"X-Appwrite-Key": ready.api_key})
        self.shop = Shop(self.http, ready.project_id, payments)

    def deploy(self, **variables: str) -> None:
        """Applies appwrite.json and deploys its functions with further variables; nothing runs by itself."""
        project = load_project()
        called_only = tuple({**function, "schedule": ""} for function in project.functions)
        project = replace(project, functions=called_only)
        provision(self.http, project, lambda line: None)
        usual = function_variables(self.server.ready.razorpay)
        deploy_functions(self.http, project, {**usual, **variables}, lambda line: None)

    def clear(self) -> None:
        """Deletes every row, every file and every payment."""
        ok(self.local.delete("/payments"))
        ok(self.local.delete("/rows"))
        files = "/storage/buckets/tickets/files"
        while found := ok(self.http.get(files))["files"]:
            for file in found:
                ok(self.http.delete(f"{files}/{file['$id']}"))

    def has_looked_ahead(self) -> None:
        """The sweep thinks that it has read the gateway's list for years to come, as with a clock put back.

        So the next one only corrects that, however many payments other tests have made.
        """
        for name in LOOKS:
            path = f"/tablesdb/{DATABASE}/tables/cursors/rows/{name}"
            ok(self.http.put(path, {"data": {"reached": "2099-01-01T00:00:00.000+00:00"}}))

    def faults(self, *wanted: dict[str, Any]) -> AbstractContextManager[list[str]]:
        """Faults while the block runs; their ids."""
        return faults(self.local, *wanted)

    def hits(self) -> dict[str, int]:
        """How many requests each present fault has hit, by its id."""
        return {fault["id"]: fault["hits"] for fault in ok(self.local.get("/faults"))["faults"]}

    def set_clock(self, seconds: float) -> None:
        """How far the server's clock is ahead of this machine's."""
        ok(self.local.put("/clock", {"offsetSeconds": seconds}))

    @contextmanager
    def clock(self, seconds: float) -> Iterator[None]:
        """The server's clock is so far ahead while the block runs."""
        self.set_clock(seconds)
        try:
            yield
        finally:
            self.set_clock(0)

    def last_request(self) -> int:
        """The number of the newest entry of the request log."""
        return int(ok(self.local.get("/requests", params={"since": 10**9}))["last"])

    def requests(self, **wanted: Any) -> list[dict[str, Any]]:
        """Entries of the request log; `wanted` are the route's parameters."""
        found: list[dict[str, Any]] = ok(self.local.get("/requests", params=wanted))["requests"]
        return found

    def wait_for_answers(self, fault_id: str, since: int) -> None:
        """Waits until every request that a fault holds up has been carried out, heard or not."""
        hits = self.hits()[fault_id]
        wait_until(lambda: sum(e["fault"] == fault_id for e in self.requests(since=since)) >= hits)

    def sweep(self) -> Answer:
        """One run of the sweep, as the schedule or an operator starts it."""
        return execute(self.http, SWEEP, {})

    def withdraw(self, event_id: str) -> None:
        """Nothing of an event is on sale any more, so that no sweep counts what is left of it."""
        rows = f"/tablesdb/{DATABASE}/tables/events/rows"
        it = json.dumps({"method": "equal", "attribute": "$id", "values": [event_id]})
        ok(self.http.patch(rows, {"data": {"status": "draft"}, "queries": [it]}))

    def settle(self, patience: Sequence[float] = PATIENCE_SECONDS) -> list[Answer]:
        """Lets time pass and the sweep run, until it has nothing left to do; what it answered.

        patience: how far the clock goes on, step by step, while there is something left to do, in seconds.
        """
        answers: list[Answer] = []
        try:
            for seconds in patience:
                self.set_clock(seconds)
                for _ in range(MOST_SWEEPS):
                    answers.append(self.sweep())
                    assert answers[-1].body.get("success"), answers[-1]
                    if is_idle(answers[-1].data):
                        break
                else:
                    raise AssertionError(f"the sweep never comes to rest: {answers[-1]}")
                if not answers[-1].data["remaining"]:
                    break
        finally:
            self.set_clock(0)
        return answers

    def books(self, event_id: str = "") -> Books:
        """The books of one event, or all."""
        return read_books(self.http, self.ledger(), event_id)

    def stamps(self) -> dict[str, str]:
        """When each row of every table was changed last, by table and id."""
        return {
            f"{table['$id']}/{row['$id']}": row["$updatedAt"]
            for table in load_project().tables
            for row in read_rows(self.http, table["$id"])
        }

    def ledger(self) -> Sequence[dict[str, Any]]:
        """Every movement of money."""
        movements: list[dict[str, Any]] = ok(self.local.get("/payments/ledger"))["movements"]
        return movements


def is_idle(swept: Mapping[str, int]) -> bool:
    """Whether a run of the sweep has changed nothing."""
    return not any(count for name, count in swept.items() if name not in _NO_CHANGES)

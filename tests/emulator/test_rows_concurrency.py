"""Rows under 64 callers at once, and under a kill of the server: what was answered is what is there."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.local_server import Http, LocalServer, ok
from tests.support.tables import Rows, at_once, table

CALLERS = 64
COLUMNS: dict[str, dict[str, Any]] = {
    "name": {"type": "string", "size": 40},
    "qty": {"type": "integer"},
}


@pytest.fixture
def rows(http: Http) -> Iterator[Rows]:
    with table(http, COLUMNS) as made:
        yield made


def spelled(word: str, number: int) -> str:
    """A word in the number's own mix of upper and lower case."""
    return "".join(char.upper() if number >> at & 1 else char for at, char in enumerate(word))


def statuses(answers: list[requests.Response]) -> Counter[tuple[int, str]]:
    return Counter((each.status_code, each.json().get("type", "")) for each in answers)


def test_an_id_has_one_owner_in_any_spelling(server: LocalServer, rows: Rows) -> None:
    def act(http: Http, number: int) -> requests.Response:
        return rows.by(http).create(spelled("seatid", number), name=str(number))

    answers = at_once(server, CALLERS, act)
    assert statuses(answers) == {(201, ""): 1, (409, "row_already_exists"): CALLERS - 1}
    winner = next(each.json() for each in answers if each.status_code == 201)
    assert [row["name"] for row in rows.all()] == [winner["name"]]


def test_a_unique_value_has_one_owner_in_any_spelling(server: LocalServer, http: Http) -> None:
    with table(http, COLUMNS, unique="name") as rows:

        def act(http: Http, number: int) -> requests.Response:
            return rows.by(http).create(f"r{number}", name=spelled("gateau", number) + " " * (number % 3))

        answers = at_once(server, CALLERS, act)
        assert statuses(answers) == {(201, ""): 1, (409, "row_already_exists"): CALLERS - 1}
        assert len(rows.all()) == 1


def test_a_bulk_create_claims_all_or_nothing(server: LocalServer, rows: Rows) -> None:
    units, wanted = 60, 3

    def act(http: Http, number: int) -> requests.Response:
        first = number * 7 % units
        claim = [{"$id": f"u{(first + at) % units}", "qty": number} for at in range(wanted)]
        return rows.by(http).create_many(claim)

    answers = at_once(server, CALLERS, act)
    winners = {number for number, each in enumerate(answers) if each.status_code == 201}
    assert statuses(answers) == {
        (201, ""): len(winners),
        (409, "row_already_exists"): CALLERS - len(winners),
    }
    assert Counter(row["qty"] for row in rows.all()) == dict.fromkeys(winners, wanted)
    assert len(winners) > 1


def test_a_counter_never_passes_its_bounds(server: LocalServer, rows: Rows) -> None:
    ok(rows.create("up", qty=0))
    ok(rows.create("down", qty=100))

    def act(http: Http, _number: int) -> list[requests.Response]:
        mine = rows.by(http)
        return [
            answer
            for _ in range(4)
            for answer in (mine.add("up", "qty", max=100), mine.take("down", "qty", min=0))
        ]

    pairs = at_once(server, CALLERS, act)
    answers = [answer for each in pairs for answer in each]
    assert statuses(answers) == {(200, ""): 200, (400, "column_limit_exceeded"): CALLERS * 8 - 200}
    assert {row["$id"]: row["qty"] for row in rows.all()} == {"up": 100, "down": 0}
    gained = [
        each.json()["qty"] for each in answers if each.status_code == 200 and each.json()["$id"] == "up"
    ]
    assert sorted(gained) == list(range(1, 101))


def test_compare_and_swap_has_one_winner_a_round(server: LocalServer, rows: Rows) -> None:
    ok(rows.create("r", qty=0))
    for round_ in range(3):
        read = ok(rows.get("r"))["$updatedAt"]

        def act(http: Http, number: int, since: str = read, round_: int = round_) -> requests.Response:
            return rows.by(http).update("r", since=since, name=f"{round_}/{number}")

        answers = at_once(server, CALLERS, act)
        assert statuses(answers) == {(200, ""): 1, (409, "row_update_conflict"): CALLERS - 1}, round_
        winner = next(number for number, each in enumerate(answers) if each.status_code == 200)
        assert ok(rows.get("r"))["name"] == f"{round_}/{winner}"


def test_what_was_answered_survives_a_kill_and_the_rest_is_whole_or_absent(
    fresh_server: LocalServer, fresh_http: Http
) -> None:
    size, kill_after = 5, 300
    with table(fresh_http, COLUMNS) as rows:
        ok(rows.create("counter", qty=0))
        answered = threading.Semaphore(0)
        killer = threading.Thread(target=lambda: _kill_after(fresh_server, answered, kill_after))
        killer.start()

        def act(http: Http, number: int) -> tuple[list[str], list[str], int]:
            """The claims that were answered, those that were asked for, and the counts that were answered."""
            mine, sure, asked, counted = rows.by(http), list[str](), list[str](), 0
            try:
                for turn in range(10_000):
                    claim = f"c{number}-{turn}"
                    asked.append(claim)
                    ok(mine.create_many([{"$id": f"{claim}.{at}", "name": claim} for at in range(size)]))
                    sure.append(claim)
                    ok(mine.add("counter", "qty"))
                    counted += 1
                    answered.release()
            except requests.RequestException:
                return sure, asked, counted
            raise AssertionError("the server was not killed")

        results = at_once(fresh_server, CALLERS, act)
        killer.join()
        fresh_server.restart()
        found = _claims(rows)
        assert set(found.values()) == {size}
        assert sum(len(sure) for sure, _, _ in results) >= kill_after
        for sure, asked, _ in results:
            assert set(sure) <= {claim for claim in asked if claim in found}
        assert set(found) <= {claim for _, asked, _ in results for claim in asked}
        counted = sum(each for _, _, each in results)
        assert counted <= ok(rows.get("counter"))["qty"] <= counted + CALLERS


def _kill_after(server: LocalServer, answered: threading.Semaphore, count: int) -> None:
    for _ in range(count):
        answered.acquire()
    server.kill()


def _claims(rows: Rows) -> Counter[str]:
    """How many rows each claim has, read page by page."""
    found: Counter[str] = Counter()
    queries = ['{"method":"limit","values":[1000]}', '{"method":"isNotNull","attribute":"name"}']
    cursor: list[str] = []
    while True:
        page = ok(rows.http.get(rows.path, params={"queries[]": queries + cursor}))["rows"]
        found.update(row["name"] for row in page)
        if len(page) < 1000:
            return found
        cursor = [json.dumps({"method": "cursorAfter", "values": [page[-1]["$id"]]})]

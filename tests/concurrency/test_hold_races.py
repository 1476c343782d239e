"""The end of a hold, raced: its owner pays, somebody else wants the units, and the sweep comes by.

Every round has an event with one ticket, and a hold on it. The clock jumps beyond the end of the holds at the
very moment at which everybody begins, so that some come before the end and most of them after it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
from boxoffice.domain import ids

from scripts.project.shop import HOLD, Answer, Customer, Event, execute
from tests.conftest import arena_serving
from tests.support.arena import Arena
from tests.support.crowd import all_at_once
from tests.support.ledger import Money
from tests.support.local_server import ok

pytestmark = pytest.mark.local_only

PRICE = 50_000
ROUNDS, AT_ONCE = 200, 25
SWEEPS = 2
HOLD_SECONDS, LATER_HOLD_SECONDS = 60, 1_800
BEYOND_THE_END = HOLD_SECONDS + 2
EVENTS = "/tablesdb/boxoffice/tables/events/rows"

CONVERTED, AGAIN, TAKEN, NOBODY = "converted", "got again", "taken", "nobody"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """A server whose clock is moved."""
    yield from arena_serving(tmp_path_factory.mktemp("hold-races") / "data")


@dataclass(frozen=True, slots=True)
class Round:
    """One hold on the only ticket of an event, and who is after it.

    `taking` is the payment with which somebody else books; empty when they hold.
    """

    event: Event
    hold: Answer
    owner: Customer
    paying: str
    other: Customer
    taking: str

    @property
    def booking_id(self) -> str:
        """The hold's."""
        return str(self.hold.data["bookingId"])


@dataclass(frozen=True, slots=True)
class Result:
    """What the two of a round were answered."""

    round: Round
    payer: Answer
    taker: Answer

    @property
    def ending(self) -> str:
        """Who has got the ticket."""
        if not self.payer.code:
            return CONVERTED if self.payer.data["bookingId"] == self.round.booking_id else AGAIN
        return NOBODY if self.taker.code else TAKEN


def wanted(event: Event) -> dict[str, object]:
    return {"eventId": event.id, "ticketTypeId": event.kinds["Standing"].id, "quantity": 1}


def prepared(arena: Arena, number: int, owner: Customer, other: Customer) -> Round:
    """A round that can begin. Half of the payments are only authorised, and half of the others hold."""
    shop = arena.shop
    event = shop.create_event({"Standing": (PRICE, 1)}, holdSeconds=HOLD_SECONDS, holdsPerUser=100)
    hold = shop.hold(owner, wanted(event))
    assert hold.status == 200, hold.body
    # Whoever holds it next does so by this machine's clock, which does not jump.
    ok(arena.http.patch(f"{EVENTS}/{event.id}", {"data": {"holdSeconds": LATER_HOLD_SECONDS}}))
    paying = shop.pay_for(owner, hold, status="authorized" if number % 2 else "captured")
    taking = shop.pay(other, PRICE) if number % 4 < 2 else ""
    return Round(event, hold, owner, paying, other, taking)


def forget_what_is_held(arena: Arena) -> None:
    """The process that has made the holds ends, because it trusts its memory for a few seconds."""
    fault = {"kind": "kill_function_before", "path": "*/tables/bookings/rows", "nth": 1}
    with arena.faults({**fault, "fromFunctions": True}):
        assert execute(arena.shop.create_customer().http, HOLD, {"action": "list"}).body == {}


def race(arena: Arena, rounds: list[Round], chance: random.Random) -> list[Result]:
    """Everybody begins at the same moment, in any order, and the clock jumps."""
    payers: dict[str, Answer] = {}
    takers: dict[str, Answer] = {}

    def pay(of: Round) -> None:
        payers[of.booking_id] = arena.shop.book_hold(of.owner, of.hold, of.paying)

    def take(of: Round) -> None:
        if of.taking:
            answer = arena.shop.book(of.other, of.event, "Standing", payment_id=of.taking)
        else:
            answer = arena.shop.hold(of.other, wanted(of.event))
        takers[of.booking_id] = answer

    def come_by() -> None:
        assert arena.sweep().status == 200

    actors: list[Callable[[], None]] = [partial(act, of) for act in (pay, take) for of in rounds]
    actors += [come_by] * SWEEPS
    chance.shuffle(actors)
    actors.insert(0, partial(arena.set_clock, BEYOND_THE_END))
    try:
        all_at_once(len(actors), lambda number: actors[number]())
    finally:
        arena.set_clock(0)
    return [Result(of, payers[of.booking_id], takers[of.booking_id]) for of in rounds]


def check(result: Result, outcomes: dict[str, str], money: dict[str, Money]) -> None:
    """One has the ticket at most, everybody was told the truth, and money is kept for the ticket alone."""
    one, payer, taker = result.round, result.payer, result.taker
    assert payer.code in ("", "HOLD_EXPIRED"), payer.body
    assert taker.code in ("", "INSUFFICIENT_TICKETS"), taker.body
    assert payer.code or taker.code, (payer.body, taker.body)
    expected = "CONFIRMED" if result.ending == CONVERTED else "EXPIRED"
    assert outcomes[one.booking_id] == expected
    if result.ending == AGAIN:
        assert outcomes[ids.booking_id(one.paying)] == "CONFIRMED"
    assert money.get(one.paying, Money()).kept == (0 if payer.code else PRICE)
    if one.taking:
        assert money[one.taking].kept == (0 if taker.code else PRICE)


def test_every_hold_has_one_end(arena: Arena) -> None:
    owners = [arena.shop.create_customer() for _ in range(AT_ONCE)]
    others = [arena.shop.create_customer() for _ in range(AT_ONCE)]
    results: list[Result] = []
    for number in range(ROUNDS // AT_ONCE):
        with ThreadPoolExecutor(8) as pool:
            rounds = list(pool.map(prepared, [arena] * AT_ONCE, range(AT_ONCE), owners, others))
        forget_what_is_held(arena)
        results += race(arena, rounds, random.Random(number))
    endings = Counter(result.ending for result in results)
    assert endings[CONVERTED] and endings[TAKEN], endings
    arena.settle()
    outcomes = {row["$id"]: row["outcome"] for row in arena.shop.rows("outcomes")}
    books = arena.books()
    for result in results:
        check(result, outcomes, books.money)
    presented = [payment for result in results for payment in (result.round.paying, result.round.taking)]
    assert books.violations(list(filter(None, presented))) == []

"""Holds of which any call fails, once or from then on: there is an end to go by, and nothing is left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bookings.desk import Desk
from boxoffice.bookings.records import Booking
from boxoffice.bookings.results import Booked, Failed
from boxoffice.bookings.stored_hold import StoredHold
from boxoffice.domain.errors import BoxofficeError
from boxoffice.recovery import holds

from tests.unit.hold_acts import ACTS, MOST_CALLS, UNTIL_THE_END, Act, balanced, pass_time
from tests.unit.shop import Make, Shop, broken, busy
from tests.unit.world import Killed, lost_answer

WAYS: list[tuple[Make, bool]] = [(broken, False), (busy, False), (lost_answer, False), (lost_answer, True)]
AFTER_THE_LEASE = timedelta(minutes=2)

AskAgain = Callable[[], Coroutine[Any, Any, Any]]


def prepared(act: Act) -> tuple[Shop, AskAgain]:
    shop = Shop(capacity=2)
    ask = act.prepare(shop)
    shop.world.calls.clear()
    return shop, ask


def calls_of(act: Act) -> list[tuple[str, int]]:
    """The operations that it needs, each with which one of its kind it is, from 1."""
    shop, ask = prepared(act)
    asyncio.run(ask())
    seen: Counter[str] = Counter()
    found = []
    for operation in shop.world.calls:
        seen[operation] += 1
        found.append((operation, seen[operation]))
    return found


def answer(ask: AskAgain) -> Any:
    try:
        return asyncio.run(ask())
    except BoxofficeError as error:
        return error


def failing(act: Act, lasts: bool) -> Iterator[tuple[Shop, AskAgain, Any]]:
    """Every shop in which another call failed in some way, the request, and what it was answered."""
    for operation, nth in calls_of(act):
        for error, after_effect in WAYS:
            shop, ask = prepared(act)
            last = 10**9 if lasts else nth
            shop.world.fail(operation, error, first=nth, last=last, after_effect=after_effect)
            first = answer(ask)
            shop.world.faults.clear()
            yield shop, ask, first


@pytest.mark.parametrize("lasts", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_whichever_call_fails_there_is_one_end(act: Act, lasts: bool) -> None:
    for shop, ask, first in failing(act, lasts):
        answer(ask)
        pass_time(shop, AFTER_THE_LEASE)
        answer(ask)
        shop.sweep()
        last = answer(ask)
        error = last.error if isinstance(last, Failed) else last
        assert not (isinstance(error, BoxofficeError) and error.rule.retryable), (first, last)
        shop.settle()
        balanced(shop)
        if isinstance(first, Booked):
            assert isinstance(last, Booked)
            assert last.booking.id == first.booking.id


def dying(act: Act, comes_back: bool) -> Iterator[Shop]:
    """Every shop in which another call failed from then on, and the process died a little later.

    comes_back: whether the client asks once more before the hold ends, and the gateway does not answer.
    """
    for operation, nth in calls_of(act):
        for call in range(nth, MOST_CALLS, 7):
            shop, ask = prepared(act)
            shop.world.fail(operation, busy, first=nth, last=10**9)
            shop.world.kill(call, after_effect=True)
            try:
                answer(ask)
            except Killed:
                shop.world.revive()
            else:
                break
            finally:
                shop.world.faults.clear()
            if comes_back:
                pass_time(shop, AFTER_THE_LEASE)
                shop.world.fail_always("fetch payment", busy)
                answer(ask)
                shop.world.faults.clear()
                pass_time(shop, UNTIL_THE_END)
            yield shop


@pytest.mark.parametrize("comes_back", [False, True])
@pytest.mark.parametrize("act", ACTS, ids=str)
def test_whoever_dies_after_a_call_has_failed_leaves_nothing(act: Act, comes_back: bool) -> None:
    for shop in dying(act, comes_back):
        shop.settle()
        balanced(shop)


def test_without_removing_papers_those_of_somebody_who_died_outlast_the_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holds, "PAPERS", {})
    with pytest.raises(AssertionError, match="something of it is left"):
        test_whoever_dies_after_a_call_has_failed_leaves_nothing(ACTS[1], comes_back=True)


def test_without_showing_that_it_was_begun_a_rollback_looks_like_an_end_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(desk: Desk, booking: Booking) -> bool:
        return False

    monkeypatch.setattr(holds, "_is_being_undone", never)
    monkeypatch.setattr(StoredHold, "is_being_undone", False)
    with pytest.raises(AssertionError, match="ROLLED_BACK"):
        test_whichever_call_fails_there_is_one_end(ACTS[1], lasts=True)

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.holds import (
    LONGEST_HOLD,
    Hold,
    HoldPolicy,
    extended_until,
    held_until,
    open_hold_pools,
    too_many,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = HoldPolicy()


def hold(ends: float = 5, began: float = -10, user: str = "anna", event: str = "concert") -> Hold:
    return Hold("b", user, event, NOW + began * MINUTE, NOW + ends * MINUTE)


def test_a_hold_lasts_for_fifteen_minutes_unless_the_event_says_otherwise() -> None:
    assert held_until(POLICY, NOW) == NOW + 15 * MINUTE
    assert held_until(HoldPolicy(duration=5 * MINUTE), NOW) == NOW + 5 * MINUTE


def test_a_hold_is_over_at_the_very_moment_it_ends() -> None:
    assert hold(ends=0).has_ended(NOW)
    assert not hold(ends=0).has_ended(NOW - timedelta(microseconds=1))


def test_an_extension_is_a_whole_duration_from_now_but_not_beyond_thirty_minutes() -> None:
    assert extended_until(POLICY, hold(began=-10), NOW) == NOW + 15 * MINUTE
    assert extended_until(POLICY, hold(began=-20), NOW) == NOW + 10 * MINUTE


def test_a_hold_that_has_had_its_time_is_not_extended() -> None:
    with pytest.raises(Rejected) as error:
        extended_until(POLICY, hold(ends=5, began=-25), NOW)
    assert error.value.code is Code.HOLD_LIMIT
    assert error.value.details == {"reservedUntil": (NOW + 5 * MINUTE).isoformat()}


def test_one_that_has_just_been_made_is_not_extended_yet_and_nobody_is_refused() -> None:
    kept = hold(ends=15.01, began=0)
    assert extended_until(POLICY, kept, NOW) == kept.reserved_until


def test_what_has_ended_cannot_be_extended() -> None:
    with pytest.raises(Rejected) as error:
        extended_until(POLICY, hold(ends=0), NOW)
    assert error.value.code is Code.HOLD_EXPIRED


@given(st.integers(1, 30), st.lists(st.integers(0, 40), max_size=20))
def test_no_chain_of_extensions_lasts_longer_than_the_longest_hold(duration: int, waits: list[int]) -> None:
    policy = HoldPolicy(duration=duration * MINUTE)
    now: datetime = NOW
    current = Hold("b", "anna", "concert", now, held_until(policy, now))
    for wait in waits:
        now += wait * MINUTE
        try:
            until = extended_until(policy, current, now)
        except Rejected:
            break
        assert until >= current.reserved_until
        current = Hold("b", "anna", "concert", NOW, until)
    assert current.reserved_until <= NOW + LONGEST_HOLD


def test_a_user_has_so_many_open_holds_whatever_the_events() -> None:
    one = open_hold_pools(HoldPolicy(per_user=2), "concert", "anna")
    other = open_hold_pools(HoldPolicy(per_user=2), "play", "anna")
    assert one == other
    assert one[0][1:] == (2, "user")
    assert one != open_hold_pools(HoldPolicy(per_user=2), "concert", "bert")


def test_an_event_has_so_many_open_holds_whoever_has_them() -> None:
    policy = HoldPolicy(per_event=5)
    of_anna, of_bert = (open_hold_pools(policy, "concert", user)[1] for user in ("anna", "bert"))
    assert of_anna == of_bert
    assert of_anna[1:] == (5, "event")
    assert of_anna != open_hold_pools(policy, "play", "anna")[1]


def test_the_refusal_says_whose_limit_it_is() -> None:
    refused = too_many("event", 5)
    assert refused.code is Code.HOLD_LIMIT
    assert refused.details == {"scope": "event", "allowed": 5}
    assert refused.message == "This event cannot have more than 5 open holds at a time."
    assert too_many("user", 1).message == "You cannot have more than 1 open hold at a time."

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.holds import (
    LONGEST_HOLD,
    Hold,
    HoldPolicy,
    check_open_holds,
    extended_until,
    held_until,
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
        assert until > current.reserved_until
        current = Hold("b", "anna", "concert", NOW, until)
    assert current.reserved_until <= NOW + LONGEST_HOLD


def limited(policy: HoldPolicy, *holds: Hold, event: str = "concert") -> dict[str, object] | None:
    try:
        check_open_holds(policy, holds, "anna", event, NOW)
    except Rejected as error:
        assert error.code is Code.HOLD_LIMIT
        return dict(error.details)
    return None


def test_a_user_has_so_many_open_holds_whatever_the_events() -> None:
    policy = HoldPolicy(per_user=2)
    assert limited(policy, hold()) is None
    assert limited(policy, hold(), hold(ends=0), hold(user="bert")) is None
    assert limited(policy, hold(ends=7), hold(ends=3, event="play")) == {
        "scope": "user",
        "allowed": 2,
        "open": 2,
        "nextEndsAt": (NOW + 3 * MINUTE).isoformat(),
    }


def test_an_event_has_so_many_open_holds_whoever_has_them() -> None:
    policy = HoldPolicy(per_event=2)
    others = [hold(user="bert"), hold(user="cara", ends=9)]
    assert limited(policy, *others, event="play") is None
    assert limited(policy, others[0], hold(user="cara", ends=0)) is None
    refused = limited(policy, *others)
    assert refused is not None
    assert (refused["scope"], refused["open"]) == ("event", 2)


def test_events_without_a_limit() -> None:
    assert limited(POLICY, *(hold(user=str(number)) for number in range(1_000))) is None


@pytest.mark.parametrize("duration", [timedelta(), -MINUTE, 31 * MINUTE])
def test_durations_that_are_no_policy(duration: timedelta) -> None:
    with pytest.raises(ValueError, match="30 minutes"):
        HoldPolicy(duration=duration)


def test_policies_that_allow_no_hold() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HoldPolicy(per_user=0)
    with pytest.raises(ValueError, match="at least one"):
        HoldPolicy(per_event=0)

"""Limits, windows, and what stands for a caller: the pure rules."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.addresses import caller_network
from boxoffice.domain.codes import Code
from boxoffice.domain.limits import (
    MOST_REQUESTS,
    USUAL,
    Limit,
    Party,
    Scope,
    Window,
    counter_id,
    network,
    read_limits,
    too_many,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
WINDOW = Limit(30, 60).window(NOON)


class TestWindows:
    def test_they_lie_side_by_side(self) -> None:
        limit = Limit(30, 60)
        assert WINDOW.ends_at == NOON + timedelta(seconds=60)
        assert limit.window(NOON + timedelta(seconds=59.999)) == WINDOW
        assert limit.window(NOON - timedelta(milliseconds=1)).ends == WINDOW.starts
        assert limit.window(NOON + timedelta(seconds=60)).starts == WINDOW.ends

    @pytest.mark.parametrize("into, left", [(0, 60), (0.001, 60), (1, 59), (59, 1), (59.999, 1), (60, 1)])
    def test_who_waits_as_long_as_told_is_in_the_next_one(self, into: float, left: int) -> None:
        moment = NOON + timedelta(seconds=into)
        assert WINDOW.seconds_left(moment) == left
        assert moment + timedelta(seconds=left) >= WINDOW.ends_at


class TestLimits:
    @pytest.mark.parametrize("requests, stride", [(1, 1), (4, 1), (9, 1), (10, 2), (30, 6), (300, 60)])
    def test_a_fifth_is_told_at_once(self, requests: int, stride: int) -> None:
        assert Limit(requests, 60).stride == stride

    @pytest.mark.parametrize("requests, seconds", [(0, 60), (MOST_REQUESTS + 1, 60), (1, 0), (1, 86_401)])
    def test_out_of_range(self, requests: int, seconds: int) -> None:
        with pytest.raises(ValueError, match="range"):
            Limit(requests, seconds)

    def test_times(self) -> None:
        assert Limit(30, 60).times(10) == Limit(300, 60)
        assert Limit(MOST_REQUESTS, 60).times(10) == Limit(MOST_REQUESTS, 60)

    def test_what_is_not_named_stays_as_usual(self) -> None:
        assert read_limits("", USUAL) == USUAL
        assert read_limits(" book=5/10\tcancel=1/3600 ", USUAL) == {
            **USUAL,
            Scope.BOOK: Limit(5, 10),
            Scope.CANCEL: Limit(1, 3_600),
        }

    @pytest.mark.parametrize(
        "text",
        [
            *("book", "book=30", "book=/60", "book=0/60", "book=30/0", "book=-1/60", "book=1.5/60", "=1/1"),
            *("sit=30/60", "BOOK=30/60", "book=３0/60", "book=1/1;", "book=30/99999", "book=9999999/60"),
            *("book=30/60,hold=30/60", "book=30/60 book=40/60"),
        ],
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError):
            read_limits(text, USUAL)


class TestNetworks:
    @pytest.mark.parametrize(
        "address, stands",
        [
            ("203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9 ", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("", None),
            ("unknown", None),
            ("203.0.113.9, 10.0.0.1", None),
            ("203.0.113.9:80", None),
        ],
    )
    def test_what_stands_for_an_address(self, address: str, stands: str | None) -> None:
        assert network(address) == stands

    def test_the_platforms_address_comes_behind_its_key(self) -> None:
        headers = {"x-appwrite-key": "k", "x-appwrite-trigger": "http", "x-appwrite-client-ip": "203.0.113.9"}
        assert caller_network(headers) == "203.0.113.9"

    def test_an_address_before_the_key_is_the_callers_own(self) -> None:
        assert caller_network({"x-appwrite-client-ip": "203.0.113.9", "x-appwrite-key": "k"}) is None

    def test_without_one_of_them_nothing_is_known(self) -> None:
        assert caller_network({"x-appwrite-client-ip": "203.0.113.9"}) is None
        assert caller_network({"x-appwrite-key": "k"}) is None

    def test_other_headers_are_not_read(self) -> None:
        spoken = {"x-forwarded-for": "203.0.113.9", "x-real-ip": "203.0.113.9"}
        assert caller_network({"x-appwrite-key": "k", **spoken}) is None
        headers = {**spoken, "x-appwrite-key": "k", "x-appwrite-client-ip": "198.51.100.1"}
        assert caller_network(headers) == "198.51.100.1"


class TestCounters:
    def test_the_same_for_whoever_has_the_secret(self) -> None:
        found = counter_id(b"secret", Scope.BOOK, Party.USER, "ann", WINDOW)
        assert found == counter_id(b"secret", Scope.BOOK, Party.USER, "ann", WINDOW)
        assert re.fullmatch(r"rl-[a-z2-7]{24}", found)
        counter_id(b"s" * 500, Scope.BOOK, Party.USER, "ann", WINDOW)

    def test_everything_tells_them_apart(self) -> None:
        later = Window(WINDOW.ends, WINDOW.ends + 60)
        longer = Window(WINDOW.starts, WINDOW.ends + 60)
        found = {
            counter_id(b"secret", Scope.BOOK, Party.USER, "ann", WINDOW),
            counter_id(b"other", Scope.BOOK, Party.USER, "ann", WINDOW),
            counter_id(b"secret", Scope.HOLD, Party.USER, "ann", WINDOW),
            counter_id(b"secret", Scope.BOOK, Party.ADDRESS, "ann", WINDOW),
            counter_id(b"secret", Scope.BOOK, Party.USER, "bob", WINDOW),
            counter_id(b"secret", Scope.BOOK, Party.USER, "ann", later),
            counter_id(b"secret", Scope.BOOK, Party.USER, "ann", longer),
        }
        assert len(found) == 7


def test_the_refusal_says_how_long_to_wait() -> None:
    error = too_many(Limit(30, 60), Party.USER, WINDOW, NOON + timedelta(seconds=18.5))
    assert (error.code, error.retry_after) == (Code.RATE_LIMITED, 42)
    assert error.details == {"limit": 30, "windowSeconds": 60, "countedBy": "user"}

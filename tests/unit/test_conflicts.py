from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.bookings.results import Failed
from boxoffice.contract.answers import failure
from boxoffice.domain.codes import Code
from boxoffice.domain.conflicts import (
    Conflict,
    ConflictKind,
    ConflictPolicy,
    Contender,
    Decision,
    Verdict,
    check_version,
    classify,
    decide,
)
from boxoffice.domain.errors import Rejected
from boxoffice.domain.pools import Claim, ClaimState, Unit
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GRACE = timedelta(minutes=2)


def claim(state: ClaimState = ClaimState.RESERVED, ends: float | None = 60, booking: str = "b") -> Claim:
    until = None if ends is None else NOW + ends * SECOND
    return Claim(Unit("pool", "1"), booking, state, until)


SOLD, BLOCKED = claim(ClaimState.SOLD, None), claim(ClaimState.BLOCKED, None)


def test_a_hold_in_the_way_ends_some_time() -> None:
    assert classify([claim(ends=60), claim(ends=90.2), claim(ends=-1)], NOW) == Conflict(
        ConflictKind.HOLD_CONFLICT, 91, NOW + 90.2 * SECOND
    )


@pytest.mark.parametrize("final", [SOLD, BLOCKED, claim(ends=None)])
def test_waiting_for_a_hold_is_no_use_beside_what_stays(final: Claim) -> None:
    assert classify([claim(), final], NOW) == Conflict(ConflictKind.BOOKING_CONFLICT)


def test_nothing_is_in_the_way_any_more() -> None:
    assert classify([claim(ends=0)], NOW) == Conflict(ConflictKind.CACHE_CONFLICT, retry_after=0)


def test_where_nobody_is_in_the_way_there_is_no_conflict() -> None:
    assert classify([], NOW) is None


def test_what_a_client_sees_of_a_conflict() -> None:
    held, sold = classify([claim()], NOW), classify([SOLD], NOW)
    assert held
    assert sold
    assert held.details() == {
        "kind": "HOLD_CONFLICT",
        "retryable": True,
        "retryAfter": 60,
        "holdEndsAt": (NOW + 60 * SECOND).isoformat(),
        "suggestedAction": "Try again when the hold has ended, or choose something else.",
    }
    assert sold.details()["retryable"] is False
    assert all(Conflict(kind).suggested_action for kind in ConflictKind)


def test_an_old_version_is_refused_and_told_the_new_one() -> None:
    check_version(None, "new")
    check_version("new", "new")
    with pytest.raises(Rejected) as error:
        check_version("old", "new")
    assert error.value.code is Code.CONFLICT_ERROR
    assert error.value.details["version"] == "new"
    answer = failure(Failed(error.value), "execution")
    conflict = answer["details"]["conflict"]
    assert conflict["kind"] == "VERSION_CONFLICT"
    for advice in (answer, conflict):
        assert (advice["retryable"], advice["retryAfter"]) == (False, None)
        assert advice["suggestedAction"] == "Read the availability again and choose from it."


def test_another_conflict_error_may_be_sent_again() -> None:
    answer = failure(Failed(Rejected(Code.CONFLICT_ERROR)), "execution")
    assert (answer["retryable"], answer["retryAfter"]) == (True, 1)


def contender(
    booking: str = "b", tier: int = 1, age: timedelta = GRACE, is_paying: bool = False
) -> Contender:
    return Contender(booking, tier, NOW - age, is_paying)


def decision(policy: ConflictPolicy, claims: list[Claim], *contenders: Contender, tier: int = 2) -> Decision:
    by_booking = {contender.booking_id: contender for contender in contenders}
    return decide(policy, tier, claims, by_booking, GRACE, NOW)


REFUSED = Decision(Verdict.REFUSE)
PRIORITY, ADMIN = ConflictPolicy.PRIORITY, ConflictPolicy.ADMIN_DECIDES


def test_first_come() -> None:
    assert decision(ConflictPolicy.FIRST_COME, [claim()], contender(tier=0), tier=9) == REFUSED


def test_a_higher_tier_displaces_holds_after_their_grace() -> None:
    claims = [claim(booking="c"), claim(booking="b"), claim(booking="c")]
    assert decision(PRIORITY, claims, contender("b"), contender("c")) == Decision(
        Verdict.DISPLACE, ("b", "c")
    )


def test_nobody_gives_way_for_a_request_that_would_still_fail() -> None:
    claims = [claim(booking="b"), claim(booking="c")]
    assert decision(PRIORITY, claims, contender("b"), contender("c", tier=2)) == REFUSED


def test_within_its_grace_a_hold_is_safe() -> None:
    young = contender(age=GRACE - SECOND)
    assert decision(PRIORITY, [claim()], young) == Decision(Verdict.REFUSE, possible_at=NOW + SECOND)


def test_the_youngest_hold_in_the_way_has_its_grace_too() -> None:
    claims = [claim(booking="b"), claim(booking="c")]
    found = decision(PRIORITY, claims, contender("b"), contender("c", age=SECOND))
    assert found == Decision(Verdict.REFUSE, possible_at=NOW + GRACE - SECOND)


def test_an_admin_decides_about_holds_only() -> None:
    assert decision(ADMIN, [claim()], contender(tier=9)) == Decision(Verdict.PARK)
    assert decision(ADMIN, [claim(), SOLD], contender()) == REFUSED


def test_what_has_lapsed_is_not_displaced() -> None:
    assert decision(PRIORITY, [claim(ends=0)], contender()) == REFUSED
    found = decision(PRIORITY, [claim(ends=0, booking="gone"), claim()], contender(), contender("gone"))
    assert found == Decision(Verdict.DISPLACE, ("b",))


claims = st.builds(
    claim,
    st.sampled_from(ClaimState),
    st.sampled_from([None, -5, 0, 60]),
    st.sampled_from(["b", "c", "d"]),
)
contenders = st.builds(
    contender, st.sampled_from(["b", "c"]), st.integers(0, 3), st.sampled_from([GRACE, SECOND]), st.booleans()
)


@given(st.sampled_from(ConflictPolicy), st.lists(claims), st.lists(contenders), st.integers(0, 3))
def test_paid_units_never_move(
    policy: ConflictPolicy, in_the_way: list[Claim], holders: list[Contender], tier: int
) -> None:
    known = {holder.booking_id: holder for holder in holders}
    found = decide(policy, tier, in_the_way, known, GRACE, NOW)
    if found.verdict is Verdict.REFUSE:
        assert not found.displaced
        return
    for one in in_the_way:
        if one.has_lapsed(NOW):
            continue
        holder = known[one.booking_id]
        assert one.state is ClaimState.RESERVED
        assert not holder.is_paying
        if found.verdict is Verdict.DISPLACE:
            assert holder.booking_id in found.displaced
            assert holder.tier < tier
            assert NOW - holder.held_since >= GRACE

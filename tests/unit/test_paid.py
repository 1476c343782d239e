"""What is right for a payment, wherever it and its booking are."""

from __future__ import annotations

import pytest
from boxoffice.domain.money import Money
from boxoffice.domain.paid import Named, Verdict, decide
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.status import STANDING, BookingStatus
from hypothesis import given
from hypothesis import strategies as st

statuses, states = st.sampled_from(BookingStatus), st.sampled_from(PaymentState)
ENDED = {BookingStatus.EXPIRED, BookingStatus.ROLLED_BACK}


def payment(state: PaymentState) -> Payment:
    return Payment("pay_1", state, Money(50_000, "INR"), 0, "", "", "", "")


@pytest.mark.parametrize(
    ("state", "status", "is_own", "is_unpaid", "verdict"),
    [
        ("captured", "held", False, True, "complete"),
        ("authorised", "held", False, True, "complete"),
        ("captured", "expired", False, True, "complete"),
        ("authorised", "cancelled", False, True, "nothing"),
        ("captured", "cancelled", False, True, "complete"),
        ("captured", "cancelled", False, False, "return"),
        ("captured", "rolled_back", False, False, "complete"),
        ("captured", "confirmed", False, False, "return"),
        ("authorised", "confirmed", False, False, "nothing"),
        ("captured", "pending", False, False, "wait"),
        ("captured", "pending", True, False, "wait"),
        ("captured", "confirmed", True, False, "booked"),
        ("refunded", "cancelled", True, False, "booked"),
        ("captured", "rolled_back", True, False, "returning"),
        ("authorised", "rolled_back", True, False, "nothing"),
        ("failed", "held", False, True, "nothing"),
    ],
)
def test_the_verdicts(state: str, status: str, is_own: bool, is_unpaid: bool, verdict: str) -> None:
    named = Named(BookingStatus(status), is_own, is_unpaid)
    assert decide(payment(PaymentState(state)), named) == verdict


def test_without_a_booking_only_money_that_was_taken_matters() -> None:
    found = {state: decide(payment(state), None) for state in PaymentState}
    assert found.pop(PaymentState.CAPTURED) is Verdict.UNCLAIMED
    assert set(found.values()) == {Verdict.NOTHING}


@given(statuses, st.booleans(), st.booleans())
def test_money_that_was_taken_is_never_kept_for_nothing(
    status: BookingStatus, is_own: bool, is_unpaid: bool
) -> None:
    verdict = decide(payment(PaymentState.CAPTURED), Named(status, is_own, is_unpaid))
    assert verdict is not Verdict.NOTHING
    if verdict is Verdict.BOOKED:
        assert is_own
        assert status in STANDING | {BookingStatus.CANCELLED}


@given(statuses, states, st.booleans(), st.booleans())
def test_only_money_that_was_taken_is_returned(
    status: BookingStatus, state: PaymentState, is_own: bool, is_unpaid: bool
) -> None:
    verdict = decide(payment(state), Named(status, is_own, is_unpaid))
    if verdict in (Verdict.RETURN, Verdict.RETURNING):
        assert state is PaymentState.CAPTURED
        assert (status in ENDED) is (verdict is Verdict.RETURNING)

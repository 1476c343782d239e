"""What becomes of an interrupted booking, for every combination of facts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from boxoffice.domain.money import Money
from boxoffice.domain.payments import Payment, PaymentState
from boxoffice.domain.recovery import (
    Case,
    Verdict,
    decide,
    is_lease_over,
    next_attempt,
    next_look,
    next_question,
    payment_status,
)
from boxoffice.domain.status import BookingStatus, Outcome, PaymentStatus

LEASE = datetime(2030, 1, 1, 12, tzinfo=UTC)
CAPTURED = Payment("pay_1", PaymentState.CAPTURED, Money(100, "INR"), 0, "", "", "", "")
PAYMENTS = [
    None,
    *(replace(CAPTURED, state=state) for state in PaymentState),
    replace(CAPTURED, refunded=40),
]
STANDING = {BookingStatus.CONFIRMED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}

PAID = Case(BookingStatus.PENDING, PaymentStatus.NONE, True, None, 2, 2, True, CAPTURED, True)
NOTHING = replace(PAID, held=0, papers=False)

CASES = [
    Case(*facts)
    for facts in itertools.product(
        BookingStatus,
        PaymentStatus,
        (False, True),
        (None, *Outcome),
        (0, 1, 2),
        (2,),
        (False, True),
        PAYMENTS,
        (False, True),
    )
]


def taken(case: Case) -> bool:
    return case.payment is not None and case.payment.is_captured


def test_what_is_confirmed_is_shown_and_never_touched() -> None:
    for case in CASES:
        assert (decide(case) is Verdict.PROJECT) == (case.outcome is Outcome.CONFIRMED), case


def test_nobody_is_disturbed_at_work() -> None:
    for case in CASES:
        if case.status is BookingStatus.PENDING and case.outcome is None and not case.lease_over:
            assert decide(case) is Verdict.WAIT, case


def test_only_the_undecided_wait() -> None:
    for case in CASES:
        if decide(case) is Verdict.WAIT:
            assert (case.status, case.outcome, case.lease_over) == (BookingStatus.PENDING, None, False), case


def test_a_booking_is_only_finished_when_all_of_it_is_paid_and_held() -> None:
    finished = [case for case in CASES if decide(case) is Verdict.FINISH]
    assert finished
    for case in finished:
        assert case.payment == CAPTURED
        assert case.held == case.wanted
        assert (case.status, case.outcome, case.lease_over) == (BookingStatus.PENDING, None, True)


def test_a_paid_booking_that_holds_its_units_goes_forward() -> None:
    for case in CASES:
        if (case.status, case.outcome, case.lease_over) == (BookingStatus.PENDING, None, True) and (
            case.payment == CAPTURED and case.held == 2
        ):
            assert decide(case) is Verdict.FINISH, case


def test_a_booking_is_only_forgotten_when_it_has_nothing_and_owes_nothing() -> None:
    forgotten = [case for case in CASES if decide(case) is Verdict.VOID]
    assert forgotten
    for case in forgotten:
        assert not case.held
        assert not case.papers
        assert not case.is_owners
        assert (case.status, case.outcome, case.lease_over) == (BookingStatus.PENDING, None, True)


def test_what_was_decided_against_is_undone_unless_the_money_came_back() -> None:
    for case in CASES:
        if case.outcome in (Outcome.ROLLED_BACK, Outcome.EXPIRED) and case.status not in STANDING:
            came_back = taken(case) and case.payment_status is PaymentStatus.REFUNDED
            assert decide(case) is (Verdict.ESCALATE if came_back else Verdict.UNDO), case


def test_a_booking_that_stands_without_an_outcome_is_for_a_person() -> None:
    for case in CASES:
        if case.status in STANDING and case.outcome is not Outcome.CONFIRMED:
            assert decide(case) is Verdict.ESCALATE, case


@pytest.mark.parametrize(
    "case, verdict",
    [
        (PAID, Verdict.FINISH),
        (replace(PAID, held=1), Verdict.UNDO),
        (replace(PAID, payment=replace(CAPTURED, state=PaymentState.AUTHORISED)), Verdict.UNDO),
        (replace(PAID, payment=replace(CAPTURED, refunded=1)), Verdict.UNDO),
        (replace(PAID, payment=None), Verdict.UNDO),
        (NOTHING, Verdict.UNDO),
        (replace(NOTHING, is_owners=False), Verdict.VOID),
        (replace(NOTHING, payment=None, is_owners=False), Verdict.VOID),
        (replace(NOTHING, payment=replace(CAPTURED, state=PaymentState.AUTHORISED)), Verdict.UNDO),
        (replace(NOTHING, status=BookingStatus.ROLLED_BACK, is_owners=False), Verdict.UNDO),
        (replace(PAID, outcome=Outcome.ROLLED_BACK), Verdict.UNDO),
    ],
)
def test_the_rule_in_examples(case: Case, verdict: Verdict) -> None:
    assert decide(case) is verdict


def test_clocks_may_differ_by_half_a_minute() -> None:
    assert not is_lease_over(LEASE, LEASE + timedelta(seconds=29))
    assert is_lease_over(LEASE, LEASE + timedelta(seconds=30))


def test_a_rolled_back_booking_is_looked_at_three_times() -> None:
    now, looks = LEASE, 0
    while (look := next_look(LEASE, now)) is not None:
        assert look > now
        now, looks = look, looks + 1
    assert looks == 3
    assert now - LEASE >= timedelta(hours=1)


def test_undoing_is_tried_eight_times_with_growing_pauses() -> None:
    pauses = []
    for attempts in range(1, 8):
        at = next_attempt(attempts, LEASE)
        assert at is not None
        pauses.append((at - LEASE).total_seconds() / 60)
    assert pauses == [1, 2, 4, 8, 16, 32, 64]
    assert next_attempt(8, LEASE) is None


def test_who_does_not_answer_is_asked_more_and_more_seldom() -> None:
    def wait(age: timedelta) -> timedelta:
        return next_question(LEASE, LEASE + age) - (LEASE + age)

    assert wait(timedelta(seconds=30)) == timedelta(minutes=1)
    assert wait(timedelta(minutes=20)) == timedelta(minutes=10)
    assert wait(timedelta(days=3)) == timedelta(hours=1)


def test_every_state_of_a_payment_has_a_name() -> None:
    assert [payment_status(payment).value for payment in PAYMENTS] == [
        "none",
        "none",
        "authorised",
        "captured",
        "refunded",
        "failed",
        "partially_refunded",
    ]

from __future__ import annotations

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.status import (
    BOOKING_MOVES,
    PAYMENT_MOVES,
    BookingStatus,
    PaymentStatus,
    is_final,
    move,
)
from hypothesis import given
from hypothesis import strategies as st

bookings = st.sampled_from(BookingStatus)
FINAL = {"cancelled", "completed", "no_show", "expired", "rolled_back"}


def test_every_status_has_its_row_in_the_table() -> None:
    assert set(BOOKING_MOVES) == set(BookingStatus)
    assert set(PAYMENT_MOVES) == set(PaymentStatus)


def test_the_final_ones_are_those_of_the_design() -> None:
    assert {status.value for status in BookingStatus if is_final(status)} == FINAL


@given(bookings, bookings)
def test_only_the_moves_of_the_table_are_allowed(current: BookingStatus, to: BookingStatus) -> None:
    if to is current or to in BOOKING_MOVES[current]:
        assert move(current, to) is to
    else:
        with pytest.raises(Rejected) as refused:
            move(current, to)
        assert refused.value.code is Code.INVALID_STATUS_TRANSITION


@given(st.lists(bookings, max_size=12))
def test_nothing_leaves_a_final_status_and_nothing_comes_back(wishes: list[BookingStatus]) -> None:
    status, seen = BookingStatus.HELD, [BookingStatus.HELD]
    for wish in wishes:
        try:
            status = move(status, wish)
        except Rejected:
            continue
        if status is not seen[-1]:
            seen.append(status)
    assert len(set(seen)) == len(seen)
    assert all(not is_final(passed) for passed in seen[:-1])


def test_money_that_went_back_only_returns_as_what_was_taken() -> None:
    for status in (PaymentStatus.NONE, PaymentStatus.AUTHORISED, PaymentStatus.FAILED):
        with pytest.raises(Rejected):
            move(PaymentStatus.REFUNDED, status)
    assert move(PaymentStatus.REFUNDED, PaymentStatus.CAPTURED) is PaymentStatus.CAPTURED
    assert move(PaymentStatus.FAILED, PaymentStatus.AUTHORISED) is PaymentStatus.AUTHORISED

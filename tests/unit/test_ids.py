from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from boxoffice.domain import ids
from hypothesis import given
from hypothesis import strategies as st

VALID = re.compile(r"[a-z0-9][a-z0-9._-]{0,35}")
texts = st.text(st.characters(codec="utf-8"), max_size=80)

MAKERS: list[Callable[[str], str]] = [
    ids.booking_id,
    ids.pool_id,
    ids.transaction_id,
    ids.order_id,
    lambda text: ids.ticket_id(text, 10),
    lambda text: ids.qr_file_id(text, 10),
    lambda text: ids.report_id(text, "attempt"),
    lambda text: ids.claim_id(ids.pool_id(text), "1" * ids.MAX_UNIT_LENGTH),
]


@pytest.mark.parametrize("make", MAKERS)
@given(text=texts)
def test_every_id_is_one_that_appwrite_takes_and_lower_case(make: Callable[[str], str], text: str) -> None:
    assert VALID.fullmatch(make(text))
    assert make(text) == make(text)


@given(texts, texts)
def test_different_payments_make_different_bookings(one: str, other: str) -> None:
    assert (ids.booking_id(one) == ids.booking_id(other)) == (one == other)


def test_case_matters_in_a_payment_although_not_in_an_id() -> None:
    assert ids.booking_id("pay_a") != ids.booking_id("pay_A")


def test_the_kinds_and_the_numbers_are_kept_apart() -> None:
    made = {make("x") for make in MAKERS} | {ids.ticket_id("x", 1), ids.ticket_id("x", 2)}
    assert len(made) == len(MAKERS) + 2


def test_parts_cannot_run_into_each_other() -> None:
    assert ids.report_id("ab", "c") != ids.report_id("a", "bc")
    assert ids.fingerprint("u", "ev", "t1", "2") != ids.fingerprint("u", "evt", "1", "2")


@pytest.mark.parametrize("unit", ["", "1" * (ids.MAX_UNIT_LENGTH + 1)])
def test_a_unit_that_would_not_fit_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="unit"):
        ids.claim_id(ids.pool_id("type"), unit)


@given(texts)
def test_a_reference_has_no_look_alikes(payment: str) -> None:
    reference = ids.reference(payment)
    assert len(reference) == 8
    assert not set(reference) & set("0O1ILUV")
    assert ids.reference(payment, 1) != reference
    assert ids.reference(ids.booking_id(payment)) != reference, "the booking's id is public"


def test_references_are_spread_over_the_whole_alphabet() -> None:
    seen = {letter for number in range(500) for letter in ids.reference(str(number))}
    assert seen == set(ids.REFERENCE_ALPHABET)


def test_ids_do_not_change_between_releases() -> None:
    """A booking that was made yesterday has to be found tomorrow."""
    assert ids.booking_id("pay_29QQoUBi66xm2f") == "bk-v4txbbhyfsv734nguecf7ujq"
    assert ids.claim_id(ids.pool_id("standing"), "7") == "wa7lga4a56keq6e364b6wopt.7"
    assert ids.reference("pay_29QQoUBi66xm2f") == "PHSEHYPJ"

from __future__ import annotations

import hmac
from unittest import mock

import pytest
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.domain.tickets import SigningKeys, sign, verify
from hypothesis import given
from hypothesis import strategies as st

OLD = SigningKeys("k1", {"k1": b"0123456789abcdef"})
NEW = SigningKeys("k2", {"k2": b"fedcba9876543210", "k1": b"0123456789abcdef"})
ids = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,35}", fullmatch=True)


def refused(keys: SigningKeys, code: str) -> bool:
    try:
        verify(keys, code)
    except Rejected as error:
        return error.code is Code.TICKET_INVALID
    return False


@given(ids, ids)
def test_what_was_signed_is_read(event: str, ticket: str) -> None:
    code = sign(NEW, event, ticket)
    signed = verify(NEW, code)
    assert (signed.event_id, signed.ticket_id, signed.key_id) == (event, ticket, "k2")
    assert len(code) <= 160


def test_tickets_outlive_a_new_key() -> None:
    code = sign(OLD, "concert", "tk-1")
    assert verify(NEW, code).key_id == "k1"
    assert sign(NEW, "concert", "tk-1").startswith("1:k2:")


def test_a_retired_key_is_refused() -> None:
    assert refused(SigningKeys("k2", {"k2": b"fedcba9876543210"}), sign(OLD, "concert", "tk-1"))


@given(st.data())
def test_any_change_is_refused(data: st.DataObject) -> None:
    code = sign(OLD, "concert", "tk-1")
    at = data.draw(st.integers(0, len(code) - 1))
    letter = data.draw(st.characters().filter(lambda letter: letter != code[at]))
    assert refused(OLD, code[:at] + letter + code[at + 1 :])


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    assert refused(OLD, text)


@pytest.mark.parametrize("text", ["", "::::", "1:k1:a:b:", "1:k1:a:b:\ud800", "2" + sign(OLD, "a", "b")[1:]])
def test_malformed(text: str) -> None:
    assert refused(OLD, text)


def test_the_comparison_takes_the_same_time_wherever_it_fails() -> None:
    with mock.patch("hmac.compare_digest", wraps=hmac.compare_digest) as compare:
        verify(OLD, sign(OLD, "concert", "tk-1"))
    compare.assert_called_once()


def test_keys_are_not_shown() -> None:
    assert "0123456789abcdef" not in repr(OLD)


@pytest.mark.parametrize(("current", "secrets"), [("k2", {"k1": b"0" * 16}), ("k1", {"k1": b"short"})])
def test_keys_that_cannot_sign(current: str, secrets: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="signing key"):
        SigningKeys(current, secrets)

from __future__ import annotations

import copy
import pickle

import pytest
from boxoffice.domain.codes import CODES, Code
from boxoffice.domain.errors import (
    Ambiguous,
    BoxofficeError,
    ErrorKind,
    Fatal,
    Rejected,
    Retryable,
    typed,
)


def test_every_code_is_in_the_table() -> None:
    assert set(CODES) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_a_code_says_what_happened_and_what_to_do(code: Code) -> None:
    rule = CODES[code]
    assert 400 <= rule.status < 600
    assert rule.sentence
    assert rule.action
    assert rule.retryable == (rule.retry_after is not None)


def test_only_what_is_broken_on_the_server_is_a_server_error() -> None:
    assert {code for code in Code if CODES[code].status >= 500} == {
        Code.BOOKING_ERROR,
        Code.PAYMENT_GATEWAY_ERROR,
        Code.ROLLBACK_FAILED,
        Code.SERVICE_UNAVAILABLE,
    }


@pytest.mark.parametrize("kind", [Rejected, Retryable, Ambiguous, Fatal])
def test_a_typed_error_survives_every_boundary(kind: type[BoxofficeError]) -> None:
    error = kind(Code.CONFLICT_ERROR, "Only 1 left.", {"available": 1}, retry_after=7)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is kind
        assert (twin.code, twin.message, twin.details) == (error.code, error.message, error.details)
        assert twin.retry_after == 7


def test_an_untyped_error_becomes_fatal_and_is_kept_for_the_log() -> None:
    bug = ValueError("secret")
    error = typed(bug)
    assert error.kind is ErrorKind.FATAL
    assert error.__cause__ is bug
    assert "secret" not in error.message

from __future__ import annotations

import asyncio

import pytest
from boxoffice import identity
from boxoffice.domain.callers import Account, Caller
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected
from boxoffice.identity import API_KEY, identify, identify_asker, is_admin

from tests.unit.fakes import FakeAccounts, FakeUsers

ANN = Account("ann", "ann@example.com", "")
ACCOUNTS = FakeAccounts(genuine=ANN)


def who(headers: dict[str, str], named: str | None = None) -> Caller | Code:
    try:
        return asyncio.run(identify(headers, named, ACCOUNTS))
    except Rejected as error:
        return error.code


def test_a_genuine_token_says_who_it_is_whatever_the_id_header_says() -> None:
    for headers in (
        {"x-appwrite-user-jwt": "genuine"},
        {"x-appwrite-user-jwt": "genuine", "x-appwrite-user-id": "bob"},
        {"X-Appwrite-User-JWT": "genuine", "X-Appwrite-User-Id": "bob"},
    ):
        assert who(headers) == Caller("ann", ANN)


def test_a_user_may_name_themselves_and_nobody_else() -> None:
    assert who({"x-appwrite-user-jwt": "genuine"}, "ann") == Caller("ann", ANN)
    assert who({"x-appwrite-user-jwt": "genuine"}, "bob") is Code.PERMISSION_ERROR


@pytest.mark.parametrize(
    "headers",
    [
        {"x-appwrite-user-id": "ann"},
        {"X-Appwrite-User-Id": "ann"},
        {"x-appwrite-user-id": ""},
        {"x-appwrite-user-jwt": "forged"},
        {"x-appwrite-user-jwt": "forged", "x-appwrite-user-id": "ann"},
        {"x-appwrite-user-jwt": ""},
        {"x-appwrite-user-jwt": "genuine, other"},
        {"x-appwrite-user-jwt": "genuine\nx-appwrite-key: k"},
        {"x-appwrite-user-jwt": "génuine"},
        {"x-appwrite-user-jwt": " ", "x-appwrite-user-id": ""},
    ],
)
def test_an_id_proves_nothing_and_neither_do_headers_that_were_blanked(headers: dict[str, str]) -> None:
    assert who(headers, "ann") is Code.UNAUTHENTICATED


def test_a_trusted_server_has_to_name_the_user() -> None:
    assert who({"x-appwrite-key": "key"}, "ann") == Caller("ann", None)
    assert who({"x-appwrite-key": "key"}) is Code.VALIDATION_ERROR


@pytest.mark.parametrize("chosen", ["api-key", "API-Key", "sweep", "gateway", "organiser"])
def test_nobody_may_have_an_id_that_stands_for_somebody_else(chosen: str) -> None:
    accounts = FakeAccounts(genuine=Account(chosen, "mallory@example.com", ""))
    with pytest.raises(Rejected) as refused:
        asyncio.run(identify_asker({"x-appwrite-user-jwt": "genuine"}, accounts))
    assert refused.value.code is Code.UNAUTHENTICATED


def test_without_that_guard_the_log_would_take_a_user_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_RESERVED", frozenset())
    accounts = FakeAccounts(genuine=Account(API_KEY, "mallory@example.com", ""))
    asker = asyncio.run(identify_asker({"x-appwrite-user-jwt": "genuine"}, accounts))
    assert asker.user_id == API_KEY
    assert not asyncio.run(is_admin(asker, FakeUsers()))


def test_a_server_with_a_key_is_an_administrator_and_a_user_only_as_a_member() -> None:
    server = asyncio.run(identify_asker({}, ACCOUNTS))
    ann = asyncio.run(identify_asker({"x-appwrite-user-jwt": "genuine"}, ACCOUNTS))
    assert asyncio.run(is_admin(server, FakeUsers()))
    assert not asyncio.run(is_admin(ann, FakeUsers()))
    assert asyncio.run(is_admin(ann, FakeUsers(admins=["ann"])))

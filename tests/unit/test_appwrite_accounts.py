"""Whose token it is, down to the bytes of a request to Appwrite."""

from __future__ import annotations

import base64
import json

import pytest
from boxoffice.adapters.appwrite.accounts import ProvenTokens
from boxoffice.domain.callers import Account
from boxoffice.domain.codes import Code
from boxoffice.domain.errors import Rejected

from tests.unit.appwrite_server import BROKEN, Server
from tests.unit.running import error_of, run


def token(expires: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


class TestAccounts:
    USER = (200, {"$id": "ann", "email": "ann@example.com", "phone": ""})

    def test_the_token_is_the_only_credential(self) -> None:
        server = Server(self.USER)
        account = run(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t.o.ken"))
        assert account == Account("ann", "ann@example.com", "")
        headers = server.wire.requests[0].headers
        assert headers["x-appwrite-jwt"] == "t.o.ken"
        assert "x-appwrite-key" not in headers

    @pytest.mark.parametrize("confirmed, known", [(True, "+911"), (False, "")])
    def test_a_number_counts_once_it_is_confirmed(self, confirmed: bool, known: str) -> None:
        claimed = {"phone": "+911", "phoneVerification": confirmed}
        server = Server((200, {**self.USER[1], **claimed}))
        account = run(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert account == Account("ann", "ann@example.com", known)

    def test_asked_once_while_the_token_lives(self) -> None:
        now = 0.0
        proven = ProvenTokens(9, lambda: now)
        server = Server(self.USER, self.USER)
        run(server.accounts(proven).of_token(token(100)))
        run(server.accounts(proven).of_token(token(100)))
        assert len(server.wire.sent) == 1
        now = 100.0
        run(server.accounts(proven).of_token(token(100)))
        assert len(server.wire.sent) == 2

    @pytest.mark.parametrize("text", ["opaque", "a.b.c", token("soon"), token(None), "..", "é.é.é"])
    def test_a_token_that_does_not_say_when_it_expires_is_asked_every_time(self, text: str) -> None:
        proven = ProvenTokens(9, lambda: 0.0)
        proven.put(text, Account("ann", "", ""))
        assert proven.get(text) is None

    def test_only_so_many_are_kept(self) -> None:
        proven = ProvenTokens(2, lambda: 0.0)
        for expires in (1, 2, 3):
            proven.put(token(expires), Account("ann", "", ""))
        assert [proven.get(token(expires)) is None for expires in (1, 2, 3)] == [True, False, False]

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_not_valid_here(self, status: int) -> None:
        server = Server((status, {"message": "m", "code": status}))
        error = error_of(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert isinstance(error, Rejected)
        assert error.code is Code.UNAUTHENTICATED

    def test_a_server_in_trouble_is_not_a_forged_token(self) -> None:
        server = Server(*[BROKEN] * 3)
        error = error_of(server.accounts(ProvenTokens(9, lambda: 0.0)).of_token("t"))
        assert error.code is Code.SERVICE_UNAVAILABLE

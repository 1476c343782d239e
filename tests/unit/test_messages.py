"""Reaching users through Appwrite Messaging, down to the bytes of a request."""

from __future__ import annotations

from typing import Any

from boxoffice.adapters.appwrite.messages import AppwriteMessages
from boxoffice.domain.errors import Ambiguous, Rejected
from boxoffice.ports import Message

from tests.unit.appwrite_server import BUSY, THREADS, TIMEOUT, Server
from tests.unit.running import error_of, run

MESSAGE = Message("no-1", "ann", "Title", "Text.", {"kind": "k", "bookingId": None, "tickets": [1]})
CREATED = (201, {"$id": "no-1"})
TAKEN = (409, {"message": "taken", "type": "message_already_exists"})


def user(*kinds: str) -> tuple[int, Any]:
    return 200, {"$id": "ann", "targets": [{"providerType": kind} for kind in kinds]}


def send(server: Server) -> AppwriteMessages:
    return AppwriteMessages(server.client, THREADS, server.time.timing, server.budget)


def test_whoever_has_a_device_gets_a_push_with_the_data_as_texts() -> None:
    server = Server(user("email", "push"), CREATED)
    run(send(server).send(MESSAGE))
    assert server.wire.sent == ["GET /v1/users/ann", "POST /v1/messaging/messages/push"]
    body = server.wire.body(1)
    assert (body["messageId"], body["title"], body["body"]) == ("no-1", "Title", "Text.")
    assert (body["users"], body["data"]) == (["ann"], {"kind": "k", "tickets": "[1]"})


def test_the_others_get_an_email() -> None:
    server = Server(user("email"), CREATED)
    run(send(server).send(MESSAGE))
    body = server.wire.body(1)
    assert (body["messageId"], body["subject"], body["content"], body["users"]) == (
        "no-1", "Title", "Text.", ["ann"],
    )  # fmt: skip


def test_a_message_that_is_there_has_been_sent() -> None:
    run(send(Server(user("email"), TAKEN)).send(MESSAGE))
    run(send(Server(user("email"), TIMEOUT, TAKEN)).send(MESSAGE))


def test_who_has_no_address_or_is_gone_cannot_be_reached() -> None:
    for answer in (user(), user("sms"), (404, {"message": "gone"})):
        assert isinstance(error_of(send(Server(answer)).send(MESSAGE)), Rejected)


def test_a_server_that_does_not_answer() -> None:
    server = Server(BUSY, user("email"), TIMEOUT, TIMEOUT)
    assert isinstance(error_of(send(server).send(MESSAGE)), Ambiguous)
